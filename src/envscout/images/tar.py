"""Walking the headers of a tar stream: ustar, GNU long names, PAX, base-256 numbers. Bodies are read only on demand.

Rules: POSIX.1-2017 pax(1) "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format".
Where those leave room we do as Go's archive/tar does, because that is what unpacks images. Names are handed on as
written: what is safe to do with a path is decided elsewhere.
"""

import re
from collections.abc import Iterable, Iterator
from zlib import adler32

import msgspec

from envscout.images.chunks import ChunkReader, DamagedError

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
    """One member. kind: one of the words above. name, link: as written. size: bytes of the body that follows."""

    kind: str
    name: str
    size: int
    link: str = ""


class Walker:
    """An iterator of entries; between two of them the body of the current one may be read, once."""

    def __init__(self, chunks: Iterable[bytes] | ChunkReader) -> None:
        self.reader = chunks if isinstance(chunks, ChunkReader) else ChunkReader(chunks)
        self._left = 0
        self._padding = 0
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
            size = _size(block)
            if block[156] in _EXTENSIONS:
                self._extend(block[156], size)
            else:
                yield self._entry(block, size)
        raise DamagedError(f"The tar stream has more than {MAX_ENTRIES:,} entries.", "too-many-entries")

    def body(self) -> bytes:
        """Return the body of the current entry. Raises DamagedError where the stream ends early."""
        size = self._left
        data = self.reader.read(size)
        self._left = 0
        if len(data) < size:
            raise DamagedError("The tar stream ends early, inside a file.")
        return data

    def body_pieces(self) -> Iterator[bytes]:
        """Yield the body of the current entry piece by piece. Raises DamagedError where the stream ends early."""
        for piece in self.reader.pieces(self._left):
            self._left -= len(piece)
            yield piece
        if self._left:
            raise DamagedError("The tar stream ends early, inside a file.")

    def _finish_body(self) -> None:
        rest = self._left + self._padding
        if self.reader.skip(rest) < rest - self._padding:
            raise DamagedError("The tar stream ends early, inside a file.")
        self._left = self._padding = 0

    def _check_end(self) -> None:
        """Two blocks of zeros end an archive; one and then more data is damage, and so is an extension of nothing."""
        if self._longname is not None or self._longlink is not None or self._pax:
            raise DamagedError("The tar stream ends early, after an extended header.")
        follower = self.reader.read(BLOCK)
        if follower.strip(b"\0"):
            raise DamagedError("The tar stream goes on after its end mark.")

    def _entry(self, block: bytes, size: int) -> Entry:
        flag = block[156:157]
        kind = _KINDS.get(flag, OTHER)
        name = _text(self._longname) if self._longname is not None else _name(block)
        link = ""
        if kind in (SYMLINK, HARD_LINK):
            link = _text(self._longlink if self._longlink is not None else _until_nul(block[157:257]))
        if self._pax:
            kind, name, size, link = self._with_pax(kind, name, size, link)
        if flag == b"\0" and name.endswith("/"):
            kind = DIRECTORY
        if flag == b"S" and block[482]:
            self._skip_sparse_map()
        self._longname = self._longlink = None
        self._left = 0 if flag[0] in _BODILESS else size
        self._padding = -self._left % BLOCK
        return Entry(kind, name, self._left, link)

    def _with_pax(self, kind: str, name: str, size: int, link: str) -> tuple[str, str, int, str]:
        pax, self._pax = self._pax, {}
        if b"path" in pax:
            name = _text(pax[b"path"])
        if b"linkpath" in pax and link:
            link = _text(pax[b"linkpath"])
        if b"size" in pax:
            size = _decimal(pax[b"size"])
        if kind == FILE and any(key.startswith(b"GNU.sparse.") for key in pax):
            kind = SPARSE
            name = _text(pax.get(b"GNU.sparse.name", b"")) or name
        return kind, name, size, link

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
            self._longname = _until_nul(data)
        elif flag in b"K":
            self._longlink = _until_nul(data)

    def _skip_sparse_map(self) -> None:
        """Pass over the blocks that continue an old GNU sparse header; byte 504 says whether another follows."""
        for _ in range(MAX_EXTENDED // BLOCK):
            block = self.reader.read(BLOCK)
            if len(block) < BLOCK:
                raise DamagedError("The tar stream ends early, inside a sparse file's map.")
            if not block[504]:
                return
        raise DamagedError("A sparse file's map is too large.")


def _check_sum(block: bytes) -> None:
    """Compare the checksum, the sum of all bytes with its own field read as spaces.

    Adler-32's lower half is one plus the sum of the bytes modulo 65521: the same sum, at the speed of C.
    """
    stored = _octal(block[148:156])
    low = adler32(block[156:], adler32(block[:148])) & 0xFFFF
    if low == (stored - 8 * 0x20 + 1) % _ADLER_MODULUS:
        return
    # Some historic writers summed signed bytes.
    signed = sum(byte - 256 if byte > 127 else byte for byte in block[:148] + block[156:])
    if signed + 8 * 0x20 != stored:
        raise DamagedError("A tar header has a wrong checksum.")


def _size(block: bytes) -> int:
    if block[124] & 0x80:
        size = int.from_bytes(block[125:136], "big") | (block[124] & 0x7F) << 88
        if size >= 1 << 62 or block[124] == 0xFF:
            raise DamagedError("A tar header has an impossible size.")
        return size
    return _octal(block[124:136])


def _octal(field: bytes) -> int:
    text = field.strip(b" \0") or b"0"
    try:
        if not text.isdigit():
            text = _until_nul(text).strip(b" ")
        return int(text, 8)
    except ValueError:
        raise DamagedError("A tar header has a number that is not octal.") from None


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 18:
        raise DamagedError("A PAX header has an impossible size.")
    return int(text)


def _name(block: bytes) -> str:
    name = _until_nul(block[:100])
    # GNU's magic is `ustar  `; there the prefix field holds other things.
    if block[257:263] == b"ustar\0" and block[345]:
        name = _until_nul(block[345:500]) + b"/" + name
    return _text(name)


def _until_nul(field: bytes) -> bytes:
    end = field.find(b"\0")
    return field if end < 0 else field[:end]


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _records(data: bytes) -> dict[bytes, bytes]:
    """Return the `length key=value\\n` records of a PAX header; an empty value removes the key."""
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        match = _RECORD.match(data, at)
        end = at + int(match.group(1)) if match else 0
        if not match or end > len(data) or data[end - 1 : end] != b"\n" or match.end() > end - 1:
            raise DamagedError("A PAX header is malformed.")
        value = data[match.end() : end - 1]
        if match.group(2) in (b"path", b"linkpath") and b"\0" in value:
            raise DamagedError("A PAX header has a path with a NUL in it.")
        records[match.group(2)] = value
        at = end
    return {key: value for key, value in records.items() if value}
