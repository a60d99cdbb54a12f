"""File trees as layer tarballs: the same entries always give the same bytes."""

import gzip
import io
import sys
import tarfile
from collections.abc import Mapping
from types import ModuleType
from typing import Literal

import msgspec

Compression = Literal["gzip", "zstd", "none"]


class Symlink(msgspec.Struct, frozen=True):
    """A symbolic link; target is written as it is."""

    target: str


class Hardlink(msgspec.Struct, frozen=True):
    """A hard link; target is a path from the root of the layer."""

    target: str


class Directory(msgspec.Struct, frozen=True):
    """A directory of its own; the parents of every entry are made without it."""

    mode: int = 0o755


class Whiteout(msgspec.Struct, frozen=True):
    """Removes the path as it was in the layers below; opaque: empties the directory instead.

    Rule: https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
    """

    opaque: bool = False


Entry = bytes | Symlink | Hardlink | Directory | Whiteout


def pack(entries: Mapping[str, Entry], mtime: int = 0) -> bytes:
    """Return a plain tarball of entries (path without leading slash -> content), in the order given.

    Parents come before their children, everything belongs to root, and mtime (seconds since 1970 UTC) is every
    entry's time, so that equal entries give equal bytes.
    """
    buffer = io.BytesIO()
    made: set[str] = set()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, entry in entries.items():
            for parent in _parents(path):
                if parent not in made and parent not in entries:
                    made.add(parent)
                    _add(archive, parent, Directory(), mtime)
            _add(archive, path, entry, mtime)
    return buffer.getvalue()


def compress(data: bytes, how: Compression) -> bytes:
    """Return data compressed in the given way, without a time or a name in the result."""
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    if how == "zstd":
        return bytes(_zstd().compress(data))
    return data


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def _add(archive: tarfile.TarFile, path: str, entry: Entry, mtime: int) -> None:
    head, _, name = path.rpartition("/")
    info = tarfile.TarInfo(path)
    info.mtime = mtime
    info.mode = 0o644
    data = b""
    if isinstance(entry, bytes):
        data = entry
        info.size = len(entry)
    elif isinstance(entry, Symlink):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.target, 0o777
    elif isinstance(entry, Hardlink):
        info.type, info.linkname = tarfile.LNKTYPE, entry.target
    elif isinstance(entry, Directory):
        info.type, info.mode = tarfile.DIRTYPE, entry.mode
    else:
        info.name = f"{path}/.wh..wh..opq" if entry.opaque else f"{head}/.wh.{name}".lstrip("/")
    archive.addfile(info, io.BytesIO(data))


def _zstd() -> ModuleType:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
