"""Open stores for requests: each has one to itself, as long as it takes."""

import contextlib
import queue
from collections.abc import Iterator

from envscout.errors import EnvscoutError, StoreError
from envscout.store import Database, Place


class Stores:
    """A pool of open stores; grows with what is asked at once, which the server bounds."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._idle: queue.SimpleQueue[Database] = queue.SimpleQueue()

    @contextlib.contextmanager
    def open(self) -> Iterator[Database]:
        """Lend a store. One in which something failed is closed, not lent again."""
        try:
            database = self._idle.get_nowait()
        except queue.Empty:
            database = Database(self._place)
        try:
            yield database
        except EnvscoutError as error:
            # Most of them are answers, and leave the store as it was.
            if isinstance(error, StoreError) or database.connection.in_transaction:
                database.close()
            else:
                self._idle.put(database)
            raise
        except BaseException:
            database.close()
            raise
        self._idle.put(database)

    def close(self) -> None:
        """Close those that nobody uses."""
        while not self._idle.empty():
            self._idle.get_nowait().close()
