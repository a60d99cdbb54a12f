"""Several layers at once, and within one layer inflating ahead of reading: the threads of this folder.

Hashing and inflating let go of the interpreter, so threads use all cores for them.
"""

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from queue import Empty, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

AHEAD = 4
"""Chunks that one layer is inflated ahead of being read: their bytes are all that waits in memory."""


class StoppedError(Exception):
    """The work of a thread is no longer needed, because other work failed. Never leaves this folder."""


MAX_AT_ONCE = 8
"""More layers at once than this no registry thanks for, and each of them takes memory."""


def cores() -> int:
    """Return how many layers to read at once: as many as this process may use cores, up to MAX_AT_ONCE."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, MAX_AT_ONCE)


def run(tasks: Sequence[Callable[[], T]], stop: Event, at_once: int) -> list[T]:
    """Return what the tasks return, in their order; they are begun in this order, `at_once` at a time.

    stop: set where a task fails or somebody interrupts; a task should look at it and raise StoppedError. Raises the
    first error of a task, after all have ended.
    """
    if at_once <= 1 or len(tasks) <= 1:
        return [task() for task in tasks]
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="layer")
    try:
        futures = [pool.submit(task) for task in tasks]
        done = wait(futures, return_when=FIRST_EXCEPTION).done
        failed = [future.exception() for future in done]
        for error in failed:
            if error and not isinstance(error, StoppedError):
                raise error
        return [future.result() for future in futures]
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def ahead(chunks: Iterable[T]) -> Generator[T, None, None]:
    """Yield the same, made by a thread that runs ahead of whoever takes it. Errors come where they happened."""
    queue: Queue[tuple[bool, T | BaseException | None]] = Queue(AHEAD)
    stop = Event()

    def make() -> None:
        try:
            for chunk in chunks:
                if stop.is_set():
                    return
                queue.put((True, chunk))
            queue.put((False, None))
        except BaseException as error:
            queue.put((False, error))

    thread = Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            more, given = queue.get()
            if more:
                yield given  # type: ignore[misc]
            elif isinstance(given, BaseException):
                raise given
            else:
                return
    finally:
        stop.set()
        while thread.is_alive():
            try:
                queue.get(timeout=0.01)
            except Empty:
                continue
        thread.join()
