"""Repositories that are known, which of them are indexed unasked, and the registries to be watched."""

import re
from collections.abc import Callable, Collection, Iterable

import msgspec

from envscout.errors import InvalidReference, NotFound, UsageError
from envscout.names.expression import Expression
from envscout.names.reference import DEFAULT_HOST, parse
from envscout.store import Database, now
from envscout.store import repositories as stored
from envscout.store.repositories import Integration
from envscout.watch import registries

EVERYTHING = Expression("")
MAX_VALUE = 1_000

# What Docker Scout calls Docker's own registry.
HOSTS = {"hub.docker.com": DEFAULT_HOST, "index.docker.io": DEFAULT_HOST}


class Repository(msgspec.Struct, frozen=True):
    """A repository that was recorded, enrolled or looked into.

    name: in full. organizations: that recorded or enrolled it. services: its names in environments, where they differ
    from its path. images: how many were looked into under a tag. last: microseconds since 1970 UTC, 0 if never.
    """

    name: str
    registry: str
    is_enabled: bool
    organizations: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    images: int = 0
    last: int = 0


class Choice(msgspec.Struct, frozen=True):
    """Which repositories are meant. registry: a host, "" for any. enabled: None for either."""

    pattern: Expression = msgspec.field(default_factory=lambda: EVERYTHING)
    registry: str = ""
    organization: str = ""
    enabled: bool | None = None


def known(database: Database, choice: Choice = Choice()) -> list[Repository]:  # noqa: B008
    """Return the repositories that are known and meant, in alphabetical order."""
    holds = _chooser(choice)
    with database.read() as connection:
        switches = stored.switches(connection)
        rows = _gathered(stored.recorded(connection), stored.enrolled(connection), stored.seen(connection))
    for name in switches:
        rows.setdefault(name, _Row())
    found = (row.repository(name, switches.get(name, True)) for name, row in sorted(rows.items()))
    return [each for each in found if holds(each)]


def named(text: str) -> str:
    """Return the full name of a repository that a user names. Raise InvalidReference."""
    reference = parse(text)
    if not reference.repository or reference.tag_typed or reference.digest:
        raise InvalidReference(f"{text!r} is no repository", "write [HOST/]REPOSITORY, without a tag")
    return reference.repository


def switch(database: Database, names: Collection[str], enabled: bool) -> list[str]:
    """Append that repositories are to be indexed unasked, or not; return those for which that is news."""
    changed = []
    with database.write() as connection:
        for name in dict.fromkeys(names):
            if stored.is_enabled(connection, name) != enabled or name not in stored.switches(connection):
                stored.switch(connection, name, enabled, now())
                changed.append(name)
    return changed


class _Row:
    """What is gathered of one repository."""

    def __init__(self) -> None:
        self.organizations: set[str] = set()
        self.services: set[str] = set()
        self.images = 0
        self.last = 0

    def repository(self, name: str, enabled: bool) -> Repository:
        registry, _, path = name.partition("/")
        services = sorted(self.services - {path})
        return Repository(
            name, registry, enabled, tuple(sorted(self.organizations)), tuple(services), self.images, self.last
        )


def _gathered(
    recorded: Iterable[stored.Named], enrolled: Iterable[tuple[str, str, int]], seen: Iterable[tuple[str, int, int]]
) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for each in recorded:
        name = _full(each.reference)
        if name:
            row = rows.setdefault(name, _Row())
            row.organizations.add(each.organization)
            row.services.add(each.service)
            row.last = max(row.last, each.at)
    for name, at, images in seen:
        row = rows.setdefault(name, _Row())
        row.images, row.last = images, max(row.last, at)
    for organization, repository, _ in enrolled:
        path = f"{organization}/{repository}"
        there = [name for name in rows if name.partition("/")[2] == path] or [_full(path)]
        for name in filter(None, there):
            rows.setdefault(name, _Row()).organizations.add(organization)
    return rows


def _full(reference: str) -> str:
    """Return the repository of a reference, "" for a place on disk."""
    try:
        return parse(reference.partition("@")[0]).repository
    except InvalidReference:
        return ""


def _chooser(choice: Choice) -> Callable[[Repository], bool]:
    registry = HOSTS.get(choice.registry, choice.registry)

    def holds(each: Repository) -> bool:
        return (
            choice.pattern.search(each.name)
            and registry in ("", each.registry)
            and (not choice.organization or choice.organization in each.organizations)
            and choice.enabled in (None, each.is_enabled)
        )

    return holds


# Of `watch --registry`: https://docs.docker.com/reference/cli/docker/scout/watch/
TYPES = ("artifactory", "harbor", "nexus", "oci")
PARAMETERS = ("registry", "api", "include", "exclude", "repository", "port", "listen", "subdomain-mode")
_SECRET = re.compile(r"pass|secret|token|credential|auth|key|user", re.IGNORECASE)


def configure(database: Database, integration: Integration) -> None:
    """Keep the description of a registry to be watched. Raise UsageError for what has no place in it."""
    if integration.type not in TYPES:
        raise UsageError(f"there is no integration {integration.type!r}", f"there are {', '.join(TYPES)}")
    for name, value in integration.parameters.items():
        _check(integration.type, name, value)
    host = integration.parameters.get("registry", "")
    if not host:
        raise UsageError("which registry is meant is not said", "--parameter registry=HOST")
    if not _is_host(host):
        raise UsageError(f"{host!r} is no host of a registry", "write HOST or HOST:PORT")
    # What could not be watched is refused now, not when somebody relies on it.
    registries.registered(integration.type, integration.parameters)
    with database.write() as connection:
        stored.put_integration(connection, msgspec.structs.replace(integration, at=now()))


def _check(type_: str, name: str, value: str) -> None:
    if _SECRET.search(name) and name not in PARAMETERS:
        variables = f"DOCKER_SCOUT_{type_.upper()}_API_USER and DOCKER_SCOUT_{type_.upper()}_API_PASSWORD"
        raise UsageError(
            f"{name} is a secret, and secrets are not kept here",
            f"`docker login` keeps those of registries; {variables} are for a registry's own interface",
        )
    if name not in PARAMETERS:
        raise UsageError(f"there is no parameter {name!r}", f"there are {', '.join(PARAMETERS)}")
    if not value or len(value) > MAX_VALUE or not value.isprintable() or "@" in value:
        raise UsageError(f"{name} cannot be what was given", "use a short text without user names and passwords")


def _is_host(host: str) -> bool:
    try:
        return parse(f"{host}/x/y").host == host
    except InvalidReference:
        return False


def delete(database: Database, organization: str, type_: str, name: str) -> int:
    """Forget integrations. Raise NotFound where there is none."""
    with database.write() as connection:
        count = stored.drop_integration(connection, organization, type_, name)
    if not count:
        raise NotFound(
            f"there is no integration {' '.join(filter(None, (type_, name)))}", "`integration list` shows all"
        )
    return count


def integrations(database: Database, organization: str = "") -> list[Integration]:
    """Return the registries to be watched."""
    with database.read() as connection:
        return stored.integrations(connection, organization)
