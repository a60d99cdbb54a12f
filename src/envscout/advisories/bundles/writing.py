"""Writing a bundle: its parts are packed as they come, beside it; then what leads to them is known and goes before."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from envscout.advisories.bundles import manifest as manifests
from envscout.advisories.bundles.frames import LEVEL, encode, join, pack
from envscout.advisories.bundles.manifest import MAGIC, Entry, Holds, Manifest, Part
from envscout.atomic import whole
from envscout.errors import LimitExceeded, UsageError

_PLAIN = 8 << 20
"""Bytes of rows after which a part is full, if not their number: so much is in memory, here and where it is read."""

Sign = Callable[[bytes], tuple[bytes, bytes]]
"""What is to be signed -> the public key and the signature."""


class Writer:
    """A bundle that is being made. Use as a context manager: `feed` one after the other, then `write`.

    size: bytes of the file that was written.
    """

    size = 0

    def __init__(self, folder: Path, level: int = LEVEL) -> None:
        """Make room in a folder. Raises UsageError where there is none."""
        self._level = level
        self._folder = folder
        with _written(folder):
            self._parts: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._feeds: list[Entry] = []

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the room back."""
        # On a full disk what is still to be written fails here once more; nobody reads it from now on.
        with contextlib.suppress(OSError):
            self._parts.close()

    def feed(self, entry: Entry, rows: Iterable[tuple[Holds, Iterable[Any]]]) -> Entry:
        """Add a feed with its rows, by what they are; return it with its parts. Raises UsageError, LimitExceeded."""
        parts = tuple(part for holds, some in rows for part in self._add(holds, some))
        content = "" if entry.kind == "osv" else manifests.content(parts)
        done = msgspec.structs.replace(entry, parts=parts, content=content)
        self._feeds.append(done)
        return done

    def facts(self, entry: Entry, since: Entry, content: str, rows: Iterable[tuple[Holds, Iterable[Any]]]) -> None:
        """Add facts about CVEs; where they have the content that they had before, only that they are as they were.

        since: the entry as it continues from before. content: of then, "" where that is not known.
        """
        at = self._parts.tell()
        done = self.feed(entry, rows)
        if since.since and done.content == content:
            with _written(self._folder):
                self._parts.seek(at)
                self._parts.truncate()
            self._feeds[-1] = msgspec.structs.replace(since, content=content)

    def _add(self, holds: Holds, rows: Iterable[Any]) -> Iterable[Part]:
        held: list[bytes] = []
        size = 0
        for row in rows:
            data = encode(row)
            held.append(data)
            size += len(data)
            if size > _PLAIN or len(held) == manifests.MAX_ROWS:
                yield self._part(holds, held)
                held, size = [], 0
        if held:
            yield self._part(holds, held)

    def _part(self, holds: Holds, rows: list[bytes]) -> Part:
        plain = join(rows)
        packed = pack(plain, self._level)
        if len(plain) > manifests.MAX_PLAIN or len(packed) > manifests.MAX_PACKED:
            raise LimitExceeded(f"one record has {len(plain):,} bytes, more than a bundle holds", "leave its feed out")
        with _written(self._folder):
            self._parts.write(packed)
        return Part(holds, len(packed), len(plain), sha256(packed).hexdigest())

    def write(self, into: Path, head: Manifest, sign: Sign | None) -> Manifest:
        """Write the file as `whole` does; return its manifest. Raises UsageError, LimitExceeded."""
        done = msgspec.structs.replace(head, feeds=tuple(self._feeds))
        data = manifests.encode(done)
        if len(data) > manifests.MAX_MANIFEST:
            raise LimitExceeded(f"the manifest has {len(data):,} bytes", "name fewer feeds: --feed")
        start = MAGIC + len(data).to_bytes(4, "big") + data + _signature(data, sign)
        with _written(self._folder):
            self.size = len(start) + self._parts.seek(0, os.SEEK_END)
            self._parts.seek(0)
        if self.size > manifests.MAX_FILE:
            raise LimitExceeded(f"the bundle has {self.size:,} bytes", "name fewer feeds: --feed")
        with _written(into), whole(into) as file:
            file.write(start)
            shutil.copyfileobj(self._parts, file, 1 << 20)
        return done


def _signature(manifest: bytes, sign: Sign | None) -> bytes:
    if sign is None:
        return b"\0"
    key, signature = sign(manifests.signed(manifest))
    return b"\1" + key + signature


@contextlib.contextmanager
def _written(path: Path) -> Iterator[None]:
    """Raise UsageError where a path cannot be written to."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", "check the path, its permissions, and free space"
        ) from error
