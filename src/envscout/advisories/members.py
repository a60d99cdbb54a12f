"""The records of a feed on disk as members: of a zip, of a directory of JSON files, lines of a JSON Lines file.

Listing is cheap and happens in one process; `content` may be called in another one.
"""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from envscout.advisories import sniff
from envscout.advisories.archive import MAX_MEMBER, MAX_MEMBERS, Archive, BrokenMemberError, Member, directory
from envscout.errors import FeedError

_LINES_TOTAL = 2 << 30

Source = Member | str | bytes
"""Where the bytes of a member are: in the feed's zip, in a file below the feed's directory, or here."""


def list_members(path: Path) -> Iterator[tuple[str, int, Source]]:
    """Yield (name, size in bytes, source) of every record of a feed. Raises FeedError."""
    if path.is_dir():
        yield from _files(path)
        return
    shape = sniff.shape(path)
    if shape == sniff.ZIP:
        yield from ((member.name, member.size, member) for member in directory(path))
    elif shape == sniff.OSV_LINES:
        yield from _lines(path)
    elif shape == sniff.OSV:
        yield path.name, path.stat().st_size, str(path)
    else:
        raise FeedError(f"{path} holds no OSV records", "pass a zip, directory or JSON file of OSV records")


def _files(top: Path) -> Iterator[tuple[str, int, Source]]:
    for count, path in enumerate(json_files(top)):
        if count >= MAX_MEMBERS:
            raise FeedError(f"{top} holds more than {MAX_MEMBERS} files", "pass a smaller directory")
        if sniff.shape(path) == sniff.OSV:
            yield path.relative_to(top).as_posix(), path.stat().st_size, str(path)


def json_files(top: Path) -> Iterator[Path]:
    """Yield the plain `*.json` files below a directory, in the order of their names; links are not followed."""
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if name.endswith(".json") and path.is_file() and not path.is_symlink():
                yield path


def _lines(path: Path) -> Iterator[tuple[str, int, Source]]:
    total = 0
    try:
        with sniff.open_plain(path) as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_MEMBER + 1), b""), 1):
                total += len(line)
                if total > _LINES_TOTAL or len(line) > MAX_MEMBER:
                    raise FeedError(f"{path} is larger than its bound at line {number}", "split the file")
                if line.strip():
                    yield f"{path.name}:{number}", len(line), line
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"{path} cannot be read: {error}", "fetch the file again") from error


def written(path: Path) -> int:
    """Return when a file, or the newest JSON file below a directory, was written: microseconds since 1970 UTC."""
    parts = [path] if path.is_file() else [each for each in path.rglob("*.json") if each.is_file()]
    return max((int(each.stat().st_mtime * 1_000_000) for each in parts), default=0)


class Contents:
    """Reads members of one feed. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        """Name the feed; its zip is opened when the first member of one is asked for."""
        self._path = path
        self._zip: Archive | None = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the zip."""
        if self._zip is not None:
            self._zip.close()

    def read(self, source: Source) -> bytes:
        """Return the bytes of a member. Raises BrokenMemberError, and FeedError where the feed is gone."""
        if isinstance(source, bytes):
            return source
        if isinstance(source, str):
            return _file(source)
        if self._zip is None:
            self._zip = Archive(self._path)
        return self._zip.read(source)


def _file(name: str) -> bytes:
    try:
        with sniff.open_plain(Path(name)) as file:
            data = file.read(MAX_MEMBER + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BrokenMemberError(f"it cannot be read: {error}") from error
    if len(data) > MAX_MEMBER:
        raise BrokenMemberError(f"it is larger than {MAX_MEMBER >> 20} MiB")
    return data
