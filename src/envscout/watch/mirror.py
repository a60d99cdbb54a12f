"""What there is of one kind in a cluster, as far as it is known. Nothing is asked here, and nothing recorded."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from envscout.watch.pods import Object

T = TypeVar("T")


class Mirror(Generic[T]):
    """What there is of one kind, by uid, as far as it is known. For one who writes and one who reads.

    is_complete: a whole list was read. is_current: changes are heard of; what is there may be old where they are not.
    is_refused: it may not be seen, and was not heard of since.
    """

    def __init__(self, make: Callable[[Object], T], changed: threading.Event, without: str = "") -> None:
        """Begin with nothing. make: what is kept of an object. changed: set at each change.

        without: what it means that it may not be seen, "" for what nobody can do without.
        """
        self.make, self.without = make, without
        self._changed = changed
        self._lock = threading.Lock()
        self._held: dict[str, T] = {}
        self.is_complete = threading.Event()
        self.is_current = threading.Event()
        self.is_refused = threading.Event()

    @property
    def is_enough(self) -> bool:
        """Tell whether one may go by it: all is known, or it may not be seen and one can do without."""
        is_done_without = bool(self.without) and self.is_refused.is_set()
        return is_done_without or (self.is_complete.is_set() and self.is_current.is_set())

    def all(self) -> list[T]:
        """Return all that there is."""
        with self._lock:
            return list(self._held.values())

    def replace(self, held: dict[str, T]) -> None:
        """Know a whole list, which holds nothing of before."""
        with self._lock:
            is_same = held == self._held
            self._held = held
        if not is_same or not self.is_complete.is_set():
            self.is_complete.set()
            self._changed.set()

    def put(self, uid: str, told: Object) -> None:
        """Know one object."""
        made = self.make(told)
        with self._lock:
            before = self._held.get(uid)
            self._held[uid] = made
        if before != made:
            self._changed.set()

    def drop(self, uid: str) -> None:
        """Know that one is gone."""
        with self._lock:
            was = self._held.pop(uid, None) is not None
        if was:
            self._changed.set()
