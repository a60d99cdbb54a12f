"""What there is of one kind in a cluster, as far as it is known. Nothing is asked here, and nothing recorded."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from envscout.watch.pods import Object

T = TypeVar("T")


class Mirror(Generic[T]):
    """What there is of one kind, by uid, as far as it is known. For one who writes and one who reads.

    is_complete: a whole list was read. is_current: changes are heard of; what is there may be old where they are not.
    """

    def __init__(self, make: Callable[[Object], T], changed: threading.Event) -> None:
        """Begin with nothing. make: what is kept of an object. changed: set at each change."""
        self.make = make
        self._changed = changed
        self._lock = threading.Lock()
        self._held: dict[str, T] = {}
        self.is_complete = threading.Event()
        self.is_current = threading.Event()

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
