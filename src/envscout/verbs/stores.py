"""Whole stores: copied from one place to another, backed up, restored, checked, migrated."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from envscout.errors import StoreError, UsageError
from envscout.store import Database, Place, findings
from envscout.store.copying import Copied
from envscout.store.copying import copy as copied

Progress = Callable[[str, int, int], None]


class Checked(msgspec.Struct, frozen=True):
    """What a check found. damage: in words; nothing where all is well."""

    damage: tuple[str, ...]
    findings: int


def copy(source: Place, target: Place, on_progress: Progress) -> Copied:
    """Copy a store into an empty one, or go on with that. Raise StoreError."""
    if source == target:
        raise UsageError("a store is not copied into itself", "name two stores")
    if isinstance(source, Path) and not source.is_file():
        raise UsageError(f"there is no store {source}", "name the file of one, or postgresql://...")
    with Database(source) as one, Database(target, half=True) as other:
        done = copied(one, other, on_progress)
        other.learn()
        return done


def back_up(source: Place, into: Path, on_progress: Progress) -> Checked:
    """Write a store into one file, as it is at one moment, and check it. Raise StoreError."""
    if into.exists():
        raise UsageError(f"{into} is there already", "name another file")
    part = into.with_name(f"{into.name}.part")
    with _tidy(part):
        part.unlink(missing_ok=True)
        part.touch(0o600)
        if isinstance(source, Path):
            with Database(source) as database:
                database.back_up(part)
        else:
            copy(source, part, on_progress)
        found = check(part)
        _complete(part, into, found)
    return found


def restore(file: Path, target: Place, on_progress: Progress) -> Checked:
    """Make a store of a backup where there is none, and check it. Raise StoreError."""
    if not file.is_file():
        raise UsageError(f"there is no backup {file}", "name a file that `envscout store backup` wrote")
    if isinstance(target, Path):
        with contextlib.suppress(OSError):
            # What cannot be written to is told by who writes.
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return back_up(file, target, on_progress)
    copy(file, target, on_progress)
    return check(target)


def _complete(part: Path, into: Path, found: Checked) -> None:
    """Give a whole file its name; whoever finds that name finds all of it, whatever happens to the machine."""
    if found.damage:
        raise StoreError(f"what was written is damaged: {found.damage[0]}", "check the disk, and the store it is of")
    for name in ("-wal", "-shm"):
        part.with_name(part.name + name).unlink(missing_ok=True)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(into)
    folder = os.open(into.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def _tidy(part: Path) -> Iterator[None]:
    """Tell of files that cannot be written, and leave no half of one. A copy that was broken off goes on later."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot write {part.parent}: {error.strerror}", "check the path and free space") from error
    finally:
        part.unlink(missing_ok=True)
        for name in ("-wal", "-shm", "-copy"):
            part.with_name(part.name + name).unlink(missing_ok=True)


def check(place: Place) -> Checked:
    """Check a store: its files, what its rows refer to, and that the findings kept are what a full match gives."""
    with Database(place) as database:
        damage = database.damage()
        with database.read() as connection:
            kept = findings.kept(connection)
            wanted = findings.match_all(connection)
    if kept != wanted:
        damage.append(
            f"{len(wanted - kept)} findings are missing, and {len(kept - wanted)} are kept that no range gives"
        )
    return Checked(tuple(damage), len(kept))
