"""Open stores for requests: each thread keeps its own, as a connection is for one thread."""

import contextlib
import queue
from collections.abc import Iterator

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
        except BaseException:
            database.close()
            raise
        self._idle.put(database)
