"""Where and for how long: an image ran, an environment was exposed to a vulnerability."""

from collections import defaultdict

import msgspec
from pyroaring import BitMap

from envscout.environments.exposure import Stay, Window, windows
from envscout.store import Database, counted, findings, hits, images
from envscout.store.counted import Ran, Recorded

MOST = 10_000
"""Deployments that are looked at, the latest."""


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
        held = hits.hits(connection, names, None).certain if names else BitMap()
        ran = counted.stays_of(connection, held, organization, MOST)
    if not times:
        return []
    public, known = min(each[0] for each in times), min(each[1] for each in times)
    by_environment: dict[tuple[str, str], list[Stay]] = defaultdict(list)
    for each in ran:
        by_environment[each.organization, each.environment].append(Stay(each.image_id, each.since, each.until))
    having = {each.image_id: BitMap([1]) for each in ran}
    return [
        Exposure(*place, each.since, each.until, _known(each, known))
        for place, stays in sorted(by_environment.items())
        for each in sorted(windows(stays, having, {1: public}), key=lambda each: -each.since)
    ]


def _known(window: Window, known: int) -> int | None:
    """Return from when a window was known here, None where it ended before."""
    return max(window.since, known) if window.until is None or window.until > known else None


def ran(database: Database, digest: str, organization: str = "") -> list[Ran]:
    """Return where an image ran and runs, the latest first; organization: "" for all."""
    with database.read() as connection:
        found = images.find(connection, digest)
        return counted.stays_of(connection, [found.image_id], organization, 1_000) if found else []


def recorded(database: Database, prefix: str = "", organization: str = "", environment: str = "") -> list[Recorded]:
    """Return the images recorded last whose reference begins so; organization, environment: "" for all."""
    with database.read() as connection:
        return counted.recorded(connection, prefix[:500], organization, environment, 200)
