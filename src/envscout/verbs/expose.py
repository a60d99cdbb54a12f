"""Where and for how long: an image ran, an environment was exposed to a vulnerability."""

from functools import partial

import msgspec

from envscout.store import Database, counted, findings, generations, hits
from envscout.store import images as stored
from envscout.store.counted import Ran, Recorded
from envscout.store.past import past


class Exposure(msgspec.Struct, frozen=True):
    """An environment had a vulnerability from since until (None: it has it). Microseconds.

    since: from when it both ran and was public. known: from when that was known here, None where it ended before.
    """

    organization: str
    environment: str
    since: int
    until: int | None
    known: int | None


def exposed(database: Database, query: str, organization: str = "") -> list[Exposure]:
    """Return when environments were exposed to a vulnerability, by environment, the latest first.

    Images whose packages cannot be compared are left out: `locate.where` tells of those.
    """
    with database.read() as connection:
        names = findings.resolve(connection, query)
        times = [each for each in (counted.times_of(connection, name) for name in names) if each]
        if not times:
            return []
        reached = generations.reached(connection, organization)
        held = database.memory.get(
            ("hits", (reached.known, reached.images), names),
            partial(hits.hits, connection, names, None),
            lambda made: made.size,
        )
        images = set(held.places.holding)
        ran = [past(connection, database.memory, each) for each in reached.environments]
    public, known = min(each[0] for each in times), min(each[1] for each in times)
    return [
        Exposure(each.organization, each.name, max(since, public), until, _known(max(since, public), until, known))
        for each in ran
        for since, until in reversed(list(each.spells(images)))
        # What ended before anybody knew of it is no exposure.
        if until is None or until > public
    ]


def _known(since: int, until: int | None, known: int) -> int | None:
    """Return from when an exposure was known here, None where it ended before."""
    return max(since, known) if until is None or until > known else None


def ran(database: Database, digest: str, organization: str = "") -> list[Ran]:
    """Return where an image ran and runs, the latest first; organization: "" for all."""
    with database.read() as connection:
        found = stored.find(connection, digest)
        return counted.stays_of(connection, [found.image_id], organization, 1_000) if found else []


def recorded(database: Database, prefix: str = "", organization: str = "", environment: str = "") -> list[Recorded]:
    """Return the images recorded last whose reference begins so; organization, environment: "" for all."""
    with database.read() as connection:
        return counted.recorded(connection, prefix[:500], organization, environment, 200)
