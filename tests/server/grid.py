"""What the grid of who may what is made of: two organizations that know nothing of each other, and who asks."""

import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from envscout.access.roles import ROLES, Role
from envscout.environments.fold import advance
from envscout.environments.origin import Origin
from envscout.model import Event, Image, Inventory, Layer, News, NewsFacts, Package
from envscout.notify.declared import Channel
from envscout.notify.messages import Message
from envscout.notify.rules import Rule
from envscout.store import Connection, Database, Place, deployments, idempotency, images, now, outbox, repositories
from envscout.store import channels as kept_channels
from envscout.store import news as kept_news
from envscout.store.repositories import Integration
from envscout.verbs import channels, exceptions, govern, members, queue, tokens, trust
from envscout.verbs.exceptions import Wish
from envscout.verbs.govern import Given

DIGEST = "sha256:" + "a" * 64
ROWS: Mapping[str, str] = {
    "image": "SELECT * FROM image WHERE tenant = 'evil' ORDER BY image_id",
    "sets": "SELECT s.* FROM image_set s JOIN image i USING (image_id) WHERE i.tenant = 'evil' ORDER BY 1, 2, 3",
    "environment": "SELECT * FROM environment WHERE organization = 'evil' ORDER BY env_id",
    "event": "SELECT e.* FROM event e JOIN environment v USING (env_id) WHERE organization = 'evil' ORDER BY event_id",
    "deployment": "SELECT d.* FROM deployment d JOIN environment USING (env_id) WHERE organization = 'evil' ORDER BY 1",
    "exception": "SELECT * FROM exception WHERE organization IN ('evil', '') ORDER BY 1",
    "proposal": "SELECT * FROM proposal WHERE organization IN ('evil', '') ORDER BY 1",
    "exception_event": """SELECT e.* FROM exception_event e JOIN exception x USING (exception_id)
                           WHERE x.organization IN ('evil', '') ORDER BY 1""",
    "policy": "SELECT * FROM policy_applied WHERE organization = 'evil' ORDER BY 1",
    "token": "SELECT token_id, name, revoked_at FROM access_token WHERE organization IN ('evil', '') ORDER BY 1",
    "member": "SELECT * FROM member WHERE organization IN ('evil', '') ORDER BY 1",
    "trust": "SELECT * FROM trust WHERE organization IN ('evil', '') ORDER BY 1",
    "integration": "SELECT * FROM integration WHERE organization = 'evil' ORDER BY 1, 2, 3",
    "switch": "SELECT * FROM repository_switch WHERE tenant <> 'acme' ORDER BY 1",
    "seen": "SELECT s.* FROM seen s JOIN image i USING (image_id) WHERE i.tenant = 'evil' ORDER BY 1, 2, 3",
    "enrolled": "SELECT * FROM enrolled WHERE organization = 'evil' ORDER BY 1, 2",
    "news": "SELECT * FROM news WHERE organization IN ('evil', '') ORDER BY 1",
    "channel": "SELECT * FROM channel WHERE organization IN ('evil', '') ORDER BY 1",
    "channel_rule": "SELECT * FROM channel_rule WHERE organization IN ('evil', '') ORDER BY 1",
    "outbox": """SELECT o.* FROM outbox o JOIN channel c USING (channel_id) WHERE c.organization IN ('evil', '')
                  ORDER BY 1""",
    "request": "SELECT * FROM index_request WHERE tenant = 'evil' OR organization IN ('evil', '') ORDER BY 1",
    "kept": "SELECT * FROM idempotency WHERE subject LIKE '%evil%' ORDER BY 1, 2",
}
"""What is of the other organization or of the whole instance: nothing that acme's people ask may change it."""


class Seeded(NamedTuple):
    """Who asks -> their token, and what is there -> its number."""

    tokens: dict[str, str]
    numbers: dict[str, int]


def canary(word: str) -> str:
    """Return a text that is nowhere but in what is the other organization's."""
    return f"canary-{word}"


def seeded(place: Place) -> Seeded:
    """Fill a store with two organizations; everything of `evil` that is text holds a canary, but for its name."""
    numbers: dict[str, int] = {}
    for tenant in ("acme", "evil"):
        with Database(place, tenant) as database:
            _fill(database, tenant, numbers)
            _tell(database, tenant, numbers)
    shown: dict[str, str] = {}
    with Database(place) as database:
        for role in ROLES:
            shown[role] = tokens.create(database, role, "seed", "acme", name=role).secret
        shown["staging"] = tokens.create(database, "owner", "seed", "acme", "staging").secret
        shown["evil"] = tokens.create(database, "owner", "seed", "evil").secret
        shown["instance"] = tokens.create(database, "owner", "seed").secret
        _instance(database)
        shown["expired"] = _expired(database)
        gone = tokens.create(database, "owner", "seed", "acme")
        shown["revoked"] = gone.secret
        tokens.revoke(database, gone.token.number, "seed")
    return Seeded(shown, numbers)


def _expired(database: Database) -> str:
    made = tokens.create(database, "owner", "seed", "acme", expires=now() + 3_600_000_000)
    with database.write() as connection:
        connection.execute("UPDATE access_token SET expires = 1 WHERE token_id = ?", (made.token.number,))
    return made.secret


def _fill(database: Database, tenant: str, numbers: dict[str, int]) -> None:
    mark: Callable[[str], str] = canary if tenant == "evil" else str
    with database.write() as connection:
        numbers[f"{tenant}.image"] = _image(connection, tenant, mark)
        deployments.enrol(connection, tenant, mark("enrolled"), 1)
        repositories.switch(connection, f"docker.io/{tenant}/{mark('switched')}", False, 1)
        repositories.put_integration(
            connection, Integration(tenant, "harbor", mark("integration"), {"host": mark("host")}, 1)
        )
    wish = Wish("accepted-risk", mark("owner"), mark("reason"), organization=tenant, environment="production")
    (entry,) = exceptions.add(database, ["CVE-2024-0001"], wish, mark("who"))
    numbers[f"{tenant}.exception"] = entry.number
    asked = msgspec.structs.replace(wish, reason=mark("asked why"))
    numbers[f"{tenant}.proposal"] = exceptions.propose(database, ["CVE-2024-0001"], asked, mark("asker")).number
    file = f"policies:\n  - id: {mark('policy')}\n    kind: maximum-image-age\n    title: {mark('title')}\n"
    govern.apply(
        database, Given(file.encode(), mark("file"), tenant, "production"), Origin("cli", actor=mark("applied"))
    )
    role: Role = "viewer"
    numbers[f"{tenant}.token"] = tokens.create(database, role, mark("maker"), tenant, "", mark("token")).token.number
    members.add(database, mark("member"), role, mark("adder"), tenant)
    claims = {"repository": mark("claim")}
    made = trust.add(database, f"https://{mark('issuer')}.example", mark("audience"), claims, role, "x", tenant)
    numbers[f"{tenant}.trust"] = made.number


def _tell(database: Database, tenant: str, numbers: dict[str, int]) -> None:
    """Have something happen, somewhere to tell it, a message about it, and an image that waits to be looked into."""
    mark: Callable[[str], str] = canary if tenant == "evil" else str
    for name in (mark("channel"), *(("made", "x") if tenant == "evil" else ())):
        channels.add(database, tenant, Channel(name, f"https://hooks.example/{mark('address')}", "webhook"))
        channels.add_rule(database, tenant, Rule(name, name))
    news = News(
        "appeared", 1, tenant, "production", mark("service"), "CVE-2024-0001", "critical", DIGEST,
        mark("reference"), "worse", "deployment", NewsFacts(text=mark("text"), actor=mark("actor")),
    )  # fmt: skip
    with database.write() as connection:
        kept_news.append(connection, [news] * 20)
        numbers[f"{tenant}.message"] = _message(connection, tenant, mark, news)
    (asked,) = queue.ask(database, [f"docker.io/{tenant}/{mark('asked')}:1"], organization=tenant)
    numbers[f"{tenant}.request"] = asked.request_id


def _message(connection: Connection, tenant: str, mark: Callable[[str], str], news: News) -> int:
    channel = kept_channels.find(connection, tenant, mark("channel"))
    assert channel is not None
    said = msgspec.json.encode(Message("appeared", 1, tenant, news.environment, "CVE-2024-0001", "critical", (news,)))
    new = outbox.New(
        channel.channel_id, mark("event"), mark("identity"), mark("subject"), 1, now() + 3_600_000_000, "waiting",
        said.decode(),
    )  # fmt: skip
    number = outbox.put(connection, new)
    assert number is not None
    return number


def _instance(database: Database) -> None:
    """Have what is of the whole instance: nobody's who is of an organization."""
    channels.add(database, "", Channel(canary("whole"), f"https://hooks.example/{canary('whole')}", "webhook"))
    answer = idempotency.Answer(b"", 200, canary("kept").encode())
    with database.write() as connection:
        subjects = ("local", *(f"token:{number}:{role}" for number in range(9) for role in ROLES))
        keys = [idempotency.Key(f"{subject}\nevil\n", "made") for subject in subjects]
        idempotency.keep(connection, now(), dict.fromkeys(keys, answer))


def _image(connection: Connection, tenant: str, mark: Callable[[str], str]) -> int:
    layer = Layer("sha256:" + "b" * 64, "sha256:" + "c" * 64, "", 1, created_by=mark("command"))
    image = Image(DIGEST, created="2026-01-01T00:00:00Z", labels=((mark("label"), mark("value")),), layers=(layer,))
    package = Package(
        type="npm", name=mark("package"), version="1", purl=f"pkg:npm/{mark('package')}@1", locations=(mark("file"),)
    )
    number, _ = images.put(connection, image, Inventory((package,)), 1)
    repositories.see(connection, f"docker.io/{tenant}/{mark('seen')}", mark("tag"), number, 1)
    for environment in ("production", "staging", mark("environment")):
        event = Event(
            tenant, environment, mark("service"), "record", 1, digest=DIGEST, reference=f"{mark('reference')}:1",
            actor=mark("actor"), commit=mark("commit"), run_url=mark("run"),
        )  # fmt: skip
        deployments.append(connection, event, number, advance)
    return number


_TEXTS: Mapping[str, str] = {
    "organization": "evil", "org": "evil", "environment": "production", "env": "production", "digest": DIGEST,
    "query": "CVE-2024-0001", "repository": "evil/x", "image": DIGEST, "subject": "alice@example.com", "name": "made",
    "issuer": "https://evil.example", "audience": "a", "reference": "evil/x:1", "service": "x", "kind": "npm",
    "vulnerability": "CVE-2024-0001", "package": "canar", "number": "1", "cluster": "production", "reason": "because",
    "action": "record", "from_env": "production", "to_env": "staging", "owner": "me", "type": "npm",
    "purl": "pkg:npm/x@1", "severity": "high", "state": "waiting", "channel": "made",
    "names": "CVE-2024-0001",
}  # fmt: skip
"""Field -> what acme's people ask for: what is evil's, as far as they can name it without having been told."""


def text(field: str, own: str = "evil") -> str:
    """Return what is said in a field. own: the organization that is named; "" for none."""
    return _TEXTS.get(field, "x").replace("evil", own)


def argument(field: str, type_: Any, numbers: int, own: str = "evil", depth: int = 0) -> Any:
    """Return something of a type, to be asked for in JSON."""
    origin, inner = typing.get_origin(type_), typing.get_args(type_)
    if origin is typing.Literal:
        return inner[0]
    if origin in (typing.Union, types.UnionType):
        wanted = [each for each in inner if each is not type(None)]
        return None if depth > 2 and type(None) in inner else argument(field, wanted[0], numbers, own, depth)
    if origin is tuple and inner and inner[-1] is not Ellipsis:
        return [argument(field, each, numbers, own, depth + 1) for each in inner]
    if origin in (Mapping, dict) or type_ in (dict, Mapping):
        return {"repository": "acme/*"}
    if origin is not None and inner and issubclass(origin, Iterable):
        return [argument(field, inner[0], numbers, own, depth + 1)]
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return _struct(type_, numbers, own, depth)
    number = 1 << 52 if field == "expires" else numbers
    simple: dict[Any, Any] = {str: text(field, own), int: number, float: 1.0, bool: False, bytes: ""}
    return simple.get(type_, [])


def _struct(type_: type[msgspec.Struct], numbers: int, own: str, depth: int) -> dict[str, Any]:
    hints = typing.get_type_hints(type_)
    fields = [each for each in msgspec.structs.fields(type_) if each.required or each.name in _TEXTS]
    tag = type_.__struct_config__.tag
    said = {each.encode_name: argument(each.name, hints[each.name], numbers, own, depth + 1) for each in fields}
    return said if tag is None else {str(type_.__struct_config__.tag_field): tag, **said}


def rows(place: Place) -> dict[str, list[Any]]:
    """Return all that acme's people may not change."""
    with Database(place) as database, database.read() as connection:
        return {name: [tuple(row) for row in connection.execute(query)] for name, query in ROWS.items()}
