"""Say what runs where: append to the record, end and begin deployments."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from envscout.environments.fold import advance
from envscout.errors import EnvscoutError, LimitExceeded, NotFound, UsageError
from envscout.model import Deployment, Event, Image, News, NewsFacts
from envscout.names.reference import valid_digest
from envscout.store import Connection, Database, deployments, news, now, repositories
from envscout.store import images as stored_images
from envscout.store.images import StoredImage

MAX_NAME = 128
MAX_TEXT = 2_000
MOST_AT_ONCE = 5_000
MOST_SKEW = 60_000_000
"""Microseconds that another clock may be ahead of ours."""


class Recorded(msgspec.Struct, frozen=True):
    """What a record changed: the event as kept, the deployments it ended and began."""

    event: Event
    ended: tuple[Deployment, ...]
    begun: tuple[Deployment, ...]


def enroll(database: Database, organization: str, repository: str) -> bool:
    """Enrol an organization or a repository; return whether that is new. A repository that is disabled is enabled."""
    _check("organization", organization)
    with database.write() as connection:
        at = now()
        for name, enabled in repositories.switches(connection).items():
            if repository and not enabled and name.partition("/")[2] == f"{organization}/{repository}":
                repositories.switch(connection, name, True, at)
        return deployments.enrol(connection, organization, repository, at)


def record(database: Database, event: Event) -> Recorded:
    """Append that the image of event.digest runs in a slot, from now on. Raise NotFound if it is not stored."""
    for field in ("organization", "environment", "service"):
        _check(field, getattr(event, field))
    with database.write() as connection:
        stored = stored_images.find(connection, event.digest)
        if stored is None:
            raise NotFound(f"{event.reference} was pruned from the store while it was recorded", "record it again")
        event = msgspec.structs.replace(event, at=now())
        return _appended(connection, event, stored.image_id)


def keep_unindexed(database: Database, image: Image) -> bool:
    """Keep the digest of an image nobody could look into; return whether its content is unknown, not clean."""
    with database.write() as connection:
        stored_images.put_unindexed(connection, image)
        stored = stored_images.find(connection, image.digest)
    return stored is None or stored.indexed_at is None


def remove(database: Database, event: Event) -> Recorded:
    """Append that a service (or one digest of it) no longer runs. Raise NotFound if it does not run now."""
    with database.write() as connection:
        scope = deployments.Scope(event.organization, event.environment, event.service)
        running = [
            each
            for each in deployments.running(connection, scope)
            if each.deployment.platform == event.platform and event.digest in ("", each.deployment.digest)
        ]
        if not running:
            raise NotFound(
                f"{event.service} does not run in environment {event.environment} of {event.organization}",
                f"envscout environment {event.environment} lists what does",
            )
        image_id = running[0].image_id if event.digest else None
        event = msgspec.structs.replace(event, at=now())
        return _appended(connection, event, image_id)


class Outcome(msgspec.Struct, frozen=True):
    """What became of one event of many. state: `unchanged` where it ran, or did not run, already.

    event: as it was kept, or as it was told. unindexed: nobody knows what is in the image. problem, next_step: why it
    was refused, and what to do.
    """

    state: Literal["recorded", "unchanged", "refused"]
    event: Event
    unindexed: bool = False
    problem: str = ""
    next_step: str = ""


def many(database: Database, events: Sequence[Event], *, unindexed: bool = False) -> list[Outcome]:
    """Append events, in one transaction; what is refused keeps nothing else from being kept. Raise LimitExceeded.

    An event's moment is 0 for now, and never one to come. unindexed: take images that nobody looked into as well.
    """
    if len(events) > MOST_AT_ONCE:
        raise LimitExceeded(f"more than {MOST_AT_ONCE} events at once", "record them in parts")
    with database.write() as connection:
        told: list[News] = []
        outcomes = [_one(connection, event, now(), unindexed, told) for event in events]
        news.append(connection, told)
    return outcomes


def _one(connection: Connection, event: Event, moment: int, unindexed: bool, told: list[News]) -> Outcome:
    """Append one of many; its news are added to what is told at once."""
    try:
        _check_event(event, moment)
        event = msgspec.structs.replace(event, at=min(event.at, moment) or moment)
        stored = _stored(connection, event, unindexed)
    except EnvscoutError as error:
        return Outcome("refused", event, problem=error.cause, next_step=error.next_step)
    if event.action == "remove" and not _runs(connection, event):
        return Outcome("unchanged", event)
    done = Recorded(*deployments.append(connection, event, stored.image_id if stored else None, advance))
    told += _news(done)
    changed = done.ended or done.begun
    return Outcome("recorded" if changed else "unchanged", done.event, stored is not None and stored.indexed_at is None)


def _check_event(event: Event, moment: int) -> None:
    for field in ("organization", "environment", "service"):
        _check(field, getattr(event, field))
    if event.action not in ("record", "add", "remove"):
        raise UsageError(f"there is no action {event.action[:20]!r}", "record, add or remove")
    if not 0 <= event.at <= moment + MOST_SKEW:
        raise UsageError("the moment lies in the future, or before 1970", "leave it out for now")
    texts = (event.platform, event.reference, event.actor, event.source, event.commit, event.run_url)
    if any(len(text) > MAX_TEXT or not text.isprintable() for text in texts):
        raise UsageError("a text is too long, or not printable", f"use at most {MAX_TEXT} characters")


def _stored(connection: Connection, event: Event, unindexed: bool) -> StoredImage | None:
    """Return the image of an event, None where everything in a slot is meant. Raise NotFound, UsageError."""
    if event.action == "remove" and not event.digest:
        return None
    if not valid_digest(event.digest):
        raise UsageError("the image has no digest", "say which it is: sha256:...")
    stored = stored_images.find(connection, event.digest)
    if stored is None and unindexed and event.action != "remove":
        stored_images.put_unindexed(connection, Image(digest=event.digest, platform=event.platform))
        stored = stored_images.find(connection, event.digest)
    if stored is None:
        raise NotFound(f"nobody looked into {event.digest} yet", "upload its inventory, or record it as unindexed")
    return stored


def _runs(connection: Connection, event: Event) -> bool:
    scope = deployments.Scope(event.organization, event.environment, event.service)
    return any(
        each.deployment.platform == event.platform and event.digest in ("", each.deployment.digest)
        for each in deployments.running(connection, scope)
    )


def _appended(connection: Connection, event: Event, image_id: int | None) -> Recorded:
    """Append an event, and the news that it is."""
    done = Recorded(*deployments.append(connection, event, image_id, advance))
    news.append(connection, _news(done))
    return done


def _news(done: Recorded) -> Iterator[News]:
    """Yield what ended and what began. A slot's image under another name, or again, did not end."""
    said = NewsFacts(actor=done.event.actor, commit=done.event.commit, run_url=done.event.run_url)
    stays = {each.digest for each in done.begun} & {each.digest for each in done.ended}
    for kind, changed in (("undeployed", done.ended), ("deployed", done.begun)):
        for each in changed:
            if each.digest not in stays:
                yield News(
                    kind=kind,  # type: ignore[arg-type]  # both are kinds
                    at=done.event.at,
                    organization=each.organization,
                    environment=each.environment,
                    service=each.service,
                    digest=each.digest,
                    reference=each.reference,
                    cause="deployment",
                    facts=said,
                )


def _check(field: str, name: str) -> None:
    """Refuse names that could not be told apart, typed or shown."""
    if not name or len(name) > MAX_NAME or not name.isprintable() or name != name.strip() or name.startswith("-"):
        raise UsageError(
            f"{name[:MAX_NAME]!r} cannot be the name of a{'n' if field[0] in 'aeiou' else ''} {field}",
            f"use 1 to {MAX_NAME} printable characters, not starting with a dash or a space",
        )
