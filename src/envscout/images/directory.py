"""Files of a directory, or one file, on this machine. Links are followed inside the directory alone."""

import os
from collections.abc import Iterator
from pathlib import Path

from envscout.errors import NotFound
from envscout.images.contents import Budget, Contents, Problems, Progress, Wanted
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

    def read(self, wanted: Wanted, on_progress: Progress | None = None) -> Contents:
        """Return the wanted files in order of their paths. on_progress: bytes read so far, total 0 (not known)."""
        self._noted, self._budget = Problems(), Budget()
        paths = sorted(self._walk(wanted)) if self._root.is_dir() else [self._root.name]
        files: list[File] = []
        done = 0
        for path in paths:
            data = self._bytes(path)
            if data is None:
                continue
            files.append(File(_shown(path), (Content("", data),)))
            done += len(data)
            if on_progress:
                on_progress(done, 0)
        return Contents(tuple(files), self._noted.done())

    def close(self) -> None:
        """Nothing stays open."""

    def _walk(self, wanted: Wanted) -> Iterator[str]:
        """Yield wanted paths of files and links, without going through links to directories."""
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
                elif wanted(_shown(path)):
                    yield path

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self._root / folder) as entries:
                return list(entries)
        except OSError as error:
            self._noted.add("unreadable", f"The directory cannot be read: {error.strerror}.", _shown(folder))
            return []

    def _bytes(self, path: str) -> bytes | None:
        place = self._place(path)
        if place is None or place.is_dir():
            return None
        try:
            with open_regular(place) as file:
                refusal = self._budget.refuses(os.fstat(file.fileno()).st_size)
                if not refusal:
                    return file.read()
            self._noted.add("file-too-large", refusal, _shown(path))
        except FileNotFoundError:
            if not (self._root / path).is_symlink():
                self._noted.add("unreadable", "The file vanished while it was read.", _shown(path))
        except OSError as error:
            self._noted.add("unreadable", f"The file cannot be read: {error.strerror}.", _shown(path))
        return None

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
