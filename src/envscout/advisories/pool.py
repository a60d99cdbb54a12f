"""Processes that read members, started only where there are enough of them."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Self

from envscout.advisories.work import Outcome, Task, run, run_packed, unpack
from envscout.errors import FeedError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

# Starting processes costs as much as reading this many members.
_WORTH_STARTING = 2_000


class Pool:
    """Runs tasks: the first ones in this process, the many after them in others. Use as a context manager.

    ahead: how many tasks should be submitted before the outcome of the first is asked for.
    """

    def __init__(self, workers: int) -> None:
        """Promise that many processes; with 0 everything runs in this one."""
        self._workers = workers
        self._members = 0
        self._processes: ProcessPoolExecutor | None = None
        # Enough to keep the processes busy while this one stores for a moment; an outcome holds at most 500 records.
        self.ahead = 16 * workers

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes; what they have not begun is dropped."""
        if self._processes is not None:
            self._processes.shutdown(wait=True, cancel_futures=True)

    def submit(self, task: Task) -> Callable[[], Outcome]:
        """Have a task run; the function returned waits for its outcome and raises what the task raised."""
        self._members += len(task.members)
        if not self._workers or (self._processes is None and self._members <= _WORTH_STARTING):
            return lambda: run(task)
        if self._processes is None:
            self._processes = _start(self._workers)
        with _shielded():
            return _waiting(self._processes.submit(run_packed, task))


def _start(workers: int) -> "ProcessPoolExecutor":
    # Imported here, for most commands read no feed. "spawn" is safe beside threads, which "fork" is not.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent)


@contextlib.contextmanager
def _shielded() -> Iterator[None]:
    """Keep Ctrl-C for this process alone: a terminal sends it to the whole group, and those started here ignore it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone; after a kill -9 it would wait for work for ever."""
    import os
    import threading
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _waiting(future: "Future[bytes]") -> Callable[[], Outcome]:
    def wait() -> Outcome:
        from concurrent.futures.process import BrokenProcessPool

        try:
            return unpack(future.result())
        except BrokenProcessPool as error:
            raise FeedError("a process that read the feed was ended", "is there enough memory? Try again") from error

    return wait
