"""Say what runs where: append to the record, end and begin deployments."""

from collections.abc import Sequence
from itertools import islice

import msgspec

from envscout.environments.fold import advance
from envscout.errors import LimitExceeded, NotFound
from envscout.model import Event, Image
from envscout.standing.appending import MOST_AT_ONCE, Batch, Outcome, Recorded, append, check, check_source, news_of
from envscout.store import Connection, Database, deployments, images, news, now, repositories


def enroll(database: Database, organization: str, repository: str) -> bool:
    """Enrol an organization or a repository; return whether that is new. A repository that is disabled is enabled."""
    check("organization", organization)
    with database.write() as connection:
        at = now()
        for name, enabled in repositories.switches(connection).items():
            if repository and not enabled and name.partition("/")[2] == f"{organization}/{repository}":
                repositories.switch(connection, name, True, at)
        return deployments.enrol(connection, organization, repository, at)


def record(database: Database, event: Event) -> Recorded:
    """Append that the image of event.digest runs in a slot, from now on. Raise NotFound if it is not stored."""
    for field in ("organization", "environment", "service"):
        check(field, getattr(event, field))
    with database.write() as connection:
        stored = images.find(connection, event.digest)
        if stored is None:
            raise NotFound(f"{event.reference} was pruned from the store while it was recorded", "record it again")
        event = msgspec.structs.replace(event, at=now())
        return _appended(connection, event, stored.image_id)


def keep_unindexed(database: Database, image: Image) -> bool:
    """Keep the digest of an image nobody could look into; return whether its content is unknown, not clean."""
    with database.write() as connection:
        images.put_unindexed(connection, image)
        stored = images.find(connection, image.digest)
    return stored is None or stored.indexed_at is None


def remove(database: Database, event: Event) -> Recorded:
    """Append that a service (or one digest of it) no longer runs. Raise NotFound if it does not run now."""
    with database.write() as connection:
        done = _appended(connection, msgspec.structs.replace(event, action="remove", at=now()), None)
        if not done.ended:
            raise NotFound(
                f"{event.service} does not run in environment {event.environment} of {event.organization}",
                f"envscout environment {event.environment} lists what does",
            )
    return done


def _appended(connection: Connection, event: Event, image_id: int | None) -> Recorded:
    """Append an event, and the news that it is."""
    check_source(event.source)
    done = Recorded(*deployments.append(connection, event, image_id, advance))
    news.append(connection, news_of(done))
    return done


def many(database: Database, events: Sequence[Event], *, unindexed: bool = False) -> list[Outcome]:
    """Append events, in one transaction; what is refused keeps nothing else from being kept. Raise LimitExceeded.

    An event's moment is 0 for now, and never one to come. unindexed: take images that nobody looked into as well.
    """
    return several(database, [Batch(events, [unindexed] * len(events), database.connection.tenant)])[0]


def several(database: Database, batches: Sequence[Batch]) -> list[list[Outcome]]:
    """Do as `many` does for each of those who tell something at the same time, in one transaction."""
    if any(len(each.events) > MOST_AT_ONCE for each in batches):
        raise LimitExceeded(f"more than {MOST_AT_ONCE} events at once", "record them in parts")
    with database.write() as connection:
        outcomes = iter(append(connection, batches, now()))
    return [list(islice(outcomes, len(each.events))) for each in batches]
