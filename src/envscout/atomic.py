"""Writing a file: whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes the place of path when the block ends well, with its permissions. Raise OSError.

    What exists and is no regular file (`/dev/null`, a pipe) is written to as it is: nothing may take its place. Nor may
    anything take the place of a link: what it leads to is replaced.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    # As tempfile.mkstemp does, which takes as long to import as all of envscout.cli.
    part = target.with_name(f".envscout-{os.urandom(8).hex()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            # Else, after a loss of power, the name may lead to a file that holds nothing.
            file.flush()
            os.fsync(descriptor)
        part.chmod(_mode(target))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """Return the permissions that the file has, or that any new file would get."""
    if target.exists():
        return target.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
