"""How often somebody may fail to say who they are."""

import threading
import time
from collections import OrderedDict

from envscout.errors import TooManyRequests

MOST = 10_000


class Pace:
    """Failures of each address: a burst, then one every so many seconds. Of too many, the oldest is forgotten."""

    def __init__(self, burst: int = 20, seconds: float = 3.0) -> None:
        self._burst, self._seconds = burst, seconds
        self._full: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Raise TooManyRequests where an address has failed too often."""
        with self._lock:
            wait = self._full.get(address, 0.0) - time.monotonic() - (self._burst - 1) * self._seconds
        if wait > 0:
            raise TooManyRequests(
                "too many tries to say who asks", f"wait {int(wait) + 1} seconds, then use a valid token"
            )

    def failed(self, address: str) -> None:
        """Count a failure."""
        with self._lock:
            present = time.monotonic()
            self._full[address] = max(self._full.pop(address, 0.0), present) + self._seconds
            if len(self._full) > MOST:
                self._full.popitem(last=False)
