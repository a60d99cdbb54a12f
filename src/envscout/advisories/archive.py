"""Members of a zip of advisories, read off a memory map. Bounded: a zip of a stranger must not fill memory.

A member that cannot be read is one Problem (`broken-member`) and no more; a file that is no whole zip is a FeedError.
Layout of the headers: APPNOTE 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.
"""

import mmap
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

from envscout.errors import FeedError

MAX_MEMBERS = 5_000_000
MAX_MEMBER = 64 << 20
MAX_TOTAL = 32 << 30
# Deflate cannot shrink anything by more than 1032 to 1 (https://www.zlib.net/zlib_tech.html).
_MOST_RATIO = 1_040
_FULL = 0xFFFFFFFF
# The end record is followed by a comment of at most 65,535 bytes.
_TAIL = 22 + 0xFFFF
_END = struct.Struct("<10xHLL2x")
_LOCATOR = struct.Struct("<4s4xQ4x")
_END64 = struct.Struct("<32xQQQ")
_ENTRY = struct.Struct("<4s4xHH4xLLLHHH8xL")
_LOCAL = struct.Struct("<4s22xHH")
_STORED, _DEFLATED = 0, 8
_NEXT_STEP = "fetch the file again"


class BrokenMemberError(ValueError):
    """A member that cannot be read; the reason is the argument."""


class Member(NamedTuple):
    """Where a member lies. offset: of its local header. packed, size: bytes as stored and as they were."""

    name: str
    offset: int
    packed: int
    size: int
    crc: int
    method: int


class Archive:
    """An open zip. Use as a context manager; `read` is safe from several threads."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises FeedError where it cannot be opened or is empty."""
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise FeedError(f"{path} cannot be read: {error}", _NEXT_STEP) from error
        self.view = memoryview(self._map)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self.view.release()
        # An error on its way up still holds slices; then the file goes with them.
        with suppress(BufferError):
            self._map.close()

    def read(self, member: Member) -> bytes:
        """Return the bytes of a member. Raises BrokenMemberError."""
        start = self._start(member)
        packed = self.view[start : start + member.packed]
        if len(packed) != member.packed:
            raise BrokenMemberError("it ends beyond the end of the file")
        data = bytes(packed) if member.method == _STORED else _inflate(packed, member.size)
        if len(data) != member.size or zlib.crc32(data) != member.crc:
            raise BrokenMemberError("its bytes are not those its checksum was made of")
        return data

    def _start(self, member: Member) -> int:
        if member.method not in (_STORED, _DEFLATED):
            raise BrokenMemberError(f"compression method {member.method} is not supported")
        if member.size > min(MAX_MEMBER, max(member.packed, 64) * _MOST_RATIO):
            raise BrokenMemberError(f"it claims {member.size} bytes, more than it may have")
        try:
            magic, name, extra = _LOCAL.unpack_from(self.view, member.offset)
        except (struct.error, OverflowError) as error:
            raise BrokenMemberError("it begins beyond the end of the file") from error
        if magic != b"PK\x03\x04":
            raise BrokenMemberError("no member begins where the directory says")
        return member.offset + 30 + int(name) + int(extra)


def _inflate(packed: memoryview, size: int) -> bytes:
    try:
        if len(packed) * _MOST_RATIO <= MAX_MEMBER:
            # What is this small cannot grow beyond the bound, and need not be watched.
            return zlib.decompress(packed, -zlib.MAX_WBITS, size + 1)
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size + 1)
    except zlib.error as error:
        raise BrokenMemberError(f"it cannot be unpacked: {error}") from error


def directory(path: Path, suffix: str = ".json") -> list[Member]:
    """Return the members of a zip whose names end in suffix, in the order of the file.

    Raises FeedError where the zip is truncated, is no zip, holds no such member, or more than the bounds here.
    """
    with Archive(path) as archive:
        try:
            members = [member for member in _entries(archive.view) if member.name.endswith(suffix)]
        except (struct.error, OverflowError, BrokenMemberError) as error:
            raise FeedError(f"{path} is not a whole zip: {error}", _NEXT_STEP) from error
    if not members:
        raise FeedError(f"{path} holds no {suffix} member", "pass a zip of OSV records")
    if sum(member.size for member in members) > MAX_TOTAL:
        raise FeedError(f"{path} holds more than {MAX_TOTAL >> 30} GiB", "pass a smaller zip")
    return members


def _entries(view: memoryview) -> Iterator[Member]:
    """Yield the entries of the central directory (4.3.12), as many as its end record promises."""
    count, at = _end(view)
    if count > MAX_MEMBERS:
        raise BrokenMemberError(f"it holds more than {MAX_MEMBERS} members")
    for _ in range(count):
        magic, flags, method, crc, packed, size, name, extra, comment, offset = _ENTRY.unpack_from(view, at)
        if magic != b"PK\x01\x02":
            raise BrokenMemberError("its directory is damaged")
        text = bytes(view[at + 46 : at + 46 + name])
        fields = view[at + 46 + name : at + 46 + name + extra]
        if _FULL in (packed, size, offset):
            size, packed, offset = _long(fields, size, packed, offset)
        # An encrypted member is one whose method we do not know.
        yield Member(text.decode("utf-8", "replace"), offset, packed, size, crc, -1 if flags & 1 else method)
        at += 46 + name + extra + comment


def _end(view: memoryview) -> tuple[int, int]:
    """Return the number of entries and the offset of the first (4.3.16; where that overflows, 4.3.14)."""
    tail = bytes(view[-_TAIL:])
    place = tail.rfind(b"PK\x05\x06")
    if place < 0:
        raise BrokenMemberError("its end is missing")
    count, size, offset = _END.unpack_from(tail, place)
    place += max(0, len(view) - _TAIL)
    if count == 0xFFFF or offset == _FULL or size == _FULL:
        magic, far = _LOCATOR.unpack_from(view, place - 20) if place >= 20 else (b"", 0)
        if magic == b"PK\x06\x07":
            count, size, offset = _END64.unpack_from(view, far)
            place = far
    if offset + size > place:
        raise BrokenMemberError("its directory lies beyond its end")
    return count, offset


def _long(fields: memoryview, *values: int) -> tuple[int, int, int]:
    """Return size, packed size and offset, those that overflow taken from the zip64 field (4.5.3)."""
    at = 0
    while at + 4 <= len(fields):
        kind, length = struct.unpack_from("<HH", fields, at)
        if kind == 1:
            numbers = iter(struct.unpack_from(f"<{length // 8}Q", fields, at + 4))
            size, packed, offset = (next(numbers, value) if value == _FULL else value for value in values)
            return size, packed, offset
        at += 4 + length
    raise BrokenMemberError("a size is missing")
