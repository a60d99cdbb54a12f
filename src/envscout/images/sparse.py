"""Sparse files in tar streams: which of their bytes are there, and the zeros between them.

Rules: GNU tar manual, "Storing Sparse Files" (old GNU, and PAX 0.0, 0.1 and 1.0). A map is taken where Go's archive/tar
takes it, because that is what unpacks images.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from envscout.images.chunks import ChunkReader, DamagedError
from envscout.images.fields import number

MAP = b"GNU.sparse.map"
REPEATED = frozenset({b"GNU.sparse.offset", b"GNU.sparse.numbytes"})
"""Records of version 0.0 that stand once for each fragment; in order they are the map of version 0.1."""

_SIZES = (b"GNU.sparse.size", b"GNU.sparse.realsize")
_VERSION = (b"GNU.sparse.major", b"GNU.sparse.minor")
_BEFORE_1 = frozenset({(b"0", b"0"), (b"0", b"1"), (b"", b"")})
_ENTRY = 24
_DIGITS = 18
_ZEROS = bytes(64 << 10)


class Layout(NamedTuple):
    """Where the bytes of a file lie. size: of the whole file. fragments: (offset, length), ordered, apart."""

    size: int
    fragments: tuple[tuple[int, int], ...]

    @property
    def stored(self) -> int:
        """Return how many bytes the stream holds."""
        return sum(length for _, length in self.fragments)

    def first(self, size: int) -> "Layout":
        """Return the layout of the file's first bytes."""
        kept = tuple((offset, min(length, size - offset)) for offset, length in self.fragments if offset < size)
        return Layout(min(size, self.size), kept)


def layout(numbers: list[int] | None, size: int, stored: int) -> Layout | None:
    """Return the layout that a map of offsets and lengths describes, None for one that cannot be."""
    if numbers is None or len(numbers) % 2:
        return None
    end = total = 0
    for offset, length in zip(numbers[::2], numbers[1::2], strict=True):
        if offset < end or offset + length > size:
            return None
        end = offset + length
        total += length
    return Layout(size, tuple(zip(numbers[::2], numbers[1::2], strict=True))) if total == stored else None


def old_numbers(entries: bytes) -> list[int]:
    """Return the offsets and lengths of an old GNU header's entries; an empty one ends them. Raises DamagedError."""
    found: list[int] = []
    for at in range(0, len(entries) - _ENTRY + 1, _ENTRY):
        if not entries[at]:
            break
        found += (number(entries[at : at + 12]), number(entries[at + 12 : at + _ENTRY]))
    return found


def is_version_1(pax: dict[bytes, bytes]) -> bool:
    """Return whether the map stands before the file's bytes, as in version 1.0."""
    return _version(pax) == (b"1", b"0")


def pax_numbers(pax: dict[bytes, bytes]) -> list[int] | None:
    """Return the offsets and lengths of a PAX header of version 0.0 or 0.1, None where they make no sense."""
    return decimals(pax[MAP].split(b",")) if MAP in pax and _version(pax) in _BEFORE_1 else None


def pax_size(pax: dict[bytes, bytes]) -> int:
    """Return the size of the whole file as a PAX header says it, -1 where it does not."""
    said = decimals([pax[key] for key in _SIZES if key in pax][:1])
    return said[0] if said else -1


def decimals(words: Iterable[bytes]) -> list[int] | None:
    """Return decimal numbers, None where one is none."""
    words = list(words)
    return [int(word) for word in words] if all(word.isdigit() and len(word) <= _DIGITS for word in words) else None


def expanded(reader: ChunkReader, found: Layout) -> Iterator[bytes]:
    """Yield a file's bytes, taking the stored ones. Raises DamagedError where the stream ends early."""
    at = 0
    for offset, length in found.fragments:
        yield from _zeros(offset - at)
        at = offset
        for piece in reader.pieces(length):
            at += len(piece)
            yield piece
        if at < offset + length:
            raise DamagedError("The tar stream ends early, inside a sparse file.")
    yield from _zeros(found.size - at)


def _version(pax: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    major, minor = _VERSION
    return pax.get(major, b""), pax.get(minor, b"")


def _zeros(size: int) -> Iterator[bytes]:
    while size > 0:
        yield _ZEROS[:size]
        size -= len(_ZEROS)
