"""The sample fleet with some weeks behind it, and something on every page: what a browser looks at."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from envscout.access.principal import Principal
from envscout.demo.fleet import Fleet, Release, write_fleet
from envscout.environments.fold import advance
from envscout.environments.origin import Origin
from envscout.model import Event, News, NewsFacts
from envscout.names.reference import parse
from envscout.notify.declared import Channel
from envscout.notify.messages import Message
from envscout.notify.rules import Rule
from envscout.operations.indexing import index, within
from envscout.store import Connection, Database, deployments, now, outbox, refresh
from envscout.store import channels as kept_channels
from envscout.store import news as kept_news
from envscout.verbs import audit, channels, exceptions, govern, members, tokens, trust
from envscout.verbs.count import count
from envscout.verbs.exceptions import Wish
from envscout.verbs.update.run import update

ORGANIZATION = "shop"
FEED, CHANNEL, RULE, MEMBER = "osv:PyPI", "security-chat", "urgent", "alice@example.com"
EXCEPTED = "CVE-2023-44487"
_DAY = 86_400_000_000
_POLICIES = """policies:
  - id: no-old-criticals
    kind: maximum-image-age
    title: Images are built anew every quarter
    config: {days: 90}
"""
_WHO = Principal("alice@example.com", "owner", ORGANIZATION)


class Made(NamedTuple):
    """What is there. token: an owner's. digest: of the API in production. file: of the policies in force.

    exception, spare, trust: their numbers; spare is a token that nobody uses.
    """

    place: Path
    token: str
    digest: str
    file: str
    exception: int
    spare: int
    trust: int


def fill(folder: Path) -> Made:
    """Make the store in a folder."""
    place = folder / "envscout.db"
    fleet = write_fleet(folder / "images")
    with Database(place) as database:
        update(database, [str(fleet.advisories)], lambda _used: (), lambda *_: None)
        for days, environment, releases in (
            (45, "staging", fleet.production),
            (40, "production", fleet.production),
            (3, "staging", fleet.staging),
        ):
            for release in releases:
                _deploy(database, environment, release, now() - days * _DAY)
        made = _settings(database, place, fleet)
        _tell(database, fleet)
        count(database)
    return made


def _deploy(database: Database, environment: str, release: Release, at: int) -> None:
    indexed = index(within(database), parse(f"oci-dir://{release.layout}"))
    event = Event(
        ORGANIZATION, environment, f"{ORGANIZATION}/{release.service}", "record", at, digest=indexed.image.digest,
        reference=release.reference, actor="alice", source="ci", commit="5f1b9c6e0f2d4b7a8c3e1d2f4a6b8c0d1e3f5a7b",
        run_url=f"https://ci.example/runs/{release.service}",
    )  # fmt: skip
    with database.write() as connection:
        deployments.append(connection, event, indexed.image_id, advance)


def _settings(database: Database, place: Path, fleet: Fleet) -> Made:
    given = govern.Given(_POLICIES.encode(), "policies.yaml", ORGANIZATION, "production")
    with audit.witnessed(database, audit.Act(_WHO, "govern.apply", "production", "", ORGANIZATION)):
        govern.apply(database, given, Origin("cli", actor="alice"))
    wish = Wish("accepted-risk", "alice", "the proxy in front filters it", organization=ORGANIZATION)
    (entry,) = exceptions.add(database, [EXCEPTED], wish, "alice")
    asked = [exceptions.propose(database, ["CVE-2024-2961"], wish, "bob") for _ in range(2)]
    exceptions.refuse(database, asked[0].number, "alice", "it is reachable")
    channels.add(database, ORGANIZATION, Channel(CHANNEL, "https://hooks.example/chat", "webhook"))
    channels.add_rule(database, ORGANIZATION, Rule(RULE, CHANNEL, severity="high"))
    members.add(database, MEMBER, "operator", "alice", ORGANIZATION)
    trusted = trust.add(
        database, "https://gitlab.example", "envscout", {"project_path": "shop/*"}, "recorder", "alice", ORGANIZATION
    )
    owner = tokens.create(database, "owner", "alice", name="browser")
    spare = tokens.create(database, "recorder", "alice", ORGANIZATION, "staging", "pipeline")
    audit.tell(database, audit.Act(_WHO, "form /feeds/refresh", "", "", ORGANIZATION), "refused")
    (applied, *_) = govern.applied(database, ORGANIZATION)
    digest = next(each.digest for each in fleet.production if each.service == "api")
    return Made(place, owner.secret, digest, applied.digest, entry.number, spare.token.number, trusted.number)


def _tell(database: Database, fleet: Fleet) -> None:
    news = News(
        "appeared", now() - 2 * _DAY, ORGANIZATION, "production", "shop/api", fleet.highlight, "critical",
        fleet.production[1].digest, fleet.production[1].reference, "worse", "advisory", NewsFacts(actor="alice"),
    )  # fmt: skip
    resolved = msgspec.structs.replace(news, kind="resolved", environment="staging", direction="better")
    with database.write() as connection:
        kept_news.append(connection, [news, resolved])
        _send(connection, news)
        held = refresh.Quarantine(FEED, "https://osv.example/PyPI.zip", "sha256:1", "", "", now(), 5, 9, 4, "too few")
        refresh.put_quarantine(connection, held)
        refresh.fail(connection, "osv:npm", "https://osv.example/npm.zip", "the server does not answer", 1, now())


def _send(connection: Connection, news: News) -> None:
    """Have a message that was given up, one that was sent, and one that waits."""
    channel = kept_channels.find(connection, ORGANIZATION, CHANNEL)
    assert channel is not None
    said = Message("appeared", news.at, ORGANIZATION, news.environment, news.vulnerability, news.severity, (news,))
    text = msgspec.json.encode(said).decode()
    for state in ("waiting", "dead", "sent"):
        new = outbox.New(channel.channel_id, state, state, "production", news.at, now() + _DAY, "waiting", text)
        number = outbox.put(connection, new)
        connection.execute("UPDATE outbox SET state = ? WHERE message_id = ?", (state, number))
