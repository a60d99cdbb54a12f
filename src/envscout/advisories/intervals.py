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


_KINDS = ("introduced", "fixed", "last_affected")


def of_events(events: Sequence[Event], key_of: KeyOf) -> list[Interval]:
    """Return the intervals of one range, lowest first; none where it ends before it begins.

    Events need not be in order. While a range is open a second `introduced` is ignored, unless the range is fixed at
    that very version: then the next one begins there. A range without any `introduced` begins before everything.
    `fixed: "0"` says that nothing is affected. Raises UnkeyableError.
    """
    points = [_point(kind, text, key_of) for kind, text in _words(events, _KINDS)]
    if points and not any(point.opens for point in points):
        points.append(_Point(LOWEST, True, "", ""))
    points.sort(key=itemgetter(0))
    ceiling, word = _ceiling(events, key_of)
    bounded = (_below(interval, ceiling, word) for interval in _walk(points))
    return [interval for interval in bounded if interval.lo < interval.hi]


def _words(events: Iterable[Event], kinds: Sequence[str]) -> list[tuple[str, str]]:
    return [(kind, text) for event in events for kind in kinds if (text := getattr(event, kind)) is not None]


def _point(kind: str, text: str, key_of: KeyOf) -> _Point:
    if kind == "introduced":
        return _Point(_key(text, key_of), True, "" if text == "0" else text, "")
    if kind == "fixed":
        return _Point(_key(text, key_of), False, text, text)
    return _Point(successor(_whole(text, key_of)), False, text, "")


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


def _ceiling(events: Iterable[Event], key_of: KeyOf) -> tuple[bytes, str]:
    limits = [text for _, text in _words(events, ("limit",))]
    if not limits or "*" in limits:
        return HIGHEST, ""
    return max((_key(text, key_of), text) for text in limits)


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
