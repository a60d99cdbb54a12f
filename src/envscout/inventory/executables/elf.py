"""The head of an ELF file (System V gABI, chapters 4 and 5) as a Layout: program headers tell what is loaded where."""

import struct
from collections.abc import Iterator

import msgspec

from envscout.inventory.executables.layout import MAX_PARTS, Layout, anywhere, between, joined

MAGIC = b"\x7fELF"

_KINDS = (b"\2\0", b"\3\0", b"\0\2", b"\0\3")
"""ET_EXEC and ET_DYN, in both byte orders."""

_LOAD, _NOTE = 1, 4
_EXECUTABLE, _WRITABLE = 1, 2
_BITS = 1  # SHT_PROGBITS
_INLINE = 32
"""Bytes of Go build information that holds pointers; that with text is larger."""

_GO = b"Go\0\0"
"""The owner of the note that holds Go's build id."""


class _Form(msgspec.Struct, frozen=True):
    """Where 32 and 64 bit files keep what, and the order of the fields in their tables."""

    header: int
    fields: str
    segment: str
    segment_order: tuple[int, ...]
    section: str


_FORMS = {
    1: _Form(28, "III6H", "8I", (0, 6, 1, 2, 4), "10I"),
    2: _Form(32, "QQI6H", "IIQQQQQQ", (0, 1, 2, 3, 5), "IIQQQQIIQQ"),
}
_ORDERS = {1: "<", 2: ">"}


class _Segment(msgspec.Struct, frozen=True):
    kind: int
    flags: int
    offset: int
    address: int
    size: int


def is_program(head: bytes) -> bool:
    """Tell whether this is the beginning of a program or shared library, not of an object file or a core dump."""
    return head[16:18] in _KINDS


def read(head: bytes, size: int) -> Layout:
    """Return the layout of an ELF file, given its beginning and its size in bytes; `anywhere` if that does not tell."""
    try:
        form, order = _FORMS[head[4]], _ORDERS[head[5]]
        segments = list(_segments(head, form, order))
        is_go = any(_GO in head[each.offset : each.offset + each.size] for each in segments if each.kind == _NOTE)
        is_inline = is_go and _is_inline(head, form, order, segments)
    except (struct.error, KeyError, IndexError, OverflowError):
        return anywhere(size)
    loaded = [each for each in segments if each.kind == _LOAD and each.size]
    if not loaded:
        return anywhere(size)
    spans = [(each.offset, each.offset + each.size, each.flags & (_EXECUTABLE | _WRITABLE)) for each in loaded]
    return Layout(
        data=joined(((low, high) for low, high, flags in spans if flags & _WRITABLE), size),
        constants=joined(((low, high) for low, high, flags in spans if not flags), size),
        loose=between(joined(((low, high) for low, high, _ in spans), size), size),
        mapped=tuple((each.address, each.offset, each.size) for each in loaded),
        is_go=is_go,
        is_inline=is_inline,
    )


def _segments(head: bytes, form: _Form, order: str) -> Iterator[_Segment]:
    """Yield the program headers; raises struct.error where they are not all in the head."""
    place, _, _, _, width, number, *_ = struct.unpack_from(order + form.fields, head, form.header)
    if number > MAX_PARTS:
        raise struct.error("too many program headers")
    for index in range(number):
        fields = struct.unpack_from(order + form.segment, head, place + index * width)
        yield _Segment(*(fields[each] for each in form.segment_order))


def _is_inline(head: bytes, form: _Form, order: str, segments: list[_Segment]) -> bool:
    """Tell whether the section table shows Go build information that holds text.

    Go's own linker writes that table behind the program headers, and puts the build information, which it aligns to 16
    bytes, first into the variables; with other linkers the table ends the file, and we cannot tell.
    """
    _, place, _, _, _, _, width, number, _ = struct.unpack_from(order + form.fields, head, form.header)
    first = min((each.offset for each in segments if each.kind == _LOAD and each.flags & _WRITABLE), default=0)
    if not place or number > MAX_PARTS or place + number * width > len(head):
        return False
    for index in range(number):
        _, kind, _, _, offset, size, _, _, align, _ = struct.unpack_from(
            order + form.section, head, place + index * width
        )
        if kind == _BITS and offset == first and align == 16 and size > _INLINE:
            return True
    return False
