"""The one place that opens the database: connection, migrations, transactions, named queries.

SQL lives in `.sql` files beside the module that uses it; each query starts with `-- name: NAME` and a sentence.
"""

import contextlib
import functools
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from envscout.errors import StoreBusy, StoreError

FOREVER = 2**63 - 1
"""The end of an interval that has not ended; fits a signed 64-bit column."""

Connection = sqlite3.Connection
"""What `Database.read` and `Database.write` give, and what the functions of this folder take."""

BUSY_SECONDS = 60
_HERE = Path(__file__).parent
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@functools.cache
def queries(module: str) -> Mapping[str, str]:
    """Return the named queries of `<module>.sql`."""
    parts = _NAME.split((_HERE / f"{module}.sql").read_text(encoding="utf-8"))
    return MappingProxyType(dict(zip(parts[1::2], parts[2::2], strict=True)))


class Database:
    """One SQLite file: many readers, one writer at a time, every committed write durable.

    Use from one thread. `write()` is the only way to change anything.
    """

    def __init__(self, path: Path) -> None:
        """Open the store at path, creating and migrating it as needed. Raise StoreError where that cannot be done."""
        self.path = path
        with _translated(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, cached_statements=256)
            try:
                self._prepare()
            except BaseException:
                self.connection.close()
                raise

    def _prepare(self) -> None:
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.execute("PRAGMA synchronous = FULL")
        # Kibibytes: an update inserts into several indexes at once.
        self.connection.execute("PRAGMA cache_size = -65536")
        self.connection.execute("PRAGMA mmap_size = 1073741824")
        migrations = sorted(_HERE.glob("migrations/*.sql"))
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        if version > len(migrations):
            raise StoreError(
                f"{self.path} was written by a newer envscout (schema {version}, this one knows {len(migrations)})",
                "install the newer version, or point ENVSCOUT_STORE to another file",
            )
        if version < len(migrations):
            self._migrate(migrations)

    def _migrate(self, migrations: list[Path]) -> None:
        self.connection.execute("PRAGMA journal_mode = WAL")
        with self.write():
            # Read again under the write lock: another process may have migrated in between.
            (version,) = self.connection.execute("PRAGMA user_version").fetchone()
            for migration in migrations[version:]:
                for statement in _statements(migration.read_text(encoding="utf-8")):
                    self.connection.execute(statement)
            self.connection.execute(f"PRAGMA user_version = {len(migrations):d}")

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock for one transaction: all of it is kept, or nothing. Raise StoreBusy, StoreError."""
        with _translated(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def write_at_once(self) -> Iterator[sqlite3.Connection | None]:
        """Do as `write` does, or yield None where that cannot be now: for what can be made again at any time."""
        with _translated(self.path):
            self.connection.execute("PRAGMA busy_timeout = 0")
            try:
                self.connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                yield None
                return
            finally:
                self.connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:d}")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Answer several queries from one consistent state."""
        with _translated(self.path):
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                # Nothing was written but temporary tables, which go with it.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def alone(self, purpose: str) -> Iterator[None]:
        """Wait for other processes that do the same with this store. The lock ends with its process in any case."""
        import fcntl

        with _translated(self.path), self.path.with_name(f"{self.path.name}-{purpose}").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def compact(self) -> None:
        """Give free space back to the file system."""
        with _translated(self.path):
            self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self.connection.close()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def now() -> int:
    """Return microseconds since 1970 UTC, the unit of every time in the store."""
    return time.time_ns() // 1000


def _statements(script: str) -> Iterator[str]:
    """Split a migration at its semicolons; executescript would commit behind our back."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn the driver's errors into ours, once."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise StoreBusy(
                f"another process has been writing to {path} for over {BUSY_SECONDS} s",
                "try again when it has finished",
            ) from error
        raise StoreError(
            f"cannot use the store {path}: {error}", "check the path, its permissions and free space"
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path} is not a readable envscout store: {error}",
            "restore it from a backup, or point ENVSCOUT_STORE elsewhere",
        ) from error
    except OSError as error:
        raise StoreError(
            f"cannot use the store {path}: {error.strerror}", "check the path and its permissions"
        ) from error
