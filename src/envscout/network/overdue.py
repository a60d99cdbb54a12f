"""A limit on how long a whole exchange takes: who trickles is cut off, as no time-out of a socket does."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator


class Exchange:
    """One question and its answer. The connection it uses at the moment is told by `uses`."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.is_overdue = False
        self._socket: socket.socket | None = None

    @property
    def left(self) -> float:
        """Return the seconds that are left, a little at least: zero would mean not to wait at all."""
        return max(0.05, self.deadline - time.monotonic())

    def uses(self, used: socket.socket | None) -> None:
        """Note which socket to cut off."""
        self._socket = used
        if self.is_overdue:
            self.cut()

    def cut(self) -> None:
        """End whatever waits for the socket."""
        self.is_overdue = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class Watch:
    """A thread that cuts off what is overdue; it starts with the first exchange and ends with the process."""

    def __init__(self) -> None:
        self._exchanges: set[Exchange] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def over(self, seconds: float) -> Iterator[Exchange]:
        """Watch over an exchange while it lasts."""
        exchange = Exchange(time.monotonic() + seconds)
        with self._changed:
            sooner = all(exchange.deadline < each.deadline for each in self._exchanges)
            self._exchanges.add(exchange)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="network watch", daemon=True)
                self._thread.start()
            if sooner:
                self._changed.notify()
        try:
            yield exchange
        finally:
            with self._changed:
                self._exchanges.discard(exchange)

    def _run(self) -> None:
        while True:
            with self._changed:
                present = time.monotonic()
                overdue = [each for each in self._exchanges if each.deadline <= present]
                self._exchanges.difference_update(overdue)
                if not overdue:
                    first = min((each.deadline for each in self._exchanges), default=None)
                    self._changed.wait(None if first is None else first - present)
            for each in overdue:
                each.cut()
