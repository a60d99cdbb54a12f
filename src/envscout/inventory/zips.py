"""Zip archives that lie in images: the members that are of interest, found and inflated within bounds.

Layout: APPNOTE 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3. An archive is a window on
bytes, so that one stored in another is read where it lies. The directory is walked and not parsed, three lengths a
member: `zipfile` takes 5 microseconds a member, this 0.2, and archives have up to 100,000. An archive may hold itself,
or the same bytes a thousand times: whoever follows archives in archives takes what is read off one Allowance.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from envscout.names import bounds

MAX_NAME = 1024
"""Bytes of a member's name; one with a longer name is not looked at."""

MAX_DEPTH = 4
"""How deep archives in archives are read, the file itself counted."""

_ALLOWANCE = 64 << 20
_GROWTH = 8
"""Bytes that are read of what lies in a file: so many, and so many times its size."""

_LEAST = 4096
"""Bytes that any member counts for, so that very many small ones come to an end, too."""

_SHOWN = 300
"""Characters of a path in an archive that are told."""

_TAIL = 22 + 0xFFFF
_MAX_ENDS = 8
_END = struct.Struct("<4s8xLLH")
_END64 = struct.Struct("<40xQQ")
_LENGTHS = struct.Struct("<28xHHH").unpack_from
_FIELDS = struct.Struct("<8xHH4xLLL14xL").unpack_from
_LOCAL = struct.Struct("<4s22xHH").unpack_from
_FULL = 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_LARGE = 1 << 16
"""Packed bytes above which the quick library is worth its import."""


class BrokenArchiveError(ValueError):
    """An archive or a member that cannot be read; the reason is the argument."""


class ExhaustedError(Exception):
    """A file holds more than is read of one; the reason is the argument."""


class Member(NamedTuple):
    """Where a member lies. offset: of its local header, from the start of the bytes; method: -1 if encrypted."""

    name: str
    offset: int
    packed: int
    size: int
    crc: int
    method: int


class Window(NamedTuple):
    """The part of some bytes that holds an archive, from start up to, not including, end."""

    data: bytes
    start: int
    end: int

    @property
    def size(self) -> int:
        """Return how many bytes it spans."""
        return self.end - self.start


class Allowance:
    """What may still be read of the members of one file, those of archives in it counted."""

    def __init__(self, size: int) -> None:
        """Begin with what a file of this many bytes is given."""
        self._left = _ALLOWANCE + _GROWTH * size

    def take(self, size: int) -> None:
        """Count a member of so many bytes. Raises ExhaustedError."""
        self._left -= max(size, _LEAST)
        if self._left < 0:
            raise ExhaustedError("it holds more bytes in archives than are read; not all packages are listed")


class _Directory(NamedTuple):
    """Where the central directory lies, and by how much the offsets in it are to be moved."""

    start: int
    end: int
    shift: int


def whole(data: bytes) -> Window:
    """Return the window on an archive that is all of some bytes."""
    return Window(data, 0, len(data))


def joined(inside: str, name: str) -> str:
    """Return the path of a member of an archive within the file: `BOOT-INF/lib/a.jar!/META-INF/...`.

    inside: the path of the archive, "" for the file itself.
    """
    return f"{inside}!/{name}" if inside else name


def about(inside: str, message: str) -> str:
    """Return a message about what lies at `inside` in a file: printable, with a beginning of that path."""
    return f"{bounds.escaped(inside[:_SHOWN])}: {message}" if inside else message


def is_zip(window: Window) -> bool:
    """Tell whether bytes may hold an archive, whatever precedes it."""
    return window.data.rfind(b"PK\x05\x06", max(window.start, window.end - _TAIL), window.end) >= 0


def members(window: Window, tails: frozenset[bytes]) -> Iterator[Member]:
    """Yield the members whose names end in one of these four bytes, in the order of the directory.

    Raises BrokenArchiveError where there is no directory, or, after what could be read, where it is damaged.
    """
    data = window.data
    directory = _directory(window)
    at, end = directory.start, directory.end
    while at < end:
        try:
            name, extra, comment = _LENGTHS(data, at)
        except struct.error as error:
            raise BrokenArchiveError("its directory is truncated") from error
        stop = at + 46 + name
        if data[stop - 4 : stop] in tails and name <= MAX_NAME and stop <= end:
            if data[at : at + 4] != b"PK\x01\x02":
                break
            yield _member(data, at, stop, extra, directory.shift)
        at = stop + extra + comment
    if at != end:
        raise BrokenArchiveError("its directory is damaged")


def _member(data: bytes, at: int, stop: int, extra: int, shift: int) -> Member:
    flags, method, crc, packed, size, offset = _FIELDS(data, at)
    if _FULL in (packed, size, offset):
        size, packed, offset = _long(data[stop : stop + extra], size, packed, offset)
    name = data[at + 46 : stop].decode("utf-8", "backslashreplace")
    return Member(name, offset + shift, packed, size, crc, -1 if flags & 1 else method)


def _long(fields: bytes, *values: int) -> tuple[int, int, int]:
    """Return size, packed size and offset, those that overflow taken from the zip64 field (4.5.3)."""
    at = 0
    while at + 4 <= len(fields):
        kind, length = struct.unpack_from("<HH", fields, at)
        if kind == 1:
            held = fields[at + 4 : at + 4 + length]
            numbers = iter(struct.unpack_from(f"<{len(held) // 8}Q", held))
            size, packed, offset = (next(numbers, value) if value == _FULL else value for value in values)
            return size, packed, offset
        at += 4 + length
    raise BrokenArchiveError("a size is missing in its directory")


def _directory(window: Window) -> _Directory:
    """Return where the directory lies. A comment may hold what looks like an end; then an earlier one is right."""
    data, start, end = window
    place = end
    for _ in range(_MAX_ENDS):
        place = data.rfind(b"PK\x05\x06", max(start, end - _TAIL), place)
        if place < 0:
            break
        found = _candidate(window, place)
        if found:
            return found
    raise BrokenArchiveError("it is no whole zip archive: its directory is missing")


def _candidate(window: Window, place: int) -> _Directory | None:
    """Return the directory that the end record at `place` tells of, None where there is none.

    What precedes the archive, such as a shell script, moves everything: the directory ends where its end record begins.
    """
    data, start, end = window
    if place + 22 > end:
        return None
    _, size, offset, _ = _END.unpack_from(data, place)
    if size == _FULL or offset == _FULL or data[place - 20 : place - 16] == b"PK\x06\x07":
        far = data.rfind(b"PK\x06\x06", max(start, place - 20 - _TAIL), max(start, place - 20))
        if far >= 0 and far + 56 <= end:
            size, offset = _END64.unpack_from(data, far)
            place = far
    for at in (place - size, start + offset):
        if start <= at <= place and (data[at : at + 4] == b"PK\x01\x02" or not size):
            return _Directory(at, min(at + size, place), at - offset)
    return None


def opened(window: Window, member: Member) -> Window:
    """Return an archive in an archive; one that is stored lies there as it is and is not copied.

    Raises BrokenArchiveError where the member cannot be read.
    """
    if member.method == _STORED:
        start = _start(window, member)
        return Window(window.data, start, start + member.packed)
    return whole(content(window, member, member.size))


def content(window: Window, member: Member, limit: int, *, part: bool = False) -> bytes:
    """Return the bytes of a member, at most `limit`. Raises BrokenArchiveError.

    part: where it has more bytes than that its beginning will do.
    """
    if member.size > limit and not part:
        raise BrokenArchiveError(f"it has {member.size:,} bytes, more than are read")
    start = _start(window, member)
    packed = memoryview(window.data)[start : start + member.packed]
    most = limit if part else member.size + 1
    data = bytes(packed[:most]) if member.method == _STORED else _inflate(packed, most)
    if len(data) < limit or not part:
        _check(data, member)
    return data


def _check(data: bytes, member: Member) -> None:
    if len(data) != member.size or zlib.crc32(data) != member.crc:
        raise BrokenArchiveError("its bytes are not those its checksum was made of")


def _start(window: Window, member: Member) -> int:
    """Return where a member's bytes begin; all of them lie within the window."""
    if member.method not in (_STORED, _DEFLATED):
        said = "encrypted" if member.method < 0 else f"compressed by method {member.method}"
        raise BrokenArchiveError(f"it is {said}, which cannot be read")
    if not window.start <= member.offset <= window.end - 30:
        raise BrokenArchiveError("it begins beyond the end of the archive")
    magic, name, extra = _LOCAL(window.data, member.offset)
    if magic != b"PK\x03\x04":
        raise BrokenArchiveError("no member begins where the directory says")
    start: int = member.offset + 30 + name + extra
    if start + member.packed > window.end:
        raise BrokenArchiveError("it ends beyond the end of the archive")
    return start


def _inflate(packed: memoryview, limit: int) -> bytes:
    if len(packed) > _LARGE:
        return _inflate_large(packed, limit)
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit)
    except zlib.error as error:
        raise BrokenArchiveError(f"it cannot be inflated: {error}") from error


def _inflate_large(packed: memoryview, limit: int) -> bytes:
    from isal import igzip_lib

    # The stubs of isal call this class an instance.
    broken: Any = igzip_lib.IsalError
    try:
        return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE).decompress(packed, limit)
    except (broken, EOFError, ValueError) as error:
        raise BrokenArchiveError(f"it cannot be inflated: {error}") from error
