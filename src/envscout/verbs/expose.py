"""Where and for how long: an image ran, an environment was exposed to a vulnerability."""

from collections import defaultdict

import msgspec
from pyroaring import BitMap

from envscout.environments.exposure import Stay, windows
from envscout.store import Database, counted, findings, hits, images
from envscout.store.counted import Ran

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
    """Return when environments were exposed to a vulnerability, by environment, the latest first."""
    with database.read() as connection:
        names = findings.resolve(connection, query)
        times = [each for each in (counted.times_of(connection, name) for name in names) if each]
        held = hits.hits(connection, names, None).everywhere if names else BitMap()
        ran = counted.stays_of(connection, held, organization, MOST)
    if not times:
        return []
    public, known = min(each[0] for each in times), min(each[1] for each in times)
    by_environment: dict[tuple[str, str], list[Stay]] = defaultdict(list)
    for each in ran:
        by_environment[each.organization, each.environment].append(Stay(each.image_id, each.since, each.until))
    having = {each.image_id: BitMap([1]) for each in ran}
    return [
        Exposure(*place, each.since, each.until, max(each.since, known) if each.until is None or each.until > known else None)
        for place, stays in sorted(by_environment.items())
        for each in sorted(windows(stays, having, {1: public}), key=lambda each: -each.since)
    ]  # fmt: skip


def ran(database: Database, digest: str, organization: str = "") -> list[Ran]:
    """Return where an image ran and runs, the latest first; organization: "" for all."""
    with database.read() as connection:
        found = images.find(connection, digest)
        return counted.stays_of(connection, [found.image_id], organization, 1_000) if found else []
