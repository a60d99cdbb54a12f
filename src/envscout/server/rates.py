"""How fast somebody may ask: so much a second on average, more of it in a burst. Of each process on its own."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from envscout.errors import TooManyRequests

BURST_SECONDS = 10
"""Whoever asked nothing for so long may ask as much at once as would have been theirs meanwhile."""

MOST = 10_000
"""Askers that are remembered; of more, the one who asked the longest ago is forgotten."""

EXEMPT = frozenset({"/healthz", "/readyz", "/metrics"})
"""What tells how a server fares must be told when too much is asked of it."""
DOOR = "/api/v1/admission/"
"""A cluster asks as often as it starts something; that nobody guesses a token there is seen to elsewhere."""


class Rates:
    """A bucket of tokens for each asker: it holds the moment at which it will be full again."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        """per_second: requests, 0 for as many as one likes."""
        self._seconds = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._full: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, asker: str) -> None:
        """Count a request. Raise TooManyRequests where it is one too many; that one is not counted."""
        if not self._seconds:
            return
        with self._lock:
            present = self._clock()
            full = max(self._full.pop(asker, 0.0), present) + self._seconds
            wait = full - present - BURST_SECONDS
            self._full[asker] = full - self._seconds if wait > 0 else full
            if len(self._full) > MOST:
                self._full.popitem(last=False)
        if wait > 0:
            raise TooManyRequests("more is asked than is allowed to one", "ask more slowly", after=wait)
