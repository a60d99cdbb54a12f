"""What would change if one environment became like another. Pure.

An environment of a large company has a million findings; here vulnerabilities are numbers in compressed bitmaps, and
only those that are shown get their names back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import msgspec
from pyroaring import BitMap

from envscout.model import LEVELS, Summary

Levels = tuple[BitMap, ...]
"""Vulnerabilities by severity, 0 to 4 (see LEVELS), each in one of them alone."""

_WORST_FIRST = (4, 3, 2, 1, 0)
NOTHING: Levels = tuple(BitMap() for _ in _WORST_FIRST)


class Side(msgspec.Struct, frozen=True):
    """A service as one environment runs it. references, digests: of its images, without repetition.

    found: what is vulnerable by severity; one vulnerability may be in several. known: the answer is not unknown.
    """

    references: tuple[str, ...]
    digests: tuple[str, ...] = ()
    found: Levels = msgspec.field(default_factory=lambda: NOTHING)
    known: bool = True


class Difference(msgspec.Struct, frozen=True):
    """One service: what moving from the present to the next side brings, fixes, keeps, each by its worst severity."""

    service: str
    present: Side
    next: Side
    introduced: Levels
    fixed: Levels
    both: BitMap

    @property
    def kept(self) -> Levels:
        """Return what stays, by its severity afterwards."""
        return _worst(self.both, self.next.found)

    @property
    def known(self) -> bool:
        """Return whether both answers are; else more may differ than is shown."""
        return self.present.known and self.next.known

    @property
    def moved(self) -> bool:
        """Return whether the images differ."""
        return self.present.digests != self.next.digests

    @property
    def differs(self) -> bool:
        """Return whether the images or their vulnerabilities do."""
        return self.moved or any(self.introduced) or any(self.fixed)


_ABSENT = Side(())


def count(levels: Levels) -> int:
    """Return how many vulnerabilities there are."""
    return sum(map(len, levels))


def together(sides: Iterable[Levels]) -> Levels:
    """Return what any of several has, each vulnerability by its worst severity alone."""
    levels = list(NOTHING)
    seen = BitMap()
    held = tuple(zip(*sides, strict=True))
    for level in _WORST_FIRST:
        if held:
            levels[level] = BitMap.union(BitMap(), *held[level]) - seen
            seen |= levels[level]
    return tuple(levels)


def summary(levels: Levels) -> Summary:
    """Return how many there are of each severity."""
    counts = {word: len(levels[level]) for word, level in LEVELS.items()}
    return Summary(**counts, total=sum(counts.values()))


def union(marks: Sequence[Mapping[int, BitMap]], severities: Iterable[int] = _WORST_FIRST) -> Levels:
    """Return what any of several things has, in the severities that count."""
    levels = list(NOTHING)
    for level in severities:
        held = [each[level] for each in marks if level in each]
        if held:
            levels[level] = _either(held)
    return tuple(levels)


def _either(held: Sequence[BitMap]) -> BitMap:
    """Return the union of a few: one by one, as BitMap.union is made for many and takes four times as long."""
    if len(held) == 1:
        return held[0]
    found = held[0] | held[1]
    for each in held[2:]:
        found |= each
    return found


def difference(present: Mapping[str, Side], following: Mapping[str, Side]) -> tuple[Difference, ...]:
    """Compare service by service, by name."""
    services = sorted({*present, *following})
    return tuple(_one(name, present.get(name, _ABSENT), following.get(name, _ABSENT)) for name in services)


def _one(service: str, before: Side, after: Side) -> Difference:
    ours, theirs = (_either([each for each in side.found if each] or NOTHING[:1]) for side in (after, before))
    introduced = _worst(ours - theirs, after.found)
    return Difference(service, before, after, introduced, _worst(theirs - ours, before.found), ours & theirs)


def _worst(numbers: BitMap, found: Levels) -> Levels:
    """Return some of what was found by their worst severity."""
    levels = list(NOTHING)
    left = numbers
    for level in _WORST_FIRST:
        if not left:
            break
        if found[level]:
            levels[level] = left & found[level]
            left = left - levels[level]
    return tuple(levels)


def worst(levels: Levels, most: int) -> Iterator[tuple[int, int]]:
    """Yield number and severity of the worst few; which ones among equals is the store's order."""
    ordered = ((number, level) for level in _WORST_FIRST for number in levels[level])
    return islice(ordered, most)
