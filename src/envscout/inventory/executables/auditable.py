"""The crates in a Rust program built with cargo-auditable.

Its list is JSON, compressed by zlib, in a section named `.dep-v0` that is not loaded into memory
(https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md). Windows and macOS programs say in front
where their sections are. ELF files say it at their end, when it is too late: there every place outside of what is
loaded where zlib data may begin is tried, and what inflates to such a list is one.
"""

import re
import zlib
from collections.abc import Iterator

import msgspec

from envscout.inventory.executables.layout import Layout
from envscout.inventory.executables.window import Capture, Window
from envscout.inventory.record import Reading, damaged, merged, record
from envscout.model import Problem

MAX_LIST = 8 << 20
"""Bytes of a list, inflated; that of the largest known program has 100,000."""

MAX_PLACES = 50_000
"""Places that are tried; debugging symbols have some 30 in a million bytes."""

MAX_CRATES = 50_000

_FIRST = 512
"""Bytes that show whether zlib data inflates to a list."""

# Two bytes of header (RFC 1950, 2.2), then a first block of constants of its own or fixed ones (RFC 1951, 3.2.3).
_BLOCKS = bytes(byte for byte in range(256) if byte & 6 in (2, 4))
_ZLIB = re.compile(rb"x[\x01\x5e\x9c\xda][" + b"".join(re.escape(bytes([byte])) for byte in _BLOCKS) + rb"]")
_WIDTH = 3
_BUILD = "build"
_LIST = re.compile(rb'\s*\{\s*"(?:packages|format)"')


class _Crate(msgspec.Struct, frozen=True):
    """One crate. kind: `build` where it took part in the making alone."""

    name: str
    version: str
    kind: str = "runtime"


class _Crates(msgspec.Struct, frozen=True):
    packages: tuple[_Crate, ...]


class _Inflation:
    """A place where zlib data may begin, as its bytes come."""

    def __init__(self, start: int) -> None:
        self.text = bytearray()
        self.is_list = False
        self.is_tried = False
        self.is_broken = False
        self._first = Capture(start, _FIRST)
        self._at = start + _FIRST
        self._zlib = zlib.decompressobj()

    def feed(self, window: Window) -> None:
        """Take what the window shows."""
        self._first.feed(window)
        if self._first.is_whole and not self.is_tried:
            self.try_first()
        if self.is_list and not self._zlib.eof and not self.is_broken:
            data = window.take(self._at, window.end)
            self._at += len(data)
            self._inflate(data, MAX_LIST)

    def try_first(self) -> None:
        """Decide from the first bytes whether this is a list."""
        self.is_tried = True
        self._inflate(bytes(self._first.data), 64)
        self.is_list = bool(_LIST.match(self.text)) and not self.is_broken
        self._first.data.clear()

    def finish(self) -> None:
        """Take the file's end."""
        if not self.is_tried:
            self.try_first()
        if self.is_list:
            self._inflate(b"", MAX_LIST)
            self.is_broken |= not self._zlib.eof

    def _inflate(self, data: bytes, most: int) -> None:
        try:
            self.text += self._zlib.decompress(self._zlib.unconsumed_tail + data, most)
        except zlib.error:
            self.is_broken = True
        self.is_broken |= len(self.text) > MAX_LIST


class Auditable:
    """Finds the list of crates."""

    def __init__(self, path: str, layout: Layout) -> None:
        self._path = path
        self._loose = () if layout.is_go else layout.loose
        self._open = [_Inflation(low) for low, _ in layout.audited]
        self._list: _Inflation | None = None
        self._tried = 0

    def feed(self, window: Window) -> None:
        """Look at the next piece."""
        for each in self._open:
            each.feed(window)
        if not self._list:
            self._open += self._begun(window)
            self._list = next((each for each in self._open if each.is_list), None)
            self._open = [each for each in self._open if each is self._list or not (self._list or each.is_tried)]

    def done(self) -> Reading:
        """Return the crates that are in the program, but not those that only took part in its making."""
        for each in self._open:
            each.finish()
        found = next((each for each in self._open if each.is_list), None)
        if not found:
            return Reading(problems=self._given_up())
        if found.is_broken:
            return Reading(problems=(damaged(self._path, "the list of crates is no whole zlib data, or too long"),))
        return read(self._path, bytes(found.text))

    def _given_up(self) -> tuple[Problem, ...]:
        if self._tried < MAX_PLACES:
            return ()
        return (damaged(self._path, f"unknown: over {MAX_PLACES} places look like the list of crates, and none is"),)

    def _begun(self, window: Window) -> Iterator[_Inflation]:
        """Yield the places of this piece that may hold a list: those that do not show yet, and the first that does."""
        for span in self._loose if self._tried < MAX_PLACES else ():
            for at in window.match(_ZLIB, _WIDTH, span):
                self._tried += 1
                place = _Inflation(at)
                place.feed(window)
                if not place.is_tried or place.is_list:
                    yield place
                if place.is_list or self._tried >= MAX_PLACES:
                    return


def read(path: str, data: bytes) -> Reading:
    """Return the crates of a list."""
    try:
        crates = msgspec.json.decode(data, type=_Crates).packages
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Reading(problems=(damaged(path, f"the list of crates cannot be read ({error})"),))
    if len(crates) > MAX_CRATES:
        return Reading(problems=(damaged(path, f"the list has {len(crates)} crates"),))
    inside = dict.fromkeys((each.name, each.version) for each in crates if each.kind != _BUILD)
    return merged([record("cargo", name, version, path) for name, version in inside])
