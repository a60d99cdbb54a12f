"""What the beginning of an executable tells about the rest of it: which parts hold variables, constants, or neither."""

from collections.abc import Iterable

import msgspec

from envscout.inventory.executables.window import Span

HEAD = 1 << 16
"""Bytes of a file's beginning that a layout is read from."""

MAX_PARTS = 256
"""Segments or sections that are looked at."""


class Layout(msgspec.Struct, frozen=True):
    """Where to look in an executable, as offsets in the file.

    data: what a program may write to. constants: what it may only read. loose: what is not loaded into memory. audited:
    sections named `.dep-v0`, where the beginning of the file says so. mapped: address, offset and size of what is
    loaded. is_go: it has a build id of Go. is_inline: its Go build information is known to hold text, not pointers.
    """

    data: tuple[Span, ...] = ()
    constants: tuple[Span, ...] = ()
    loose: tuple[Span, ...] = ()
    audited: tuple[Span, ...] = ()
    mapped: tuple[tuple[int, int, int], ...] = ()
    is_go: bool = False
    is_inline: bool = False

    def offset(self, address: int) -> int | None:
        """Return where in the file an address of the program lies, None if nowhere."""
        for start, offset, size in self.mapped:
            if start <= address < start + size:
                return offset + address - start
        return None


def anywhere(size: int) -> Layout:
    """Return the layout of a file whose beginning does not tell: anything may be anywhere."""
    return Layout(data=((0, size),), loose=((0, size),))


def joined(spans: Iterable[Span], size: int) -> tuple[Span, ...]:
    """Return spans within the file in ascending order, those that touch or overlap joined."""
    found: list[Span] = []
    for low, high in sorted(spans):
        high = min(high, size)
        if low >= high:
            continue
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def between(spans: Iterable[Span], size: int) -> tuple[Span, ...]:
    """Return what lies between joined spans, up to the file's end."""
    found = []
    at = 0
    for low, high in spans:
        if at < low:
            found.append((at, low))
        at = high
    if at < size:
        found.append((at, size))
    return tuple(found)
