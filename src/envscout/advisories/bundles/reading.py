"""Reading a bundle: nothing of it is looked at before its signature is checked, nor unpacked before its digest is."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from envscout.advisories.batch import Batch
from envscout.advisories.bundles import manifest as manifests
from envscout.advisories.bundles.frames import MAX_CVSS, unpack
from envscout.advisories.bundles.manifest import MAGIC, MAX_FILE, MAX_MANIFEST, NEXT_STEP, Entry, Manifest, Part
from envscout.errors import FeedError
from envscout.model import Advisory, Problem

_NUMBER = 1 << 62
_LONGEST_ID = 1_000
_WRONG_FILE = "name a file that `db bundle create` wrote"
_TO_A_FILE = "write it to a file first, and name that"


class Signature(NamedTuple):
    """What stands in a file: the raw public key and the signature, both Ed25519, of some data."""

    key: bytes
    signature: bytes
    data: bytes


Check = Callable[[Signature | None], None]
"""Raises FeedError where a signature is not to be believed; None: there is none."""


class Bundle:
    """An open bundle, every byte of it accounted for. Use as a context manager."""

    def __init__(self, path: Path, check: Check) -> None:
        """Open a regular file and verify all of it. Raises FeedError."""
        self.path = path
        try:
            self._file: IO[bytes] = open(path, "rb", opener=_at_once)  # noqa: SIM115
        except OSError as error:
            raise FeedError(f"{path} cannot be read: {error.strerror}", _WRONG_FILE) from error
        try:
            there = os.fstat(self._file.fileno())
            if not stat.S_ISREG(there.st_mode):
                raise FeedError(f"{path} is no regular file, and a bundle is read more than once", _TO_A_FILE)
            self.manifest, at = _head(self._file, there.st_size, check)
            self._places = _places(self.manifest, at)
            self._verify(at, there.st_size)
        except BaseException as error:
            self._file.close()
            if isinstance(error, OSError):
                raise FeedError(f"{path} cannot be read: {error.strerror}", _WRONG_FILE) from error
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def batches(self, entry: Entry, known: Mapping[str, bytes]) -> Iterator[Batch]:
        """Yield the records of a feed that are not stored as they are. known: as for `load.read`.

        Raises FeedError: then nothing of the bundle is to be applied.
        """
        left = self._staying(entry, known)
        last = ""
        for part in entry.parts:
            if part.holds != "records":
                continue
            rows: list[tuple[Advisory, bytes]] = self._rows(part)
            for advisory, digest in rows:
                if not last < advisory.id:
                    raise FeedError(f"the records of {entry.name} are not in order", NEXT_STEP)
                last = advisory.id
                _check_record(advisory, digest)
            fresh = tuple(row for row in rows if known.get(row[0].id) != row[1])
            same = [row[0].id for row in rows if known.get(row[0].id) == row[1]]
            yield Batch(entry.name, fresh, tuple(same), total=entry.records)
        yield Batch(entry.name, (), tuple(left), self.problems(entry), total=entry.records, done=True)

    def _staying(self, entry: Entry, known: Mapping[str, bytes]) -> set[str]:
        """Return the ids that a bundle which continues from another one does not speak of."""
        if not entry.since:
            return set()
        gone = {id_ for part in entry.parts if part.holds == "gone" for id_ in self._rows(part)}
        return {id_ for id_, digest in known.items() if digest} - gone

    def facts(self, entry: Entry) -> list[tuple[Any, ...]]:
        """Return the rows of facts about CVEs. Raises FeedError."""
        return [row for part in entry.parts if part.holds == entry.kind for row in self._rows(part)]

    def problems(self, entry: Entry) -> tuple[Problem, ...]:
        """Return what of a feed could not be used where it was read. Raises FeedError."""
        return tuple(row for part in entry.parts if part.holds == "problems" for row in self._rows(part))

    def _rows(self, part: Part) -> list[Any]:
        return unpack(part, self._packed(part, self._places[part]))

    def _packed(self, part: Part, at: int) -> bytes:
        """Return the bytes of a part, verified whenever they are read: a file may change while it is open."""
        try:
            data = os.pread(self._file.fileno(), part.packed, at)
        except OSError as error:
            raise FeedError(f"{self.path} cannot be read: {error.strerror}", NEXT_STEP) from error
        if sha256(data).hexdigest() != part.sha256:
            raise FeedError("the bundle was changed after it was made: a part is not what its manifest says", NEXT_STEP)
        return data

    def _verify(self, at: int, size: int) -> None:
        """Read all of it once, so that nothing is begun of what cannot be ended."""
        parts = [part for each in self.manifest.feeds for part in each.parts]
        end = at + sum(part.packed for part in parts)
        if end != size:
            what = "ends early" if end > size else "is followed by something else"
            raise FeedError(f"the bundle {what}: {size:,} bytes instead of {end:,}", NEXT_STEP)
        for part in parts:
            self._packed(part, at)
            at += part.packed


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for whoever writes into a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _head(file: IO[bytes], size: int, check: Check) -> tuple[Manifest, int]:
    """Return the manifest, believed, and where the parts begin."""
    if file.read(len(MAGIC)) != MAGIC:
        raise FeedError("this is no bundle of advisories", _WRONG_FILE)
    length = int.from_bytes(file.read(4), "big")
    if length > MAX_MANIFEST or size > MAX_FILE:
        raise FeedError("the bundle is larger than any may be", NEXT_STEP)
    manifest = file.read(length)
    kind = file.read(1)
    if kind == b"\0":
        check(None)
    elif kind == b"\1":
        key, signature = file.read(32), file.read(64)
        check(Signature(key, signature, manifests.signed(manifest)))
    else:
        raise FeedError("the signature of the bundle is missing, or of an unknown kind", NEXT_STEP)
    return manifests.decode(manifest), file.tell()


def _places(manifest: Manifest, at: int) -> dict[Part, int]:
    """Return where each part begins. Parts that are alike are one: their bytes are the same."""
    places: dict[Part, int] = {}
    for each in manifest.feeds:
        for part in each.parts:
            places[part] = at
            at += part.packed
    return places


def _check_record(advisory: Advisory, digest: bytes) -> None:
    """Refuse what no parser makes and no store holds."""
    moments = (advisory.published, advisory.modified)
    # What is no number is not between two, either.
    is_sound = all(-_NUMBER < each < _NUMBER for each in moments) and 0 <= (advisory.score or 0) <= MAX_CVSS
    if not is_sound or len(advisory.id) > _LONGEST_ID or len(digest) != 16:
        raise FeedError(f"the record {advisory.id[:100]!r} of the bundle is out of bounds", NEXT_STEP)
