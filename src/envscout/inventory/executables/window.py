"""A file that goes by in pieces: the piece at hand and the end of those before it, addressed by offsets in the file."""

import re
from collections.abc import Iterator

KEPT = 1 << 16
"""Bytes before the piece at hand that can still be seen."""

Span = tuple[int, int]
"""First offset of a part of a file, and the offset behind its last byte."""


class Window:
    """What can be seen of the file now. The same bytes in other pieces show the same things, each of them once."""

    def __init__(self) -> None:
        self._base = 0
        self._data = b""
        self._tail = b""

    @property
    def end(self) -> int:
        """Return the offset behind the last byte that went by."""
        return self._base + len(self._data)

    def move(self, piece: bytes) -> None:
        """Take the next piece."""
        if len(self._data) < KEPT:
            self._tail = (self._tail + self._data)[-KEPT:]
        else:
            self._tail = self._data[-KEPT:]
        self._base += len(self._data)
        self._data = piece

    def find(self, needle: bytes, span: Span) -> Iterator[int]:
        """Yield where a needle begins that came to its end with this piece and lies in the span; ascending."""
        for base, data in self._looks(len(needle), span):
            low, high = max(span[0] - base, 0), span[1] - base
            at = data.find(needle, low, high)
            while at >= 0:
                yield base + at
                at = data.find(needle, at + 1, high)

    def match(self, pattern: re.Pattern[bytes], width: int, span: Span) -> Iterator[int]:
        """Yield where a pattern of a fixed width matches, as `find` does."""
        for base, data in self._looks(width, span):
            low, high = max(span[0] - base, 0), span[1] - base
            for match in pattern.finditer(data, low, high):
                yield base + match.start()

    def take(self, low: int, high: int) -> bytes:
        """Return the bytes from `low` on that can be seen, up to `high`; none where `low` cannot be."""
        start = low - self._base
        if start >= 0:
            return self._data[start : high - self._base]
        start += len(self._tail)
        if start < 0:
            return b""
        return self._tail[start : start + high - low] + self._data[: max(high - self._base, 0)]

    def _looks(self, width: int, span: Span) -> Iterator[tuple[int, bytes]]:
        """Yield what to search for something `width` bytes long: across the border, then in the piece."""
        if span[0] >= self.end or span[1] <= self._base:
            return
        reach = width - 1
        before = self._tail[max(len(self._tail) - reach, 0) :]
        if before and reach:
            yield self._base - len(before), before + self._data[:reach]
        yield self._base, self._data


class Capture:
    """The bytes of a part of the file, as they come."""

    def __init__(self, start: int, size: int) -> None:
        self.start = start
        self.size = size
        self.data = bytearray()

    def feed(self, window: Window) -> None:
        """Take what the window shows of it."""
        if not self.is_whole:
            self.data += window.take(self.start + len(self.data), self.start + self.size)

    @property
    def is_whole(self) -> bool:
        """Tell whether all of it is here."""
        return len(self.data) >= self.size
