"""Bytes that prove what they are: hashing while they stream by, and comparing at the end."""

import hashlib
from collections.abc import Iterable, Iterator

from envscout.errors import DigestMismatch, SourceError
from envscout.names.reference import valid_digest

_NEXT_STEP = "Fetch or push the image again; if this repeats, the registry or archive is damaged or not to be trusted."


def checked(digest: str) -> str:
    """Return a digest that is safe to use as a name. Raises SourceError for anything else."""
    if not valid_digest(digest):
        raise SourceError(f"{digest[:100]!r} is no digest.", "The image's manifest is damaged; push it again.")
    return digest


def of(data: bytes, like: str = "sha256:") -> str:
    """Return the digest of bytes, by the algorithm that another digest uses."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def verify(data: bytes, digest: str) -> bytes:
    """Return the bytes. Raises DigestMismatch where they are not what the digest says."""
    actual = of(data, checked(digest))
    if actual != digest:
        raise _mismatch(digest, actual)
    return data


def verified(chunks: Iterable[bytes], digest: str, size: int) -> Iterator[bytes]:
    """Yield the chunks. Raises DigestMismatch as soon as they exceed `size`, or at their end if they are not `digest`.

    size: bytes as the manifest says, negative where it is not known. Who believes the bytes has to reach the end.
    """
    algorithm = checked(digest).partition(":")[0]
    hasher = hashlib.new(algorithm)
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if 0 <= size < total:
            raise DigestMismatch(f"{digest} is longer than the {size:,} bytes its manifest says.", _NEXT_STEP)
        hasher.update(chunk)
        yield chunk
    actual = f"{algorithm}:{hasher.hexdigest()}"
    if actual != digest:
        raise _mismatch(digest, actual)


class Hashing:
    """An iterator that hashes what passes through it; `digest()` is asked after the end."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._hasher = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the chunks as they are."""
        for chunk in self._chunks:
            self._hasher.update(chunk)
            yield chunk

    def digest(self) -> str:
        """Return `sha256:...` of everything so far."""
        return f"sha256:{self._hasher.hexdigest()}"


def _mismatch(expected: str, actual: str) -> DigestMismatch:
    return DigestMismatch(f"The bytes of {expected} have the digest {actual}.", _NEXT_STEP)
