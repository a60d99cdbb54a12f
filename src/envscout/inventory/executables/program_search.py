"""The version of a well-known program, found by the words around it while the program goes by."""

import re
from itertools import islice

from envscout.inventory.executables.programs import Mark, Program
from envscout.inventory.executables.window import Capture, Window
from envscout.inventory.record import Reading, record, text

BEFORE = 128
AFTER = 256
"""Bytes around the words that are looked at."""

MAX_PLACES = 2000
"""Places with the words that are looked at; programs have a handful."""

_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")


class _Search:
    """One program and one of its marks; the first place that shows a version counts."""

    def __init__(self, program: Program, mark: Mark, size: int, numbers: bytes) -> None:
        self.name = program.name
        self.version = ""
        self._words = mark.words.replace(b"%.", numbers + b".")
        self._shape = re.compile(mark.shape.replace(rb"(%\.", b"(" + re.escape(numbers + b".")), re.S)
        self._span = (0, size)
        self._left = MAX_PLACES
        self._open: list[tuple[int, Capture]] = []

    def feed(self, window: Window) -> None:
        if self.version:
            return
        for _, around in self._open:
            around.feed(window)
        for at in islice(window.find(self._words, self._span), self._left):
            low = max(at - BEFORE, 0)
            self._open.append((at, Capture(low, at + AFTER - low)))
            self._open[-1][1].feed(window)
            self._left -= 1
            if len(self._open) > 64:
                self._settle(all_of_them=False)
        self._settle(all_of_them=False)

    def done(self) -> str:
        """Return the version, "" if there is none."""
        self._settle(all_of_them=True)
        return self.version

    def _settle(self, *, all_of_them: bool) -> None:
        while self._open and not self.version and (all_of_them or self._open[0][1].is_whole):
            at, around = self._open.pop(0)
            self.version = self._shown(around, at - around.start)

    def _shown(self, around: Capture, at: int) -> str:
        """Return the version that the words are part of."""
        for match in self._shape.finditer(around.data):
            if match.start() < at + len(self._words) and at < match.end():
                return text(bytes(match[1]))
        return ""


class Programs:
    """Finds out which well-known program a file is, and of which version."""

    def __init__(self, path: str, size: int, programs: tuple[Program, ...]) -> None:
        self._path = path
        numbers = _NUMBERS.search(path.rpartition("/")[2])
        number = numbers[0].encode() if numbers else b"0"
        self._searches = [_Search(program, mark, size, number) for program in programs for mark in program.marks]

    def feed(self, window: Window) -> None:
        """Look at the next piece."""
        for search in self._searches:
            search.feed(window)

    def done(self) -> Reading:
        """Return the program, nothing where its version does not show."""
        for search in self._searches:
            if version := search.done():
                return record("generic", search.name, version, self._path)
        return Reading()
