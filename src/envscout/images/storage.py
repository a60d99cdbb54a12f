"""Named files of an image kept on disk, and those that are files of a directory."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.images.chunks import CHUNK


class Storage(Protocol):
    """A set of named files. side_by_side: several may be read at once, by several threads."""

    name: str
    side_by_side: bool

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes; unless side by side, one file's before the next is asked for. Raises NotFound."""

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""

    def place(self, path: str) -> int:
        """Return a number to order several files by, so that reading them goes forward."""

    def size(self, path: str) -> int:
        """Return a file's bytes. Raises NotFound."""

    def close(self) -> None:
        """Let go of open files."""


def read_all(storage: Storage, path: str, limit: int) -> bytes:
    """Return a whole file. Raises NotFound, LimitExceeded."""
    size = storage.size(path)
    if size > limit:
        raise LimitExceeded(f"{path} in {storage.name} is larger than {limit:,} bytes.", "Save the image again.")
    return b"".join(storage.pieces(path))


class DirectoryStorage:
    """Files below one directory. Nothing outside it is opened, whatever links say."""

    side_by_side = True

    def __init__(self, root: Path) -> None:
        self.name = str(root)
        self._root = root.resolve()

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes."""
        with self._open(path) as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""
        return (self._root / path).is_file()

    def place(self, path: str) -> int:  # noqa: ARG002
        """Return 0: a directory may be read in any order."""
        return 0

    def size(self, path: str) -> int:
        """Return a file's bytes."""
        with self._open(path) as file:
            return os.fstat(file.fileno()).st_size

    def close(self) -> None:
        """Nothing stays open."""

    def _open(self, path: str) -> BinaryIO:
        full = self._root / path
        try:
            if not full.resolve().is_relative_to(self._root):
                raise SourceError(f"{path} leads out of {self.name}.", "Use a layout that holds its own files.")
            file = open_regular(full)
        except FileNotFoundError:
            raise NotFound(f"{self.name} has no {path}.", "The layout is incomplete; copy or build it again.") from None
        except OSError as error:
            raise SourceError(
                f"{full} cannot be read: {error.strerror}.", "Check the file and its permissions."
            ) from error
        return file


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; a FIFO or device raises OSError instead of waiting forever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no regular file")
    return os.fdopen(descriptor, "rb", buffering=0)
