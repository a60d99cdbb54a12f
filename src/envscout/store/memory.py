"""What was looked up before, kept for as long as it is true: a server asks the same of its store all day.

Whatever is kept is kept under a key that names all that it rests on, by generations (store.generations) read in the
same transaction: a part that changed has another key, and the old one is forgotten in time.
"""

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
_PIECE = 200
"""Bytes that keeping anything takes, beside the thing itself."""


class Memory:
    """Parts of answers, those that were asked for last, in a bounded number of bytes. For all threads of a process."""

    def __init__(self, most: int = 32 << 20) -> None:
        """Begin with nothing. most: bytes, as far as those who keep something know them."""
        self._most = most
        self._held = 0
        self._kept: dict[Hashable, tuple[Any, int]] = {}
        self._made: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return what is kept under a key, made where nothing is; of several who ask at once, one makes it.

        size: bytes that it takes.
        """
        found: T | None = self.find(key)
        if found is not None:
            return found
        with self.alone(key):
            found = self.find(key)
            if found is None:
                found = make()
                self.put(key, found, size(found))
            return found

    @contextlib.contextmanager
    def alone(self, key: Hashable) -> Iterator[None]:
        """Wait for others who do the same: it is found sooner than made again."""
        with self._lock:
            making = self._made.setdefault(key, threading.Lock())
        try:
            with making:
                yield
        finally:
            with self._lock:
                self._made.pop(key, None)

    def find(self, key: Hashable) -> Any:
        """Return what is kept under a key, None for nothing."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None:
                return None
            self._kept[key] = found
            return found[0]

    def put(self, key: Hashable, made: object, size: int) -> None:
        """Keep something in the place of what was kept under its key, where there is room. size: bytes."""
        self.forget(key)
        if size + _PIECE > self._most // 4:
            return
        with self._lock:
            self._kept[key] = made, size + _PIECE
            self._held += size + _PIECE
            while self._held > self._most:
                self._held -= self._kept.pop(next(iter(self._kept)))[1]

    def forget(self, key: Hashable) -> None:
        """Forget what is kept under a key."""
        with self._lock:
            found = self._kept.pop(key, None)
            self._held -= found[1] if found else 0
