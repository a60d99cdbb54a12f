"""Named files that are members of a tar file, which is never unpacked."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.images.chunks import CHUNK, ChunkReader, DamagedError
from envscout.images.compression import is_compressed, plain
from envscout.images.paths import LinkLoopError, PathEscapeError, normalised, resolved
from envscout.images.storage import open_regular
from envscout.images.tar import FILE, HARD_LINK, SYMLINK, Walker

MAX_MEMBERS = 100_000


class TarStorage:
    """Members of a tar file, plain or compressed. Compressed ones are inflated anew to go back."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._places: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        try:
            self._file = open_regular(path)
        except FileNotFoundError:
            raise NotFound(f"There is no file {path}.", "Write it with `docker save -o FILE IMAGE`.") from None
        except OSError as error:
            raise SourceError(
                f"{path} cannot be read: {error.strerror}.", "Check the file and its permissions."
            ) from error
        try:
            self._compressed = is_compressed(self._file.read(4))
            self.side_by_side = not self._compressed
            self._reader = self._restarted()
            self._index()
        except DamagedError as damage:
            self._file.close()
            raise SourceError(
                f"{path} is no complete image archive: {damage.message}",
                "Write it again with `docker save -o FILE IMAGE`.",
            ) from damage

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield a member's bytes."""
        offset, size = self._find(path)
        return self._inflated(offset, size) if self._compressed else self._plain(offset, size)

    def _plain(self, offset: int, size: int) -> Iterator[bytes]:
        """Yield bytes of a plain tar without moving the place where others read."""
        while size > 0 and (chunk := os.pread(self._file.fileno(), min(size, CHUNK), offset)):
            yield chunk
            offset += len(chunk)
            size -= len(chunk)

    def _inflated(self, offset: int, size: int) -> Iterator[bytes]:
        if offset < self._reader.position:
            self._reader = self._restarted()
        self._reader.skip(offset - self._reader.position)
        return self._reader.pieces(size)

    def has(self, path: str) -> bool:
        """Return whether there is such a member."""
        return self._target(path) in self._places

    def place(self, path: str) -> int:
        """Return the offset of a member in the plain tar."""
        return self._find(path)[0]

    def size(self, path: str) -> int:
        """Return a member's bytes."""
        return self._find(path)[1]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _index(self) -> None:
        walker = Walker(self._reader)
        for entry in walker:
            try:
                path = normalised(entry.name)
            except PathEscapeError:
                continue
            if entry.kind == FILE:
                self._places[path] = (self._reader.position, entry.size)
            elif entry.kind == SYMLINK:
                self._links[path] = entry.link
            elif entry.kind == HARD_LINK:
                self._links[path] = "/" + entry.link
            if len(self._places) + len(self._links) > MAX_MEMBERS:
                raise LimitExceeded(f"{self.name} has more than {MAX_MEMBERS:,} members.", "Is it an image archive?")

    def _find(self, path: str) -> tuple[int, int]:
        found = self._places.get(self._target(path))
        if found is None:
            raise NotFound(f"{self.name} has no {path}.", "The archive is incomplete; save the image again.")
        return found

    def _target(self, path: str) -> str:
        try:
            return resolved(path, self._links.get)
        except LinkLoopError:
            return ""

    def _restarted(self) -> ChunkReader:
        self._file.seek(0)
        if self._compressed:
            return ChunkReader(plain(_chunks(self._file)))
        return _SeekingReader(self._file)


class _SeekingReader(ChunkReader):
    """A reader that passes over the body of a member by seeking."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(_chunks(file))
        self._file = file
        self._end = os.fstat(file.fileno()).st_size

    def skip(self, size: int) -> int:
        """Pass over `size` bytes; return how many there were."""
        buffered = len(self._buffer) - self._at
        if size <= buffered:
            return super().skip(size)
        passed = min(size, self._end - self.position)
        self._file.seek(self.position + passed)
        self._buffer, self._at = b"", 0
        self.position += passed
        return passed


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk
