"""Packages inside archives: members of a zip file are read like files, and say where in it they lie."""

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from envscout.inventory import zips
from envscout.inventory.record import Reading, damaged, merged
from envscout.inventory.zips import Allowance, BrokenArchiveError, ExhaustedError, Member, Window
from envscout.names import bounds

MAX_MEMBER = 16 << 20
"""Bytes of one member that is read."""

Rule = tuple[re.Pattern[str], Callable[[str, bytes], Reading]]
"""Members whose whole name fits are read by this function, given a path and bytes."""


class Wanted(NamedTuple):
    """What is read of the archives of one kind.

    tails: the last four bytes of all names that fit the rest. nested: what fits is an archive of the same kind.
    """

    tails: frozenset[bytes]
    rules: tuple[Rule, ...]
    nested: re.Pattern[str] | None = None


def read(path: str, data: bytes, wanted: Wanted) -> Reading:
    """Return what the wanted members of an archive say. Whatever cannot be read is a Problem beside the rest."""
    walk = _Walk(path, len(data), wanted)
    try:
        walk.archive(zips.whole(data), "", 1)
    except ExhaustedError as error:
        walk.damaged("", str(error))
    return merged(walk.readings)


class _Walk:
    """One file being read."""

    def __init__(self, path: str, size: int, wanted: Wanted) -> None:
        self.readings: list[Reading] = []
        self._path = path
        self._wanted = wanted
        self._allowance = Allowance(size)

    def damaged(self, inside: str, message: str) -> None:
        """Note what could not be read."""
        self.readings.append(Reading(problems=(damaged(self._path, zips.about(inside, message)),)))

    def archive(self, window: Window, inside: str, depth: int) -> None:
        """Read the archive at `inside` in the file, up to the first member that is damaged. Raises ExhaustedError."""
        at = inside
        try:
            for member in zips.members(window, self._wanted.tails):
                at = zips.joined(inside, member.name)
                self._member(window, member, at, depth)
                at = inside
        except BrokenArchiveError as error:
            self.damaged(at, f"{error}; the rest of the archive is not listed")

    def _member(self, window: Window, member: Member, place: str, depth: int) -> None:
        if self._wanted.nested and self._wanted.nested.fullmatch(member.name):
            self._nested(window, member, place, depth)
        read = next((function for pattern, function in self._wanted.rules if pattern.fullmatch(member.name)), None)
        if read:
            self._allowance.take(member.size)
            reading = read(f"{self._path}!/{place}", zips.content(window, member, MAX_MEMBER))
            records = tuple(msgspec.structs.replace(found, inside=bounds.escaped(place)) for found in reading.records)
            self.readings.append(Reading(records, reading.problems))

    def _nested(self, window: Window, member: Member, place: str, depth: int) -> None:
        if depth >= zips.MAX_DEPTH:
            self.damaged(place, "it lies too deep in archives to be read")
            return
        self._allowance.take(member.size)
        self.archive(zips.opened(window, member), place, depth + 1)
