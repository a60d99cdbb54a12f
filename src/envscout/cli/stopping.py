"""Commands that work until somebody asks them to end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def until_stopped() -> Iterator[threading.Event]:
    """Yield an event that is set by the first SIGINT or SIGTERM; the second one ends the program at once."""
    stop = threading.Event()
    kinds = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = {kind: signal.getsignal(kind) for kind in kinds}

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for kind, handler in before.items():
            signal.signal(kind, handler)

    for kind in kinds:
        signal.signal(kind, end)
    try:
        yield stop
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
