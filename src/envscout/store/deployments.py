"""What runs where, and what was said to: the intervals and events that `recording` wrote."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from envscout.model import Deployment, Event
from envscout.names.reference import Reference
from envscout.store import recording
from envscout.store.database import FOREVER, Connection, queries
from envscout.store.recording import Appended, Rule, Told

_SQL = queries("deployments")


class Scope(msgspec.Struct, frozen=True):
    """What of the record is asked about. "" = all. other: a second spelling of the service. at: None = now."""

    organization: str = ""
    environment: str = ""
    service: str = ""
    other: str = ""
    at: int | None = None

    def parameters(self) -> dict[str, str | int]:
        """Return the values that queries bind."""
        moment = FOREVER - 1 if self.at is None else self.at
        return {
            "organization": self.organization,
            "environment": self.environment,
            "service": self.service,
            "other": self.other,
            "at": moment,
        }


class Running(msgspec.Struct, frozen=True):
    """A deployment with the number of its image."""

    image_id: int
    deployment: Deployment


class Promotion(msgspec.Struct, frozen=True):
    """What came to run somewhere, and what ran there just before."""

    now: Running
    before: tuple[Running, ...]


class EnvironmentRow(msgspec.Struct, frozen=True):
    """An environment and how many different images run in it."""

    organization: str
    name: str
    images: int


def enrol(connection: Connection, organization: str, repository: str, at: int) -> bool:
    """Note that an organization (or one repository of it) is wanted; return whether that is new."""
    row = {"organization": organization, "repository": repository, "at": at}
    return connection.execute(_SQL["enrol"], row).rowcount > 0


def append(connection: Connection, event: Event, image_id: int | None, rule: Rule) -> Appended:
    """Append one event; see `recording.append`."""
    return recording.append(connection, [Told(event, image_id)], rule)[0]


def environments(connection: Connection, scope: Scope) -> list[EnvironmentRow]:
    """Return the environments that existed at the moment."""
    return [EnvironmentRow(*row) for row in connection.execute(_SQL["environments"], scope.parameters())]


def running(connection: Connection, scope: Scope) -> list[Running]:
    """Return what runs in the scope at its moment."""
    return [_running(*row) for row in connection.execute(_SQL["running"], scope.parameters())]


def newest(connection: Connection, scope: Scope) -> Running | None:
    """Return what was recorded last of the scope's service, in whatever environment; None where nothing was."""
    row = connection.execute(_SQL["newest"], scope.parameters()).fetchone()
    return _running(*row) if row else None


def named_last(connection: Connection, reference: Reference) -> tuple[str, ...]:
    """Return the digests of the image that a name stood for when it was recorded last, and of its index, () for none.

    All events are read: it may have been recorded as any service.
    """
    return _last(connection, "named_last", reference, {})


def service_last(
    connection: Connection, reference: Reference, organization: str = "", at: int | None = None
) -> tuple[str, ...]:
    """Do as `named_last` does for a name that was recorded as the service of its repository, up to a moment.

    organization: "" for all that the tenant sees.
    """
    moment = FOREVER if at is None else at
    values: dict[str, str | int] = {"organization": organization, "service": reference.service, "at": moment}
    return _last(connection, "service_last", reference, values)


def _last(connection: Connection, query: str, reference: Reference, more: Mapping[str, str | int]) -> tuple[str, ...]:
    values = {"name": reference.familiar, "full": reference.canonical, "tenant": connection.tenant, **more}
    row = connection.execute(_SQL[query], values).fetchone()
    return tuple(dict.fromkeys(filter(None, row))) if row else ()


def _running(
    organization: str, environment: str, service: str, platform: str, image_id: int, digest: str, reference: str,
    since: int, until: int, *said: str,
) -> Running:  # fmt: skip
    ended = None if until == FOREVER else until
    return Running(
        image_id, Deployment(organization, environment, service, platform, digest, reference, since, ended, *said)
    )


def events(connection: Connection, scope: Scope) -> list[Event]:
    """Return what was said in the scope up to its moment, newest first."""
    return [
        Event(
            organization=organization,
            environment=environment,
            service=service,
            platform=platform,
            action=action,
            digest=digest or "",
            reference=reference,
            at=at,
            actor=actor,
            source=source,
            commit=commit,
            run_url=run_url,
        )
        for organization, environment, service, platform, action, digest, reference, at, actor, source, commit, run_url
        in connection.execute(_SQL["events"], scope.parameters())
    ]  # fmt: skip


def running_of(connection: Connection, scope: Scope, image_ids: Iterable[int]) -> list[Running]:
    """Return what of some images runs in the scope at its moment, environment by environment."""
    values = {**scope.parameters(), "numbers": msgspec.json.encode(list(image_ids)).decode()}
    return [_running(*row) for row in connection.execute(_SQL["running_of"], values)]


def similar(connection: Connection, name: str, most: int) -> tuple[str, ...]:
    """Return names of packages, of any image, that hold a text; the shortest first."""
    values = {"name": name, "most": most, "tenant": connection.tenant}
    return tuple(found for (found,) in connection.execute(_SQL["similar"], values))


def kinds(connection: Connection, scope: Scope) -> list[tuple[int, int]]:
    """Return (number of one image, count) of each kind of image that runs; see the query."""
    return [(row[3], row[4]) for row in connection.execute(_SQL["kinds"], scope.parameters())]


def _deployment(
    organization: str, environment: str, service: str, platform: str, digest: str, reference: str, since: int
) -> Deployment:
    return Deployment(organization, environment, service, platform, digest, reference, since)


def promotions(connection: Connection, scope: Scope, since: int) -> tuple[list[Promotion], int]:
    """Return what came to run in the scope since a moment, the oldest first, and how often it was only said again."""
    values = {**scope.parameters(), "since": since, "until": scope.parameters()["at"]}
    before: dict[int, list[Running]] = {}
    for event_id, image_id, *row in connection.execute(_SQL["before_promotions"], values):
        before.setdefault(event_id, []).append(_promoted(image_id, row))
    found = [
        Promotion(_promoted(image_id, row), tuple(before.get(event_id, ())))
        for event_id, image_id, *row in connection.execute(_SQL["promotions"], values)
    ]
    (repeated,) = connection.execute(_SQL["repeated"], values).fetchone()
    return found, repeated


def _promoted(image_id: int, row: Sequence[Any]) -> Running:
    organization, environment, service, platform, *rest = row
    return _running(organization, environment, service, platform, image_id, *rest)
