"""Writing a file: whole or not at all."""

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_DESCRIPTORS = re.compile(r"/dev/fd|/proc/\d+(/task/\d+)?/fd")
"""Folders of what processes hold open. Links in there lead to no name that could be followed."""
_MOST_LINKS = 40
"""As many as Linux follows: path_resolution(7)."""
_STUCK = frozenset({errno.EACCES, errno.EBUSY, errno.EPERM, errno.EROFS})
"""What is met where a file may be written, but not replaced: in a folder that is not writable, or a mount itself."""


@contextlib.contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes the place of path when the block ends well, with its permissions. Raise OSError.

    Nothing may take the place of a link: what it leads to is replaced. What exists and cannot be replaced is written to
    as it is: what is no regular file (`/dev/null`, a pipe), what is open already (`/dev/stdout`, `/dev/fd/3`), which is
    written to after what it holds, and what lies in a folder that is not writable or is a mount of its own.
    """
    target = _end(path)
    beside = _beside(target)
    if not beside:
        with _as_it_is(target) as file:
            yield file
        return
    part, descriptor = beside
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            # Else, after a loss of power, the name may lead to a file that holds nothing.
            file.flush()
            os.fsync(descriptor)
        _put(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _end(path: Path) -> Path:
    """Return where links lead in the end, which need not exist; at most to what is open."""
    for _ in range(_MOST_LINKS):
        path = Path(os.path.realpath(path.parent)) / path.name
        if _is_open(path) or not path.is_symlink():
            return path
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def _is_open(target: Path) -> bool:
    return bool(_DESCRIPTORS.fullmatch(str(target.parent)))


def _beside(target: Path) -> tuple[Path, int] | None:
    """Open a new file that can take the place of another; None where that one is to be written to as it is."""
    if _is_open(target) or (target.exists() and not target.is_file()):
        return None
    # As tempfile.mkstemp does, which takes as long to import as all of envscout.cli.
    part = target.with_name(f".envscout-{os.urandom(8).hex()}")
    try:
        return part, os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in _STUCK and target.exists():
            return None
        raise


def _as_it_is(target: Path) -> IO[bytes]:
    if not _is_open(target):
        return target.open("wb")
    is_own = str(target.parent) == "/dev/fd" or target.is_relative_to(os.path.realpath("/proc/self"))
    if is_own and target.name.isdecimal():
        # Opened by its name, a file would be written from another place on, and who holds it would write over that.
        return os.fdopen(os.dup(int(target.name)), "ab")
    return target.open("ab")


def _put(part: Path, target: Path) -> None:
    """Let a file take the place of another, or what it holds the place of what that one holds."""
    part.chmod(_mode(target))
    try:
        part.replace(target)
    except OSError as error:
        if error.errno not in _STUCK or not target.is_file():
            raise
        _copy(part, target)
        part.unlink()


def _copy(part: Path, target: Path) -> None:
    with part.open("rb") as source, target.open("wb") as file:
        while some := source.read(1 << 20):
            file.write(some)
        file.flush()
        os.fsync(file.fileno())


def _mode(target: Path) -> int:
    """Return the permissions that the file has, or that any new file would get."""
    if target.exists():
        return target.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
