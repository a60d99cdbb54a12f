"""Events and version lists as half-open intervals of byte keys, `lo <= key < hi`. Pure.

The rules of https://ossf.github.io/osv-schema/#evaluation, for the ranges that have an order (not GIT).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple

from envscout.advisories.wire import Event
from envscout.versions import HIGHEST, LOWEST, successor

KeyOf = Callable[[str], bytes | None]


class UnkeyableError(ValueError):
    """A bound that has no place in the order of its scheme; its text is the argument."""


class Interval(NamedTuple):
    """`lo <= key < hi`, with the advisory's words for its ends; fixed is "" where the end is not a fix."""

    lo: bytes
    hi: bytes
    low: str
    high: str
    fixed: str


class _Point(NamedTuple):
    key: bytes
    opens: bool
    text: str
    fixed: str


def of_events(events: Sequence[Event], key_of: KeyOf) -> list[Interval]:
    """Return the intervals of one range, lowest first; none where it ends before it begins.

    Events need not be in order. While a range is open a second `introduced` is ignored, unless the range is fixed at
    that very version: then the next one begins there. A range without any `introduced` begins before everything.
    `fixed: "0"` says that nothing is affected. Raises UnkeyableError.
    """
    points = _points(events, key_of)
    points.sort(key=itemgetter(0))
    limits = [event.limit for event in events if event.limit is not None]
    found = list(_walk(points))
    if limits and "*" not in limits:
        ceiling = max((_key(text, key_of), text) for text in limits)
        found = [_below(interval, *ceiling) for interval in found]
    return [interval for interval in found if interval.lo < interval.hi]


def _points(events: Iterable[Event], key_of: KeyOf) -> list[_Point]:
    points = []
    opened = False
    for event in events:
        if event.introduced is not None:
            opened = True
            low = "" if event.introduced == "0" else event.introduced
            points.append(_Point(_key(event.introduced, key_of), True, low, ""))
        if event.fixed is not None:
            points.append(_Point(_key(event.fixed, key_of), False, event.fixed, event.fixed))
        if event.last_affected is not None:
            last = event.last_affected
            points.append(_Point(successor(_whole(last, key_of)), False, last, ""))
    if points and not opened:
        points.append(_Point(LOWEST, True, "", ""))
    return points


def _whole(text: str, key_of: KeyOf) -> bytes:
    key = key_of(text)
    if key is None:
        raise UnkeyableError(text)
    return key


def _key(text: str, key_of: KeyOf) -> bytes:
    # "0" as the first affected version is below every version; as a fix it is what Alpine calls "not affected".
    return LOWEST if text == "0" else _whole(text, key_of)


def _walk(points: Iterable[_Point]) -> Iterable[Interval]:
    start: _Point | None = None
    ignored: _Point | None = None
    for point in points:
        if point.opens:
            start, ignored = (point, None) if start is None else (start, point)
        elif start is not None:
            yield Interval(start.key, point.key, start.text, point.text, point.fixed)
            start = ignored if ignored is not None and ignored.key == point.key else None
    if start is not None:
        yield Interval(start.key, HIGHEST, start.text, "", "")


def _below(interval: Interval, ceiling: bytes, word: str) -> Interval:
    return interval if interval.hi <= ceiling else Interval(interval.lo, ceiling, interval.low, word, "")


def of_versions(
    versions: Sequence[str], key_of: KeyOf, held: Sequence[Interval]
) -> tuple[list[Interval], Sequence[str]]:
    """Return one interval for each listed version that none of held covers, and the versions that have no key.

    Versions with the same key give one interval.
    """
    keys = {key: text for text in reversed(versions) if (key := key_of(text)) is not None}
    if not keys or _one_holds_all(held, keys):
        loose = []
    else:
        lows, highs = _union(held)
        loose = [key for key in keys if not _within(key, lows, highs)]
    found = [Interval(key, successor(key), keys[key], keys[key], "") for key in sorted(loose)]
    unkeyable = [text for text in versions if key_of(text) is None] if len(keys) < len(versions) else ()
    return found, unkeyable


def _one_holds_all(held: Sequence[Interval], keys: Iterable[bytes]) -> bool:
    return len(held) == 1 and held[0].lo <= min(keys) and max(keys) < held[0].hi


def _union(intervals: Iterable[Interval]) -> tuple[list[bytes], list[bytes]]:
    """Return the ends of disjoint intervals that hold the same keys, lowest first."""
    lows: list[bytes] = []
    highs: list[bytes] = []
    for interval in sorted(intervals):
        if highs and interval.lo <= highs[-1]:
            highs[-1] = max(highs[-1], interval.hi)
        else:
            lows.append(interval.lo)
            highs.append(interval.hi)
    return lows, highs


def _within(key: bytes, lows: Sequence[bytes], highs: Sequence[bytes]) -> bool:
    place = bisect_right(lows, key)
    return place > 0 and key < highs[place - 1]
