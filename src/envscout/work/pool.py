"""Open stores for runs of tasks: a connection is for one run at a time, and outlives it."""

import contextlib
import queue
from collections.abc import Iterator

from envscout.store import Database, Place


class Pool:
    """Stores that wait to be used again. One in which something failed is closed."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._idle: queue.SimpleQueue[Database] = queue.SimpleQueue()

    @contextlib.contextmanager
    def open(self) -> Iterator[Database]:
        """Lend a store."""
        try:
            database = self._idle.get_nowait()
        except queue.Empty:
            database = Database(self._place)
        try:
            yield database
        except BaseException:
            database.close()
            raise
        self._idle.put(database)

    def close(self) -> None:
        """Close the stores that nobody uses."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()
