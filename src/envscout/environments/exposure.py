"""For how long an environment was exposed to what: stays of images folded into windows of vulnerabilities. Pure.

A window is open from when something that is vulnerable ran and that was known, until nothing of it runs any more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from pyroaring import BitMap

DAY = 86_400_000_000


class Stay(NamedTuple):
    """An image that ran somewhere from since until (exclusive; None: it runs). Microseconds."""

    image_id: int
    since: int
    until: int | None


class Window(NamedTuple):
    """A vulnerability that something had from since until (None: it has it)."""

    vulnerability: int
    since: int
    until: int | None


class _Turn(NamedTuple):
    at: int
    image_id: int
    step: int


def windows(stays: Iterable[Stay], held: Mapping[int, BitMap], known: Mapping[int, int]) -> Iterator[Window]:
    """Yield the windows of an environment in which images stayed, in no order.

    held: vulnerabilities by image. known: since when each is known; one that is not in it always was.
    """
    turns = [_Turn(each.since, each.image_id, 1) for each in stays if each.until is None or each.until > each.since]
    turns += [
        _Turn(each.until, each.image_id, -1) for each in stays if each.until is not None and each.until > each.since
    ]
    turns.sort()
    running: dict[int, int] = {}
    opened: dict[int, int] = {}
    for at, group in groupby(turns, attrgetter("at")):
        touched = BitMap()
        for each in group:
            touched |= held.get(each.image_id, BitMap())
            running[each.image_id] = running.get(each.image_id, 0) + each.step
            if not running[each.image_id]:
                del running[each.image_id]
        after = touched & BitMap.union(BitMap(), *(held[each] for each in running if each in held))
        for vulnerability in touched - after:
            yield from _closed(vulnerability, opened.pop(vulnerability), at, known)
        for vulnerability in after:
            opened.setdefault(vulnerability, at)
    for vulnerability, since in opened.items():
        yield Window(vulnerability, max(since, known.get(vulnerability, since)), None)


def _closed(vulnerability: int, since: int, until: int, known: Mapping[int, int]) -> Iterator[Window]:
    """Yield a window, unless nobody knew of it while it was open."""
    since = max(since, known.get(vulnerability, since))
    if since < until:
        yield Window(vulnerability, since, until)


def open_at(found: Sequence[Window], moments: Sequence[int], levels: Mapping[int, int]) -> list[tuple[int, ...]]:
    """Return how many windows of each level (4 to 0) were open at moments, which rise. levels: by vulnerability."""
    changes = [(each.since, 1, levels[each.vulnerability]) for each in found]
    changes += [(each.until, -1, levels[each.vulnerability]) for each in found if each.until is not None]
    changes.sort()
    counts, place, told = [0] * 5, 0, []
    for moment in moments:
        while place < len(changes) and changes[place][0] <= moment:
            counts[changes[place][2]] += changes[place][1]
            place += 1
        told.append(tuple(reversed(counts)))
    return told


class Remedied(NamedTuple):
    """What became of vulnerabilities of one severity. Times are microseconds.

    open: how many are; open_for: all together, until now; oldest: since when the oldest is, 0 for none. closed: how
    many were lately; closed_after: all together. breaches: how many of both took longer than they may.
    """

    open: int
    open_for: int
    oldest: int
    closed: int
    closed_after: int
    breaches: int


def remedied(found: Iterable[Window], now: int, since: int, limit: int) -> Remedied:
    """Sum up windows. since: those that closed before do not count. limit: how long one may be open, 0 for ever."""
    still = [each for each in found if each.until is None]
    closed = [(each.since, each.until) for each in found if each.until is not None and each.until >= since]
    lengths = [now - each.since for each in still]
    ended = [until - began for began, until in closed]
    return Remedied(
        len(still),
        sum(lengths),
        min((each.since for each in still), default=0),
        len(ended),
        sum(ended),
        sum(limit > 0 and each > limit for each in (*lengths, *ended)),
    )
