"""The embedded engine: one SQLite file with many readers and one writer at a time."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from envscout.errors import StoreBusy, StoreError
from envscout.store.sql import HERE

BUSY_SECONDS = 60
SCHEMA = tuple(sorted(HERE.glob("migrations/*.sql")))
BEGIN_READ = "BEGIN"


class Owned(sqlite3.Connection):
    """A connection that is somebody's."""

    tenant = ""


def connect(place: Path) -> Owned:
    """Open the file, making it and its folder as needed."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # One thread at a time, but not always the same: a server lends connections to the threads that answer.
    connection = sqlite3.connect(
        place,
        isolation_level=None,
        timeout=BUSY_SECONDS,
        cached_statements=256,
        factory=Owned,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        # Kibibytes: an update inserts into several indexes at once. The file is not mapped into memory (mmap_size):
        # that gains nothing measurable, and who cuts off a mapped file kills every process that reads it.
        connection.execute("PRAGMA cache_size = -65536")
    except BaseException:
        connection.close()
        raise
    return connection


def is_lost(_: sqlite3.Connection) -> bool:
    """Tell whether what is at the other end went away: a file does not."""
    return False


def called(place: Path) -> str:
    """Return what the place is called in messages."""
    return str(place)


def version(connection: sqlite3.Connection) -> int:
    """Return how many migrations were run."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextlib.contextmanager
def prepared(connection: sqlite3.Connection) -> Iterator[None]:
    """Do what migrations need done outside of their transaction, before and after."""
    connection.execute("PRAGMA journal_mode = WAL")
    # A table that others refer to can be made anew only so: https://www.sqlite.org/lang_altertable.html#otheralter
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def migrate(connection: sqlite3.Connection, script: str) -> None:
    """Run one migration."""
    for statement in _statements(script):
        connection.execute(statement)


def set_version(connection: sqlite3.Connection, number: int) -> None:
    """Note how many migrations were run, and that whatever is referred to is there. Raise sqlite3.IntegrityError."""
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise sqlite3.IntegrityError("what its rows refer to is not there")
    connection.execute(f"PRAGMA user_version = {number:d}")


def begin_write(connection: sqlite3.Connection) -> None:
    """Begin a transaction that holds the write lock."""
    connection.execute("BEGIN IMMEDIATE")


def try_write(connection: sqlite3.Connection) -> bool:
    """Do the same, or return False where that cannot be now."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:d}")
    return True


def commit(connection: sqlite3.Connection) -> None:
    """Keep what was written."""
    connection.execute("COMMIT")


@contextlib.contextmanager
def alone(_: sqlite3.Connection, place: Path, purpose: str) -> Iterator[None]:
    """Hold a lock of that name."""
    import fcntl

    with place.with_name(f"{place.name}-{purpose}").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def damage(connection: sqlite3.Connection) -> list[str]:
    """Return what is damaged."""
    broken = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    lost = connection.execute("PRAGMA foreign_key_check").fetchall()
    return broken + [f"a row of {table} refers to a row of {other} that is not there" for table, _, other, _ in lost]


def back_up(connection: sqlite3.Connection, into: Path) -> None:
    """Copy the file, pages and all: https://www.sqlite.org/backup.html."""
    with contextlib.closing(sqlite3.connect(into)) as other:
        connection.backup(other)


def learn(_: sqlite3.Connection) -> None:
    """Do nothing: plans are made by the order in which tables are named."""


def compact(connection: sqlite3.Connection) -> None:
    """Give free space back to the file system."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def size(_: sqlite3.Connection, place: Path) -> int:
    """Return the bytes on disk."""
    return sum(part.stat().st_size for part in (place, place.with_name(place.name + "-wal")) if part.exists())


def close(connection: sqlite3.Connection) -> None:
    """Close the connection; safe to call twice."""
    connection.close()


def _statements(script: str) -> Iterator[str]:
    """Split a migration at its semicolons; executescript would commit behind our back."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


@contextlib.contextmanager
def translated(place: Path) -> Iterator[None]:
    """Turn the driver's errors into ours, once."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise StoreBusy(
                f"another process has been writing to {place} for over {BUSY_SECONDS} s",
                "try again when it has finished",
            ) from error
        raise StoreError(
            f"cannot use the store {place}: {error}", "check the path, its permissions and free space"
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{place} is not a readable envscout store: {error}",
            "restore it from a backup, or point ENVSCOUT_STORE elsewhere",
        ) from error
    except OSError as error:
        raise StoreError(
            f"cannot use the store {place}: {error.strerror}", "check the path and its permissions"
        ) from error
