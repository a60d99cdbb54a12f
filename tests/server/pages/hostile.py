"""A fleet whose every text was written by an attacker: what images, feeds, pipelines and people say of themselves."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from envscout.access.principal import Principal
from envscout.environments.fold import advance
from envscout.environments.origin import Origin
from envscout.model import BaseImage, Distribution, Event, Image, Inventory, Layer, News, NewsFacts, Package, Problem
from envscout.notify.declared import Channel
from envscout.notify.messages import Message
from envscout.notify.rules import Rule
from envscout.store import Connection, Database, Place, deployments, images, now, outbox, refresh, repositories
from envscout.store import channels as kept_channels
from envscout.store import news as kept_news
from envscout.verbs import audit, channels, exceptions, govern, members, tokens, trust
from envscout.verbs.count import count
from envscout.verbs.exceptions import Wish
from envscout.verbs.update.run import update
from tests.stories.story import advisory, feed

MARK = "zq{{7*7}}"
"""Begins every text of the attacker; what a template made of it would read `zq49`."""
TEXT = f"""{MARK}'"><img src=x onerror=alert(1)><script>alert(1)</script></title></textarea><svg onload=alert(1)>"""
TURNED = f"{TEXT}\u202egnp.exe\x07\x1b[31m\u2028end"
"""The same, as it comes where nobody refuses what cannot be seen."""
SCHEMES = ("javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "//evil.example/x")
_QUOTED = msgspec.json.encode(TEXT).decode()
CVE, PACKAGE, ORGANIZATION = "CVE-2024-0001", "victim", "acme"
DIGEST = f"sha256:{'a' * 64}"
WHO = Principal(f"token:{TEXT}", "owner", ORGANIZATION)


class Hostile(NamedTuple):
    """The store, the token of its owner, and the numbers and names of what is in it."""

    place: Path
    token: str
    exception: int
    spare: int
    trust: int
    file: str
    message: int


def fill(place: Place) -> Hostile:
    """Make it in an empty store."""
    folder = Path(place).parent / "feeds"
    records = (
        advisory(
            CVE, "npm", PACKAGE, "9.0.0", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", summary=TURNED,
            details=TURNED, aliases=[f"GHSA-{TEXT}"],
            references=[{"type": "WEB", "url": each} for each in SCHEMES],
            database_specific={"severity": TEXT, "cwe_ids": [TEXT], "url": SCHEMES[0]},
        ),
        advisory("CVE-2024-0002", "npm", PACKAGE, "9.0.0", references=[{"type": "WEB", "url": SCHEMES[1]}]),
    )  # fmt: skip
    with Database(place) as database:
        update(database, [str(feed(folder / "npm", *records).parent)], lambda _used: (), lambda *_: None)
        with database.write() as connection:
            _run(connection)
        made = _say(database, Path(place))
        with database.write() as connection:
            number = _tell(connection)
        count(database)
    return made._replace(message=number)


def _run(connection: Connection) -> None:
    """Have an image run of which everything is hostile."""
    layer = Layer("sha256:" + "b" * 64, "sha256:" + "c" * 64, "", 1, created_by=TURNED)
    image = Image(
        DIGEST, TURNED, created=TURNED, user=TURNED, labels=((TEXT, TURNED),), layers=(layer,),
        bases=(BaseImage(TURNED, "", 1, "label"),),
    )  # fmt: skip
    packages = (
        _package(PACKAGE, "1.0.0", layer),
        _package(TEXT, TURNED, layer),
        _package("=1+1", "@SUM(1)", layer),
    )
    problems = (Problem(TEXT, TURNED, TURNED),)
    inventory = Inventory(packages, Distribution(TEXT, TURNED, name=TURNED), problems)
    number, _ = images.put(connection, image, inventory, 1)
    repositories.see(connection, f"docker.io/{ORGANIZATION}/{TEXT}", TEXT, number, 1)
    for run_url in SCHEMES:
        for environment in (TEXT, "production", "=1+1"):
            event = Event(
                ORGANIZATION, environment, TEXT, "record", now(), digest=DIGEST, reference=TURNED, actor=TURNED,
                source=TURNED, commit=TURNED, run_url=run_url,
            )  # fmt: skip
            deployments.append(connection, event, number, advance)


def _package(name: str, version: str, layer: Layer) -> Package:
    return Package(
        "npm", name, version, f"pkg:npm/{name}@{version}", name, version, licenses=(TURNED,), locations=(TURNED,),
        layer=layer.diff_id,
    )  # fmt: skip


def _say(database: Database, place: Path) -> Hostile:
    """Have people say what they can."""
    file = f"policies:\n  - id: maximum-image-age\n    title: {_QUOTED}\n# {TEXT}\n"
    with audit.witnessed(database, audit.Act(WHO, TEXT, TURNED, TEXT, ORGANIZATION)):
        govern.apply(
            database, govern.Given(file.encode(), TURNED, ORGANIZATION, "production"), Origin(TEXT, TURNED, SCHEMES[0])
        )
    audit.tell(database, audit.Act(WHO, "=1+1", "@x", "", ORGANIZATION), "refused")
    wish = Wish("accepted-risk", TEXT, f"=1+1 {TEXT}", organization=ORGANIZATION, environment=TEXT, service=TEXT)
    entry, _ = exceptions.add(database, [CVE, "CVE-2024-0002"], wish, TURNED)
    for reason in (f"@x {TEXT}", TEXT):
        asked = exceptions.propose(database, [CVE], msgspec.structs.replace(wish, packages=(TEXT,)), TURNED)
        if reason != TEXT:
            exceptions.refuse(database, asked.number, TEXT, reason)
    channels.add(database, ORGANIZATION, Channel("chat", "https://hooks.example/x", "webhook"))
    channels.add_rule(database, ORGANIZATION, Rule("rule", "chat"))
    members.add(database, TEXT, "viewer", TURNED, ORGANIZATION)
    trusted = trust.add(
        database, f"https://x.example/{TEXT.replace(' ', '')}", TEXT, {"a": TEXT}, "viewer", TURNED, ORGANIZATION
    )
    owner = tokens.create(database, "owner", TURNED, name=TEXT)
    spare = tokens.create(database, "viewer", TURNED, ORGANIZATION, TEXT, f"=1+1 {TEXT}"[:200].strip())
    (applied, *_) = govern.applied(database, ORGANIZATION)
    return Hostile(place, owner.secret, entry.number, spare.token.number, trusted.number, applied.digest, 0)


def _tell(connection: Connection) -> int:
    """Have something happen, messages about it, and feeds in trouble. What no verb would take is put there."""
    news = News(
        "appeared", now(), ORGANIZATION, TEXT, TEXT, CVE, "critical", DIGEST, TURNED, "worse", "advisory",
        NewsFacts(text=TURNED, actor=TURNED, url=SCHEMES[0], run_url=SCHEMES[1]),
    )  # fmt: skip
    kept_news.append(connection, [news])
    channel = kept_channels.find(connection, ORGANIZATION, "chat")
    assert channel is not None
    said = msgspec.json.encode(Message("appeared", 1, ORGANIZATION, TEXT, CVE, "critical", (news,))).decode()
    number = outbox.put(connection, outbox.New(channel.channel_id, TEXT, TEXT, TEXT, 1, now(), "waiting", said))
    connection.execute("UPDATE outbox SET state = 'dead', problem = ?", (TURNED,))
    connection.execute("UPDATE channel SET name = ?, problem = ?", (TEXT, TURNED))
    connection.execute("UPDATE channel_rule SET name = ?, document = replace(document, '\"rule\"', ?)", (TEXT, _QUOTED))
    held = refresh.Quarantine(TEXT, SCHEMES[0], TEXT, TEXT, TEXT, 1, 5, 9, 4, TURNED)
    refresh.put_quarantine(connection, held)
    refresh.fail(connection, f"{TEXT}2", SCHEMES[1], TURNED, 1, 1)
    assert number is not None
    return number
