"""Open stores for requests: a pool of connections, each lent to one request at a time."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

from envscout.errors import StoreBusy, StoreLost
from envscout.store import Database, Place
from envscout.store.memory import Memory

MOST = 12
"""Connections of one process; a PostgreSQL server has a hundred for all. More would only wait for the processor."""

PATIENCE = 30.0
"""Seconds to wait for one that is lent."""

RESTART = 5.0
"""Seconds in which a server that is started again may be back without anybody being told."""

AGE = 300.0
"""Seconds after which a connection is made anew, so that a newer schema or another password is noticed."""

T = TypeVar("T")


class Stores:
    """A pool of open stores, for any number of threads."""

    def __init__(self, place: Place, most: int = MOST) -> None:
        self._place = place
        self._room = threading.Semaphore(most)
        self._memory = Memory()
        self._idle: deque[tuple[Database, float]] = deque()
        self._is_closed = False

    def ask(self, question: Callable[[Database], T], tenant: str = "") -> T:
        """Ask what changes nothing; once more where the store's server went away meanwhile. Raise StoreError."""
        try:
            with self.open(tenant) as database:
                return question(database)
        except StoreLost:
            with self.open(tenant) as database:
                return question(database)

    @contextlib.contextmanager
    def open(self, tenant: str = "") -> Iterator[Database]:
        """Lend a store to a tenant. Raise StoreBusy where all are lent for too long, StoreLost, StoreError."""
        if not self._room.acquire(timeout=PATIENCE):
            raise StoreBusy(f"nothing was free for {PATIENCE:.0f} s: too much is asked at once", "try again later")
        try:
            database, since = self._taken()
            try:
                database.connection.tenant = tenant
                yield database
            finally:
                self._given_back(database, since)
        finally:
            self._room.release()

    def _taken(self) -> tuple[Database, float]:
        """Return one that is idle, the last used first, or a new one."""
        while True:
            try:
                database, since = self._idle.pop()
            except IndexError:
                return _opened(self._place, self._memory), time.monotonic()
            if time.monotonic() - since < AGE and database.is_usable:
                return database, since
            database.close()

    def _given_back(self, database: Database, since: float) -> None:
        database.witness = None
        if database.is_usable and not self._is_closed:
            self._idle.append((database, since))
        else:
            database.close()
        if self._is_closed:
            self.close()

    def close(self) -> None:
        """Close all; those that are lent, when they come back. Safe to call twice."""
        self._is_closed = True
        while self._idle:
            with contextlib.suppress(IndexError):
                self._idle.pop()[0].close()


def _opened(place: Place, memory: Memory) -> Database:
    """Open a store, waiting for a server that is being started again."""
    deadline = time.monotonic() + RESTART
    while True:
        try:
            return Database(place, memory=memory)
        except StoreLost:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)
