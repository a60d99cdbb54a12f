"""The head of a macOS program (mach-o/loader.h, mach-o/fat.h) as a Layout: load commands tell what lies where."""

import struct
from collections.abc import Iterator

import msgspec

from envscout.inventory.executables.layout import MAX_PARTS, Layout, anywhere, joined
from envscout.inventory.executables.window import Span

ORDERS = {
    b"\xfe\xed\xfa\xce": ">",
    b"\xfe\xed\xfa\xcf": ">",
    b"\xce\xfa\xed\xfe": "<",
    b"\xcf\xfa\xed\xfe": "<",
}
"""Byte order by magic number."""

FAT = b"\xca\xfe\xba\xbe"
MAX_SLICES = 16

_WRITABLE = 2
_CODE = 0x80000400
"""Flags of sections that hold instructions."""

_AUDITED = b".dep-v0".ljust(16, b"\0")
_GO = b'\xff Go build ID: "'


class _Form(msgspec.Struct, frozen=True):
    """Load command of a segment, and the forms of the tables."""

    header: int
    command: int
    segment: str
    section: str


_NARROW = _Form(28, 1, "16sIIIIiiI4x", "16s16sIII12xI8x")
_WIDE = _Form(32, 0x19, "16sQQQQiiI4x", "16s16sQQI12xI12x")


class _Section(msgspec.Struct, frozen=True):
    name: bytes
    span: Span
    is_writable: bool
    is_code: bool


def is_fat(head: bytes) -> bool:
    """Tell whether a file holds several programs; Java classes begin as it does, and then have a version over 44."""
    return 0 < int.from_bytes(head[4:8]) <= MAX_SLICES


def slices(head: bytes) -> list[Span]:
    """Return the programs that a fat file holds, each for another processor, in their order; they do not overlap."""
    number = int.from_bytes(head[4:8])
    if not is_fat(head) or len(head) < 8 + 20 * number:
        return []
    found = [struct.unpack_from(">8xII", head, 8 + 20 * index) for index in range(number)]
    spans = sorted((offset, offset + size) for offset, size in found)
    return [span for before, span in zip([(0, 0), *spans], spans, strict=False) if before[1] <= span[0]]


def read(head: bytes, size: int) -> Layout:
    """Return the layout of a program, given its beginning and its size in bytes; `anywhere` if that does not tell."""
    order = ORDERS.get(head[:4])
    if not order:
        return Layout()
    form = _WIDE if b"\xcf" in head[:4] else _NARROW
    mapped: list[tuple[int, int, int]] = []
    try:
        sections = list(_sections(head, order, form, mapped))
    except struct.error:
        return anywhere(size)
    return Layout(
        data=joined((each.span for each in sections if each.is_writable), size),
        constants=joined((each.span for each in sections if not each.is_writable and not each.is_code), size),
        audited=joined((each.span for each in sections if each.name == _AUDITED), size),
        mapped=tuple(mapped),
        is_go=_GO in head,
    )


def _sections(head: bytes, order: str, form: _Form, mapped: list[tuple[int, int, int]]) -> Iterator[_Section]:
    """Yield the sections, and note which address each segment is loaded at."""
    at = form.header
    for _ in range(min(struct.unpack_from(order + "I", head, 16)[0], MAX_PARTS)):
        command, length = struct.unpack_from(order + "II", head, at)
        if command == form.command:
            yield from _of_segment(head, order, form, at + 8, mapped)
        at += max(length, 8)


def _of_segment(
    head: bytes, order: str, form: _Form, at: int, mapped: list[tuple[int, int, int]]
) -> Iterator[_Section]:
    _, address, _, offset, size, _, protection, number = struct.unpack_from(order + form.segment, head, at)
    mapped.append((address, offset, size))
    at += struct.calcsize(order + form.segment)
    width = struct.calcsize(order + form.section)
    for _ in range(min(number, MAX_PARTS)):
        name, _, _, size, offset, flags = struct.unpack_from(order + form.section, head, at)
        at += width
        yield _Section(name, (offset, offset + size), bool(protection & _WRITABLE), bool(flags & _CODE))
