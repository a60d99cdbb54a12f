"""What the grid of who may what is made of: two organizations that know nothing of each other, and everybody who asks."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from envscout.access.roles import ROLES, Role
from envscout.environments.fold import advance
from envscout.model import Event, Image, Inventory, Layer, Package
from envscout.store import Connection, Database, Place, deployments, images, now, repositories
from envscout.store.repositories import Integration
from envscout.verbs import exceptions, govern, members, tokens, trust
from envscout.verbs.exceptions import Wish
from envscout.verbs.govern import Given

DIGEST = "sha256:" + "a" * 64
ROWS: Mapping[str, str] = {
    "image": "SELECT * FROM image WHERE tenant = 'evil' ORDER BY image_id",
    "sets": "SELECT s.* FROM image_set s JOIN image i USING (image_id) WHERE i.tenant = 'evil' ORDER BY 1, 2, 3",
    "environment": "SELECT * FROM environment WHERE organization = 'evil' ORDER BY env_id",
    "event": "SELECT e.* FROM event e JOIN environment v USING (env_id) WHERE v.organization = 'evil' ORDER BY event_id",
    "deployment": "SELECT d.* FROM deployment d JOIN environment v USING (env_id) WHERE v.organization = 'evil' ORDER BY 1",
    "exception": "SELECT * FROM exception WHERE organization IN ('evil', '') ORDER BY 1",
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
    shown = {}
    with Database(place) as database:
        for role in ROLES:
            shown[role] = tokens.create(database, role, "seed", "acme", name=role).secret
        shown["staging"] = tokens.create(database, "owner", "seed", "acme", "staging").secret
        shown["instance"] = tokens.create(database, "owner", "seed").secret
        shown["expired"] = tokens.create(database, "owner", "seed", "acme", expires=now() + 1).secret
        gone = tokens.create(database, "owner", "seed", "acme")
        shown["revoked"] = gone.secret
        tokens.revoke(database, gone.token.number, "seed")
    return Seeded(shown, numbers)


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
    govern_file = f"organization:\n  policies:\n    - id: {mark('policy')}\n      type: max-severity\n"
    del govern_file
    role: Role = "viewer"
    numbers[f"{tenant}.token"] = tokens.create(database, role, mark("maker"), tenant, "", mark("token")).token.number
    members.add(database, mark("member"), role, mark("adder"), tenant)
    claims = {"repository": mark("claim")}
    made = trust.add(database, f"https://{mark('issuer')}.example", mark("audience"), claims, role, "x", tenant)
    numbers[f"{tenant}.trust"] = made.number


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


def rows(place: Place) -> dict[str, list[Any]]:
    """Return all that acme's people may not change."""
    with Database(place) as database, database.read() as connection:
        return {name: [tuple(row) for row in connection.execute(query)] for name, query in ROWS.items()}


__all__ = ["DIGEST", "Given", "Seeded", "canary", "govern", "rows", "seeded"]
