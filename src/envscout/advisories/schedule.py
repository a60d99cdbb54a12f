"""When a feed is asked for again, and which document is too different from the one before to be believed. Pure."""

from typing import NamedTuple

import msgspec

_MINUTE = 60_000_000
_LONGEST = 24 * 60 * _MINUTE
_JITTER = 0.1


class Bounds(msgspec.Struct, frozen=True):
    """What a document may differ by. lost: percent of the records before. grown: times as many. least: smaller feeds
    may do as they like.
    """

    lost: int = 20
    grown: int = 10
    least: int = 50


class Counts(NamedTuple):
    """How many records a feed had, how many of those are gone, and how many it has now."""

    before: int
    lost: int
    after: int


def next_due(at: int, minutes: int, failures: int, asked: float, chance: float) -> int:
    """Return when to ask again, in microseconds. failures: in a row; each doubles the wait, up to a day.

    asked: seconds that the server wants us to wait. chance: from 0 to 1, so that not everybody asks at once.
    """
    wait: int = min(minutes * _MINUTE * 2 ** min(failures, 12), _LONGEST)
    wait = max(wait, int(asked * 1_000_000))
    return at + wait + int(wait * _JITTER * chance)


def doubt(counts: Counts, bounds: Bounds) -> str:
    """Return why a document is not to be believed, "" where it is."""
    if max(counts.before, 1) < bounds.least:
        return ""
    if counts.lost * 100 >= counts.before * bounds.lost:
        return f"{counts.lost} of its {counts.before} records are gone"
    if counts.after >= counts.before * bounds.grown:
        return f"it grew from {counts.before} records to {counts.after}"
    return ""
