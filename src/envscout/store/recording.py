"""Append what was said to run: events as they are told, and the intervals that follow from them by the caller's rule.

However many events there are, the same few queries read what runs in all their places, and write all that changes. In
between, the rule is applied to one event after the other, each to what those before it left.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from envscout.model import Deployment, Event
from envscout.store import standing
from envscout.store.database import FOREVER, Connection, queries
from envscout.store.sql import listed

_SQL = queries("recording")

Rule = Callable[[Iterable[Deployment], Event], tuple[tuple[Deployment, ...], tuple[Deployment, ...]]]
"""What runs in a slot and an event -> what ends and what begins (environments.fold.advance)."""


class Told(NamedTuple):
    """An event, and the number of its image; None for a removal, which is of what runs."""

    event: Event
    image_id: int | None


class Appended(NamedTuple):
    """An event as it was kept, what it ended and what it began. A removal of what does not run is not kept."""

    event: Event
    ended: tuple[Deployment, ...] = ()
    begun: tuple[Deployment, ...] = ()


class _Interval(msgspec.Struct):
    """For how long an image runs. number: of its row, 0 where there is none yet."""

    image_id: int | None
    number: int = 0
    until: int = FOREVER


class _Place(msgspec.Struct):
    """A service in an environment, and what runs there. number: among those asked for. last: when it was spoken of."""

    number: int
    organization: str
    environment: str
    service: str
    env_id: int = 0
    service_id: int = 0
    last: int = 0
    running: dict[Deployment, _Interval] = {}


class _Changes(NamedTuple):
    """What is to be written, in order: events with their images, intervals that have rows, and those that have none.

    moved: where anything changed.
    """

    events: list[tuple[_Place, Event, int | None]]
    ended: list[_Interval]
    begun: list[tuple[_Place, int, _Interval]]
    moved: list[_Place]


def append(connection: Connection, told: Sequence[Told], rule: Rule) -> list[Appended]:
    """Append events in their order and move intervals by the rule; return what became of each.

    Needs the write lock. An event's moment is moved behind all that was said of its service before, wherever the clock
    stood.
    """
    places = _places(connection, [each.event for each in told])
    changes = _Changes([], [], [], [])
    done = [_applied(places[_key(each.event)], each, rule, changes) for each in told]
    if changes.events:
        _number(connection, changes)
        _write(connection, changes)
    return done


def _key(event: Event) -> tuple[str, str, str]:
    return event.organization, event.environment, event.service


def _places(connection: Connection, events: Iterable[Event]) -> dict[tuple[str, str, str], _Place]:
    """Return the places of events, with what runs there."""
    keys = dict.fromkeys(map(_key, events))
    places = [_Place(number, *key) for number, key in enumerate(keys)]
    for number, env_id, service_id, last, *held in connection.execute(_SQL["places"], {"rows": listed(places)}):
        place = places[number]
        place.env_id, place.service_id, place.last = env_id or 0, service_id or 0, last or 0
        if held[0] is not None:
            row, image_id, *fields = held
            place.running[_held(place, *fields)] = _Interval(image_id, row)
    return dict(zip(keys, places, strict=True))


def _held(
    place: _Place,
    platform: str,
    digest: str,
    reference: str,
    since: int,
    actor: str,
    source: str,
    commit: str,
    run_url: str,
) -> Deployment:
    return Deployment(
        place.organization,
        place.environment,
        place.service,
        platform,
        digest,
        reference,
        since,
        actor=actor,
        source=source,
        commit=commit,
        run_url=run_url,
    )


def _applied(place: _Place, told: Told, rule: Rule, changes: _Changes) -> Appended:
    """Apply one event to what runs in its place by now."""
    event = msgspec.structs.replace(told.event, at=max(told.event.at, place.last + 1))
    ended, begun = rule([each for each in place.running if each.platform == event.platform], event)
    if event.action == "remove" and not ended:
        return Appended(told.event)
    image_id = told.image_id
    for each in ended:
        interval = place.running.pop(msgspec.structs.replace(each, until=None))
        interval.until = event.at
        if interval.number:
            changes.ended.append(interval)
        if event.action == "remove" and event.digest:
            image_id = interval.image_id
    for each in begun:
        interval = place.running[each] = _Interval(image_id)
        changes.begun.append((place, event.at, interval))
    if ended or begun:
        changes.moved.append(place)
    changes.events.append((place, event, image_id))
    place.last = event.at
    return Appended(event, ended, begun)


def _number(connection: Connection, changes: _Changes) -> None:
    """Give numbers to environments and services of which nothing was said before."""
    environments: dict[tuple[str, str], int] = {}
    services: dict[tuple[str, str], int] = {}
    for place, event, _ in changes.events:
        if not place.env_id:
            environments.setdefault((place.organization, place.environment), event.at)
        if not place.service_id:
            services.setdefault((place.organization, place.service), event.at)
    env_ids = _put(connection, "put_environments", environments)
    service_ids = _put(connection, "put_services", services)
    for place, *_ in changes.events:
        place.env_id = place.env_id or env_ids[place.organization, place.environment]
        place.service_id = place.service_id or service_ids[place.organization, place.service]


def _put(connection: Connection, query: str, named: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Make rows for names, each with the moment when it was named first; return their numbers."""
    if not named:
        return {}
    rows = [{"organization": organization, "name": name, "at": at} for (organization, name), at in named.items()]
    made = connection.execute(_SQL[query], {"rows": listed(rows)}).fetchall()
    return {(organization, name): number for organization, name, number in made}


def _write(connection: Connection, changes: _Changes) -> None:
    connection.execute(_SQL["put_events"], {"rows": listed([_row(*each) for each in changes.events])})
    if changes.ended:
        connection.execute(_SQL["end"], {"rows": listed(changes.ended)})
    if changes.begun:
        begun = [
            {"env_id": place.env_id, "service_id": place.service_id, "since": since, "until": interval.until}
            for place, since, interval in changes.begun
        ]
        connection.execute(_SQL["begin"], {"rows": listed(begun)})
    if changes.moved:
        standing.mark_services(connection, {(place.env_id, place.service_id) for place in changes.moved})


def _row(place: _Place, event: Event, image_id: int | None) -> dict[str, Any]:
    fields = msgspec.structs.asdict(event)
    return {**fields, "env_id": place.env_id, "service_id": place.service_id, "image_id": image_id}
