"""What an environment carries and carried, as numbers."""

import msgspec

from envscout.model.coverage import State
from envscout.model.finding import Summary


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A moment (microseconds), and how many there were of each severity, from critical to unspecified.

    counts: of what ran then, by what is known now. known: by what was known then.
    """

    at: int
    counts: tuple[int, int, int, int, int]
    known: tuple[int, int, int, int, int]


class Remedy(msgspec.Struct, frozen=True):
    """What became of the vulnerabilities of one severity, of those that count. Times are microseconds.

    open: how many there are, together since they could be known here for open_for. oldest: since when, 0 for none;
    oldest_name: which. exposed_for: together since both ran and were public, of those open. closed: how many were in
    the last 90 days, together after closed_after. breaches: how many of both took longer than they may.
    """

    severity: str
    open: int
    open_for: int
    exposed_for: int
    oldest: int
    oldest_name: str
    closed: int
    closed_after: int
    breaches: int


class Numbers(msgspec.Struct, frozen=True):
    """services, images: that run. unknown_services: of which no answer is known. suppressed: how many do not count."""

    services: int
    images: int
    unknown_services: int
    state: State
    summary: Summary
    suppressed: int
    trend: tuple[Point, ...]
    remedies: tuple[Remedy, ...]


class Counted(msgspec.Struct, frozen=True):
    """An environment. numbers: None where it was not counted yet. at: when it was, fresh: nothing changed since."""

    organization: str
    environment: str
    created_at: int
    at: int
    fresh: bool
    numbers: Numbers | None
