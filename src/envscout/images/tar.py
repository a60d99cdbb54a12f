"""Walking the headers of a tar stream: ustar, GNU long names, PAX, base-256 numbers. Bodies are read only on demand.

Rules: POSIX.1-2017 pax(1) "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format".
Where those leave room we do as Go's archive/tar does, because that is what unpacks images. Names are handed on as
written: what is safe to do with a path is decided elsewhere.
"""

import re
from collections.abc import Iterable, Iterator
from zlib import adler32

import msgspec

from envscout.images import sparse
from envscout.images.chunks import ChunkReader, DamagedError
from envscout.images.fields import decimal, number, octal, until_nul

BLOCK = 512
MAX_EXTENDED = 1 << 20
MAX_ENTRIES = 10_000_000

FILE = "file"
DIRECTORY = "directory"
SYMLINK = "symlink"
HARD_LINK = "hard-link"
SPARSE = "sparse"
OTHER = "other"

_KINDS = {
    b"0": FILE,
    b"\0": FILE,
    b"7": FILE,
    b"1": HARD_LINK,
    b"2": SYMLINK,
    b"3": OTHER,
    b"4": OTHER,
    b"5": DIRECTORY,
    b"6": OTHER,
    b"S": SPARSE,
}
# These have no body, whatever their size field says.
_BODILESS = frozenset(b"123456")
_EXTENSIONS = frozenset(b"xXgLK")
_ZEROS = bytes(BLOCK)
_ADLER_MODULUS = 65521
_RECORD = re.compile(rb"([1-9][0-9]{0,9}) ([^=]+)=", re.DOTALL)


class Entry(msgspec.Struct, gc=False):
    """One member. kind: one of the words above. name, link: as written. size: bytes of its body.

    holes: bytes of a sparse file's body that the stream leaves out; -1 where it cannot be told which.
    """

    kind: str
    name: str
    size: int
    link: str = ""
    holes: int = 0


class Walker:
    """An iterator of entries; between two of them the body of the current one may be read, once."""

    def __init__(self, chunks: Iterable[bytes] | ChunkReader) -> None:
        self.reader = chunks if isinstance(chunks, ChunkReader) else ChunkReader(chunks)
        self._left = 0
        self._padding = 0
        self._layout: sparse.Layout | None = None
        self._longname: bytes | None = None
        self._longlink: bytes | None = None
        self._pax: dict[bytes, bytes] = {}

    def __iter__(self) -> Iterator[Entry]:
        """Yield every entry. Raises DamagedError where the stream ends early or is no tar."""
        read = self.reader.read
        for _ in range(MAX_ENTRIES):
            if self._left or self._padding:
                self._finish_body()
            block = read(BLOCK)
            if block == _ZEROS or not block:
                self._check_end()
                return
            if len(block) < BLOCK:
                raise DamagedError("The tar stream ends early, inside a header.")
            _check_sum(block)
            size = number(block[124:136])
            if block[156] in _EXTENSIONS:
                self._extend(block[156], size)
            else:
                yield self._entry(block, size)
        raise DamagedError(f"The tar stream has more than {MAX_ENTRIES:,} entries.", "too-many-entries")

    def body(self) -> bytes:
        """Return the body of the current entry. Raises DamagedError where the stream ends early."""
        if self._layout:
            return b"".join(self.body_pieces())
        size = self._left
        data = self.reader.read(size)
        self._left = 0
        if len(data) < size:
            raise DamagedError("The tar stream ends early, inside a file.")
        return data

    def body_pieces(self) -> Iterator[bytes]:
        """Yield the body of the current entry piece by piece. Raises DamagedError where the stream ends early."""
        if self._layout:
            layout, self._layout, self._left = self._layout, None, 0
            yield from sparse.expanded(self.reader, layout)
            return
        for piece in self.reader.pieces(self._left):
            self._left -= len(piece)
            yield piece
        if self._left:
            raise DamagedError("The tar stream ends early, inside a file.")

    def head(self, size: int) -> bytes:
        """Return the first `size` bytes of the current entry's body, or fewer, without taking them."""
        there = self.reader.peek(min(size, self._left))
        if not self._layout:
            return there
        first = self._layout.first(size)
        return b"".join(sparse.expanded(ChunkReader([there]), first)) if first.stored <= len(there) else b""

    def _finish_body(self) -> None:
        rest = self._left + self._padding
        if self.reader.skip(rest) < rest - self._padding:
            raise DamagedError("The tar stream ends early, inside a file.")
        self._left = self._padding = 0
        self._layout = None

    def _check_end(self) -> None:
        """Two blocks of zeros end an archive; one and then more data is damage, and so is an extension of nothing."""
        if self._longname is not None or self._longlink is not None or self._pax:
            raise DamagedError("The tar stream ends early, after an extended header.")
        follower = self.reader.read(BLOCK)
        if follower.strip(b"\0"):
            raise DamagedError("The tar stream goes on after its end mark.")

    def _entry(self, block: bytes, size: int) -> Entry:
        flag = block[156:157]
        if flag == b"0" and self._longname is None and not self._pax:
            # What most entries are: a plain file with all in its header.
            self._left = size
            self._padding = -size % BLOCK
            self._longlink = None
            return Entry(FILE, _name(block), size)
        kind = _KINDS.get(flag, OTHER)
        name = _text(self._longname) if self._longname is not None else _name(block)
        link = ""
        if kind in (SYMLINK, HARD_LINK):
            link = _text(self._longlink if self._longlink is not None else until_nul(block[157:257]))
        pax = self._pax
        if pax:
            self._pax = {}
            kind, name, size, link = _with_pax(pax, kind, name, size, link)
        if flag == b"\0" and name.endswith("/"):
            kind = DIRECTORY
        self._longname = self._longlink = None
        self._left = 0 if flag[0] in _BODILESS else size
        self._padding = -self._left % BLOCK
        return self._sparse(block, name, pax) if kind == SPARSE else Entry(kind, name, self._left, link)

    def _sparse(self, block: bytes, name: str, pax: dict[bytes, bytes]) -> Entry:
        """Return an entry with its whole size, its map read; one that makes no sense leaves the file unreadable."""
        if block[156:157] == b"S":
            numbers: list[int] | None = self._old_map(block)
            size = number(block[483:495])
        else:
            size = sparse.pax_size(pax)
            numbers = self._map_in_body() if sparse.is_version_1(pax) else sparse.pax_numbers(pax)
        self._layout = sparse.layout(numbers, size, self._left)
        holes = size - self._left if self._layout else -1
        return Entry(SPARSE, name, size if self._layout else self._left, holes=holes)

    def _old_map(self, block: bytes) -> list[int]:
        """Return the map of an old GNU sparse header; byte 504 of each block that continues it tells of another."""
        numbers, has_more = sparse.old_numbers(block[386:482]), block[482]
        for _ in range(MAX_EXTENDED // BLOCK):
            if not has_more:
                return numbers
            block = self.reader.read(BLOCK)
            if len(block) < BLOCK:
                raise DamagedError("The tar stream ends early, inside a sparse file's map.")
            numbers += sparse.old_numbers(block[:504])
            has_more = block[504]
        raise DamagedError("A sparse file's map is too large.")

    def _map_in_body(self) -> list[int] | None:
        """Take the map that whole blocks before the bytes hold: a count of fragments, offsets, lengths, one a line."""
        text, lines, wanted = bytearray(), 0, 1
        while lines < wanted:
            block = self.reader.read(BLOCK) if self._left >= BLOCK and len(text) < MAX_EXTENDED else b""
            if len(block) < BLOCK:
                return None
            self._left -= BLOCK
            text += block
            if not lines and (count := sparse.decimals([bytes(text[:20]).partition(b"\n")[0]])):
                wanted += 2 * count[0]
            lines += block.count(b"\n")
        return sparse.decimals(bytes(text).split(b"\n")[1:wanted])

    def _extend(self, flag: int, size: int) -> None:
        """Take in a header that speaks about the next entry; a global one speaks about none, as in Go."""
        if size > MAX_EXTENDED:
            raise DamagedError(f"An extended tar header of {size:,} bytes is larger than {MAX_EXTENDED:,}.")
        data = self.reader.read(size)
        if len(data) < size or self.reader.skip(-size % BLOCK) < -size % BLOCK:
            raise DamagedError("The tar stream ends early, inside an extended header.")
        if flag in b"xX":
            self._pax.update(_records(data))
        elif flag in b"L":
            self._longname = until_nul(data)
        elif flag in b"K":
            self._longlink = until_nul(data)


def _with_pax(pax: dict[bytes, bytes], kind: str, name: str, size: int, link: str) -> tuple[str, str, int, str]:
    if b"path" in pax:
        name = _text(pax[b"path"])
    if b"linkpath" in pax and link:
        link = _text(pax[b"linkpath"])
    if b"size" in pax:
        size = decimal(pax[b"size"])
    if kind == FILE and any(key.startswith(b"GNU.sparse.") for key in pax):
        kind = SPARSE
        name = _text(pax.get(b"GNU.sparse.name", b"")) or name
    return kind, name, size, link


def _check_sum(block: bytes) -> None:
    """Compare the checksum, the sum of all bytes with its own field read as spaces.

    Adler-32's lower half is one plus the sum of the bytes modulo 65521: the same sum, at the speed of C.
    """
    stored = octal(block[148:156])
    low = adler32(block[156:], adler32(block[:148])) & 0xFFFF
    if low == (stored - 8 * 0x20 + 1) % _ADLER_MODULUS:
        return
    # Some historic writers summed signed bytes.
    signed = sum(byte - 256 if byte > 127 else byte for byte in block[:148] + block[156:])
    if signed + 8 * 0x20 != stored:
        raise DamagedError("A tar header has a wrong checksum.")


def _name(block: bytes) -> str:
    name = block[:100].partition(b"\0")[0]
    # GNU's magic is `ustar  `; there the prefix field holds other things.
    if block[257:263] == b"ustar\0" and block[345]:
        name = until_nul(block[345:500]) + b"/" + name
    return _text(name)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _records(data: bytes) -> dict[bytes, bytes]:
    """Return the `length key=value\\n` records of a PAX header; an empty value removes the key."""
    records: dict[bytes, bytes] = {}
    fragments: list[bytes] = []
    at = 0
    while at < len(data):
        match = _RECORD.match(data, at)
        end = at + int(match.group(1)) if match else 0
        if not match or end > len(data) or data[end - 1 : end] != b"\n" or match.end() > end - 1:
            raise DamagedError("A PAX header is malformed.")
        value = data[match.end() : end - 1]
        if match.group(2) in (b"path", b"linkpath") and b"\0" in value:
            raise DamagedError("A PAX header has a path with a NUL in it.")
        if match.group(2) in sparse.REPEATED:
            fragments.append(value)
        else:
            records[match.group(2)] = value
        at = end
    if fragments:
        records[sparse.MAP] = b",".join(fragments)
    return {key: value for key, value in records.items() if value}
