"""One section of an ELF file (System V ABI, chapter 4), of either class and byte order."""

import struct

MAGIC = b"\x7fELF"
"""How such a file begins."""

MAX_SECTIONS = 10_000
"""Sections that are looked at; a module built by function has some thousands."""

MAX_SECTION = 1 << 20
"""Bytes of a section that are returned."""

_LAYOUTS = {1: ("HHIIIIIHHHHHH", "IIIIIIIIII"), 2: ("HHIQQQIHHHHHH", "IIQQQQIIQQ")}
_IDENT = 16


class Damaged(ValueError):
    """Bytes that are no ELF file, or one whose sections cannot be found."""


def section(data: bytes, name: bytes) -> bytes:
    """Return at most MAX_SECTION bytes of the first section of that name, b"" if there is none. Raises Damaged."""
    if data[:4] != MAGIC or len(data) < _IDENT or data[4] not in _LAYOUTS or data[5] not in (1, 2):
        raise Damaged("not an ELF file")
    order = "<" if data[5] == 1 else ">"
    header, entry = (struct.Struct(order + layout) for layout in _LAYOUTS[data[4]])
    try:
        fields = header.unpack_from(data, _IDENT)
        start, size, count, names = fields[5], fields[10], min(fields[11], MAX_SECTIONS), fields[12]
        if size < entry.size:
            return b""
        text = entry.unpack_from(data, start + names * size)
        for number in range(count):
            found = entry.unpack_from(data, start + number * size)
            at = text[4] + found[0]
            if data[at : at + len(name) + 1] == name + b"\0":
                return data[found[4] : found[4] + min(found[5], MAX_SECTION)]
    except (struct.error, OverflowError) as error:
        raise Damaged(f"its sections are cut short ({error})") from error
    return b""
