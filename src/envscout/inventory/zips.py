"""Zip archives that lie in images: their directory and single members, within bounds.

Only what is needed of APPNOTE.TXT 6.3.10: stored and deflated members, zip64 sizes, data before the archive. Python's
zipfile reads a whole directory before it can be bounded, and raises a dozen kinds of errors.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

MAX_MEMBERS = 200_000
"""Members of one archive that are looked at."""

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_COMMENT = 0xFFFF
_ENCRYPTED = 1
_STORED, _DEFLATED = 0, 8
_SATURATED = 0xFFFFFFFF


class Damaged(ValueError):
    """An archive or a member that cannot be read; the text says why."""


class Member(msgspec.Struct, frozen=True):
    """One member. offset: of its local header; packed: bytes stored, both counted in the archive's bytes."""

    name: str
    offset: int
    packed: int
    method: int
    encrypted: bool


def members(data: bytes) -> Iterator[Member]:
    """Yield the members in the order of the directory. Raises Damaged where the directory cannot be read on."""
    at, end, shift = _directory(data)
    for _ in range(MAX_MEMBERS):
        if at >= end:
            return
        if at + _CENTRAL.size > end or data[at : at + 4] != b"PK\1\2":
            raise Damaged("the directory of the archive is damaged")
        fields = _CENTRAL.unpack_from(data, at)
        flags, method, packed, size = fields[5], fields[6], fields[10], fields[11]
        name_size, extra_size, comment_size, offset = fields[12], fields[13], fields[14], fields[18]
        name = data[at + _CENTRAL.size : at + _CENTRAL.size + name_size]
        extra_at = at + _CENTRAL.size + name_size
        if _SATURATED in (packed, size, offset):
            packed, offset = _sizes64(data[extra_at : extra_at + extra_size], size, packed, offset)
        yield Member(name.decode("utf-8", "backslashreplace"), offset + shift, packed, method, bool(flags & _ENCRYPTED))
        at = extra_at + extra_size + comment_size
    raise Damaged(f"the archive has more than {MAX_MEMBERS} members")


def content(data: bytes, member: Member, limit: int) -> bytes:
    """Return a member's bytes. Raises Damaged if they cannot be read or are more than `limit`."""
    if member.encrypted:
        raise Damaged(f"the member {member.name!r} is encrypted")
    start = _start(data, member)
    packed = memoryview(data)[start : start + member.packed]
    if len(packed) < member.packed:
        raise Damaged(f"the member {member.name!r} is cut short")
    if member.method == _STORED:
        plain = bytes(packed[: limit + 1])
    elif member.method == _DEFLATED:
        plain = _inflated(packed, member, limit)
    else:
        raise Damaged(f"the member {member.name!r} is packed by method {member.method}")
    if len(plain) > limit:
        raise Damaged(f"the member {member.name!r} has more than {limit} bytes")
    return plain


def _inflated(packed: memoryview, member: Member, limit: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit + 1)
    except zlib.error as error:
        raise Damaged(f"the member {member.name!r} cannot be inflated ({error})") from error


def _start(data: bytes, member: Member) -> int:
    if not 0 <= member.offset <= len(data) - _LOCAL.size or data[member.offset : member.offset + 4] != b"PK\3\4":
        raise Damaged(f"the member {member.name!r} lies nowhere")
    fields = _LOCAL.unpack_from(data, member.offset)
    name_size, extra_size = fields[9], fields[10]
    return member.offset + _LOCAL.size + int(name_size) + int(extra_size)


def _directory(data: bytes) -> tuple[int, int, int]:
    """Return begin and end of the directory, and how many bytes precede the archive."""
    at = data.rfind(b"PK\5\6", max(0, len(data) - _END.size - _MAX_COMMENT))
    if at < 0 or at + _END.size > len(data):
        raise Damaged("no zip archive")
    fields = _END.unpack_from(data, at)
    size, offset = int(fields[5]), int(fields[6])
    if _SATURATED in (size, offset) or fields[4] == _MAX_COMMENT:
        at, size, offset = _directory64(data, at, size, offset)
    shift = at - size - offset
    if shift < 0:
        raise Damaged("the directory of the archive lies outside it")
    return at - size, at, shift


def _directory64(data: bytes, at: int, size: int, offset: int) -> tuple[int, int, int]:
    place = at - _LOCATOR.size - _END64.size
    if place < 0 or data[place : place + 4] != b"PK\6\6":
        return at, size, offset
    fields = _END64.unpack_from(data, place)
    return place, int(fields[8]), int(fields[9])


def _sizes64(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int]:
    """Return packed size and offset of the zip64 extra field, which holds those of the three that are saturated."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            values = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            _ = next(values, 0) if size == _SATURATED else 0
            packed = next(values, packed) if packed == _SATURATED else packed
            offset = next(values, offset) if offset == _SATURATED else offset
            break
        at += 4 + length
    return packed, offset
