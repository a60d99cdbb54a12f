"""The one place that opens the database: engine, migrations, transactions."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from envscout.errors import StoreError
from envscout.store import sqlite
from envscout.store.memory import Memory
from envscout.store.sql import Connection, queries

__all__ = ["FOREVER", "Connection", "Database", "Place", "now", "queries"]

FOREVER = 2**63 - 1
"""The end of an interval that has not ended; fits a signed 64-bit column."""

HALF = 1_000_000
"""Added to the number of the schema for as long as something is copied into a store: nobody else opens it."""

Place = Path | str
"""Where a store is: a file for SQLite, or the address of a PostgreSQL database (postgresql://...)."""


def _engine(place: Place) -> Any:
    """Return the module that speaks to what is at a place; the one for PostgreSQL costs a library of its own."""
    if isinstance(place, Path):
        return sqlite
    from envscout.store import postgresql

    return postgresql


class Database:
    """One store: many readers, one writer at a time, every committed write durable.

    Use from one thread at a time. Only `write()` changes anything. witness: called at the end of each of its
    transactions, to tell in it what was done.
    """

    connection: Connection
    _is_together = False
    _is_held = False

    def __init__(self, place: Place, tenant: str = "", *, half: bool = False, memory: Memory | None = None) -> None:
        """Open the store at a place, creating and migrating it as needed. Raise StoreError where that cannot be.

        tenant: the organization whose images are known; "" for those of the whole instance. half: for who goes on
        copying into it. memory: of those who have the same store open in this process.
        """
        self.place = place
        self.memory = memory or Memory()
        self._may_be_half = half
        self.migrated_from = -1
        self.witness: Callable[[Connection], None] | None = None
        self._afterwards: list[Callable[[], None]] = []
        self._engine = _engine(place)
        with self.translated():
            self.connection = self._engine.connect(place)
            self.connection.tenant = tenant
            try:
                self._migrate()
            except BaseException:
                self.close()
                raise

    def _migrate(self) -> None:
        migrations = self._engine.SCHEMA
        version = self.migrated_from = self._engine.version(self.connection)
        if version == HALF + len(migrations) and self._may_be_half:
            return
        if version >= HALF:
            raise StoreError(
                f"{self.name} is half copied", "run the same `envscout store copy` again, which goes on where it was"
            )
        if version > len(migrations):
            raise StoreError(
                f"{self.name} was written by a newer envscout (schema {version}, this one knows {len(migrations)})",
                "install the newer version, or point ENVSCOUT_STORE to another store",
            )
        if version == len(migrations):
            return
        with self._engine.prepared(self.connection), self.write():
            # Read again under the write lock: another process may have migrated in between.
            version = self._engine.version(self.connection)
            for migration in migrations[version:]:
                self._engine.migrate(self.connection, migration.read_text(encoding="utf-8"))
            self._engine.set_version(self.connection, max(version, len(migrations)))

    @property
    def is_current(self) -> bool:
        """Return whether the schema is the one that this program knows, and nobody has migrated further since."""
        with self.translated():
            return bool(self._engine.version(self.connection) == len(self._engine.SCHEMA))

    @property
    def schema(self) -> int:
        """Return the number of the schema that this version keeps stores in."""
        return len(self._engine.SCHEMA)

    @classmethod
    def schema_at(cls, place: Place) -> tuple[int, int]:
        """Return the number of the schema of what is at a place, 0 for nothing, and that of this version."""
        engine = _engine(place)
        if isinstance(place, Path) and not place.exists():
            return 0, len(engine.SCHEMA)
        with engine.translated(place), contextlib.closing(engine.connect(place)) as connection:
            return int(engine.version(connection)), len(engine.SCHEMA)

    @property
    def is_half(self) -> bool:
        """Tell whether something is being copied into this store."""
        return bool(self._engine.version(self.connection) >= HALF)

    def set_half(self, is_half: bool) -> None:
        """Close the store to everybody who does not copy into it, or open it again. Needs the write lock."""
        self._engine.set_version(self.connection, len(self._engine.SCHEMA) + (HALF if is_half else 0))

    def unchecked(self) -> contextlib.AbstractContextManager[None]:
        """Leave it unchecked for a while, where the engine can, whether what rows refer to is there."""
        unchecked: contextlib.AbstractContextManager[None] = self._engine.prepared(self.connection)
        return unchecked

    @property
    def name(self) -> str:
        """Return what the store is called in messages, without a password."""
        return str(self._engine.called(self.place))

    def translated(self) -> contextlib.AbstractContextManager[None]:
        """Turn the driver's errors into StoreBusy and StoreError."""
        translated: contextlib.AbstractContextManager[None] = self._engine.translated(self.place)
        return translated

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Hold the write lock for one transaction: all of it is kept, or nothing. Raise StoreBusy, StoreError."""
        if self._is_together:
            yield self.connection
            if self.witness is not None:
                self.witness(self.connection)
            return
        with self.translated(), self._undone():
            self._begun(self._engine.begin_write)
            yield self.connection
            if self.witness is not None:
                self.witness(self.connection)
            self._engine.commit(self.connection)

    @contextlib.contextmanager
    def together(self) -> Iterator[Connection]:
        """Make one transaction, under the write lock, of all that is read and written within: for several verbs."""
        if self._is_together:
            yield self.connection
            return
        self._afterwards.clear()
        try:
            with self.write() as connection:
                self._is_together = True
                try:
                    yield connection
                finally:
                    self._is_together = False
        finally:
            for each in self._afterwards[:]:
                self._afterwards.remove(each)
                each()

    def outside(self, do: Callable[[], None]) -> None:
        """Do something in a transaction of its own: after the one there is, whatever becomes of that."""
        if self._is_together:
            self._afterwards.append(do)
        else:
            do()

    @contextlib.contextmanager
    def write_at_once(self) -> Iterator[Connection | None]:
        """Do as `write` does, or yield None where that cannot be now: for what can be made again at any time."""
        if self._is_together:
            yield self.connection
            return
        with self.translated(), self._undone():
            if not self._begun(self._engine.try_write):
                yield None
                return
            yield self.connection
            self._engine.commit(self.connection)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Answer several queries from one consistent state."""
        if self._is_together:
            yield self.connection
            return
        # Nothing is written but temporary tables, which go with the transaction.
        with self.translated(), self._undone():
            self._begun(lambda connection: connection.execute(self._engine.BEGIN_READ))
            yield self.connection

    def _begun(self, begin: Callable[[Any], Any]) -> Any:
        """Begin a transaction; where the server went away since the last one, on a new connection: nothing is lost."""
        try:
            return begin(self.connection)
        except Exception:
            if self._is_held or not self._engine.is_lost(self.connection):
                raise
        self._connect_again()
        return begin(self.connection)

    def _connect_again(self) -> None:
        tenant = self.connection.tenant
        self.close()
        self.connection = self._engine.connect(self.place)
        self.connection.tenant = tenant

    @property
    def is_usable(self) -> bool:
        """Tell whether the next question can be asked: no transaction is open, nothing is known to have gone away."""
        return not self.connection.in_transaction and not self._engine.is_lost(self.connection)

    @contextlib.contextmanager
    def _undone(self) -> Iterator[None]:
        """Undo what was not committed."""
        try:
            yield
        finally:
            # A full disk makes SQLite roll back by itself.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def alone(self, purpose: str) -> Iterator[None]:
        """Wait for other processes that do the same with this store. The lock ends with its process in any case."""
        with self.translated():
            if not self._is_held and self._engine.is_lost(self.connection):
                self._connect_again()
        with self.translated(), self._engine.alone(self.connection, self.place, purpose):
            # The lock is the connection's: no other one can go on in its place.
            before, self._is_held = self._is_held, True
            try:
                yield
            finally:
                self._is_held = before

    def run_script(self, script: str) -> None:
        """Run the statements of a script as they are, in the transaction that is open."""
        with self.translated():
            self._engine.migrate(self.connection, script)

    def damage(self) -> list[str]:
        """Return what the engine finds to be damaged in its own files, and rows that refer to nothing."""
        with self.translated():
            return [str(each) for each in self._engine.damage(self.connection)]

    def back_up(self, into: Path) -> None:
        """Write a file's whole store, as it is at this moment, into another file, while others go on writing."""
        with self.translated():
            self._engine.back_up(self.connection, into)

    def learn(self) -> None:
        """Have the engine learn how much there is of what, where it plans by that."""
        with self.translated():
            self._engine.learn(self.connection)

    def compact(self) -> None:
        """Give free space back to the file system."""
        with self.translated():
            self._engine.compact(self.connection)

    def size(self) -> int:
        """Return the bytes that the store takes on disk."""
        with self.translated():
            return int(self._engine.size(self.connection, self.place))

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._engine.close(self.connection)

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def now() -> int:
    """Return microseconds since 1970 UTC, the unit of every time in the store."""
    return time.time_ns() // 1000
