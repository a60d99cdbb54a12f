"""The bytes of files that say what runs, within bounds."""

import os
import stat
import sys
from pathlib import Path

from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.watch.filled import written

MAX_FILE = 16 << 20


def read(location: str) -> bytes:
    """Return what a file holds, "-" for standard input. Raise NotFound, SourceError, LimitExceeded."""
    try:
        if location == "-":
            if sys.stdin is None:
                raise SourceError("standard input is closed", "name a file")
            data = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with Path(location).open("rb") as file:
                data = file.read(MAX_FILE + 1)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {written(location)}", "check the path") from error
    except OSError as error:
        raise SourceError(f"cannot read {written(location)}: {error.strerror}", "check the path") from error
    except ValueError as error:
        raise SourceError(f"{written(location)!r} is the name of no file", "check the path") from error
    if len(data) > MAX_FILE:
        raise LimitExceeded(f"{written(location)} is larger than {MAX_FILE >> 20} MiB", "split it")
    return data


def is_file(location: str) -> bool:
    """Tell whether a file is there."""
    try:
        return Path(location).is_file()
    except OSError:
        return False


def is_folder(location: str) -> bool:
    """Tell whether a folder is there."""
    try:
        return Path(location).is_dir()
    except OSError:
        return False


def read_named(location: str) -> bytes:
    """Return what a file holds that another one names. Raise as `read` does, and SourceError where it is no file.

    A pipe that a person names on the command line is written by somebody; one that a file names may never end.
    """
    try:
        mode = Path(location).stat().st_mode
    except (OSError, ValueError):
        return read(location)
    if not stat.S_ISREG(mode) and location != os.devnull:
        raise SourceError(f"{written(location)} is no regular file", "name a file")
    return read(location)
