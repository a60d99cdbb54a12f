"""The head of a Windows program (Microsoft, PE Format) as a Layout: the section table tells what lies where."""

import struct

from envscout.inventory.executables.layout import MAX_PARTS, Layout, anywhere, joined

MAGIC = b"MZ"

_POINTER = 0x3C
_IMAGE_BASE = {0x10B: ("<I", 28), 0x20B: ("<Q", 24)}
"""By the magic number of the optional header: form and place of the address of the whole."""

_SECTION = struct.Struct("<8sIIII12xI")
_EXECUTABLE, _WRITABLE = 0x20000000, 0x80000000
_AUDITED = b".dep-v0\0"
_GO = b'\xff Go build ID: "'


def read(head: bytes, size: int) -> Layout:
    """Return the layout of a program, given its beginning and its size in bytes; `anywhere` if that does not tell."""
    try:
        return _read(head, size)
    except struct.error:
        return anywhere(size)


def _read(head: bytes, size: int) -> Layout:
    at = struct.unpack_from("<I", head, _POINTER)[0]
    if head[at : at + 4] != b"PE\0\0":
        return Layout()
    number, optional = struct.unpack_from("<2xH12xH", head, at + 4)
    form, place = _IMAGE_BASE.get(struct.unpack_from("<H", head, at + 24)[0], ("<I", 28))
    base = struct.unpack_from(form, head, at + 24 + place)[0]
    sections = [_SECTION.unpack_from(head, at + 24 + optional + 40 * each) for each in range(min(number, MAX_PARTS))]
    spans = [(offset, offset + raw, flags & (_EXECUTABLE | _WRITABLE)) for _, _, _, raw, offset, flags in sections]
    return Layout(
        data=joined(((low, high) for low, high, flags in spans if flags & _WRITABLE), size),
        constants=joined(((low, high) for low, high, flags in spans if not flags), size),
        audited=joined(((offset, offset + raw) for name, _, _, raw, offset, _ in sections if name == _AUDITED), size),
        mapped=tuple((base + address, offset, raw) for _, _, address, raw, offset, _ in sections),
        is_go=_GO in head,
    )
