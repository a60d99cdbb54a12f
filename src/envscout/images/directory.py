"""Files of a directory, or one file, on this machine. Links are followed inside the directory alone."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from envscout.errors import NotFound
from envscout.images.chunks import CHUNK
from envscout.images.contents import HEAD, MAX_FILE, Budget, Contents, Interest, Problems, Progress
from envscout.images.paths import LinkLoopError, PathEscapeError, normalised, resolved
from envscout.images.storage import open_regular
from envscout.model import Content, File, Image, Problem
from envscout.names.reference import Reference

MAX_ENTRIES = 2_000_000
# Of a whole machine these are no files but the kernel's views.
_KERNEL = frozenset({"proc", "sys", "dev"})


class Directory:
    """A directory read as if it were the root of an image."""

    problems: tuple[Problem, ...] = ()

    def __init__(self, reference: Reference) -> None:
        self._root = Path(reference.location)
        if not self._root.exists():
            raise NotFound(f"There is no file or directory {self._root}.", "Check the path after fs://.")
        self.image = Image(digest="")
        self._noted = Problems()
        self._budget = Budget()

    def read(self, interest: Interest, on_progress: Progress | None = None) -> Contents:
        """Return what is of interest, in order of paths. on_progress: bytes read so far, total 0 (not known)."""
        self._noted, self._budget, self._interest = Problems(), Budget(), interest
        paths = sorted(self._walk()) if self._root.is_dir() else [self._root.name]
        files: list[File] = []
        done = 0
        for path in paths:
            data, size = self._kept(path)
            done += size
            if data is not None:
                files.append(File(_shown(path), (Content("", data),)))
            if on_progress and size:
                on_progress(done, 0)
        return Contents(tuple(files), self._noted.done())

    def close(self) -> None:
        """Nothing stays open."""

    def _walk(self) -> Iterator[str]:
        """Yield paths of files, and of links by interesting names, without going through links to directories."""
        is_machine = self._root.resolve() == Path("/")
        todo = [""]
        seen = 0
        while todo:
            folder = todo.pop()
            for entry in self._entries(folder):
                seen += 1
                if seen > MAX_ENTRIES:
                    self._noted.add("too-many-entries", f"Only {MAX_ENTRIES:,} entries were looked at.", _shown(folder))
                    return
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not (is_machine and path in _KERNEL):
                        todo.append(path)
                elif not entry.is_symlink() or self._interest.kind(_shown(path)):
                    yield path

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self._root / folder) as entries:
                return list(entries)
        except OSError as error:
            self._noted.add("unreadable", f"The directory cannot be read: {error.strerror}.", _shown(folder))
            return []

    def _kept(self, path: str) -> tuple[bytes | None, int]:
        """Return what to keep of a file, and how many bytes were read for it."""
        place = self._place(path)
        if place is None or place.is_dir():
            return None, 0
        try:
            with open_regular(place) as file:
                read = self._by_name if self._is_named(path) else self._by_content
                data, size = read(path, file, os.fstat(file.fileno()).st_size)
        except FileNotFoundError:
            if not (self._root / path).is_symlink():
                self._noted.add("unreadable", "The file vanished while it was read.", _shown(path))
        except OSError as error:
            self._noted.add("unreadable", f"The file cannot be read: {error.strerror}.", _shown(path))
        else:
            refusal = self._budget.keeps(len(data or b""))
            if not refusal:
                return data, size
            self._noted.add("file-too-large", refusal, _shown(path))
        return None, 0

    def _is_named(self, path: str) -> bool:
        return bool(self._interest.kind(_shown(path)))

    def _by_name(self, path: str, file: BinaryIO, size: int) -> tuple[bytes | None, int]:
        refusal = self._budget.refuses(size)
        if refusal:
            self._noted.add("file-too-large", refusal, _shown(path))
            return None, 0
        data = file.read(MAX_FILE)
        return self._interest.reduce(_shown(path), data), len(data)

    def _by_content(self, path: str, file: BinaryIO, size: int) -> tuple[bytes | None, int]:
        head = file.read(HEAD)
        probe = self._interest.probe(_shown(path), head, size)
        if not probe:
            return None, 0
        piece, done = head, 0
        while piece:
            probe.feed(piece)
            done += len(piece)
            piece = file.read(CHUNK)
        return probe.done() or None, done

    def _place(self, path: str) -> Path | None:
        """Return the file that a path leads to inside the root."""
        if not self._root.is_dir():
            return self._root
        try:
            return self._root / resolved(normalised(path), self._link_at)
        except LinkLoopError:
            self._noted.add("link-loop", "The symbolic link leads through too many links.", _shown(path))
        except PathEscapeError:
            self._noted.add("path-escape", "The path is too long.", _shown(path)[:200])
        return None

    def _link_at(self, path: str) -> str | None:
        try:
            return str((self._root / path).readlink())
        except OSError:
            return None


def _shown(path: str) -> str:
    """Return a path as text: bytes that are no UTF-8 are written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
