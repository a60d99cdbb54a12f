"""Work on the embedded store: some threads of one process. Of several processes, one works and the others stand by."""

import contextlib
import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from envscout.config import Settings
from envscout.errors import EnvscoutError
from envscout.store import Database, now, tasks
from envscout.work.attempt import attempt, next_run
from envscout.work.task import Task, Work

_log = logging.getLogger(__name__)
GLANCE = 0.025
"""Seconds between two glances at whether something was written, by whatever process."""
BEAT = 10.0
STAND_BY = 2.0
RUN = 30.0
"""Seconds after which a run is to let the others have their turn."""
_PAUSE = 2.0


class Embedded:
    """The threads that do the standing tasks: one for each lane of each task, and one that calls them."""

    def __init__(self, place: Path, settings: Settings, worker: str, table: Sequence[Task], concurrency: int) -> None:
        self._place = place
        self._settings = settings
        self.worker = worker
        self._table = table
        self._concurrency = concurrency
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._calls: list[threading.Event] = []
        self.is_working = threading.Event()

    def start(self) -> None:
        """Begin, as soon as no other process works on this store."""
        self._spawn("work", self._lead)

    def stop(self, seconds: float) -> bool:
        """Have every task end at its next safe point; return whether all did in so many seconds."""
        self._stop.set()
        for call in self._calls:
            call.set()
        deadline = time.monotonic() + seconds
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _spawn(self, name: str, run: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=run, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _lead(self) -> None:
        """Wait until this process is the one that works; then call the tasks until it stops."""
        with _alone(self._place, self._stop):
            if self._stop.is_set():
                return
            while not self._stop.is_set():
                try:
                    with Database(self._place) as database:
                        self._watch(database)
                except EnvscoutError as error:
                    _log.warning("work halts", extra={"problem": error.cause})
                    self._stop.wait(_PAUSE)
            # The lock is held until the last of them has ended.
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join()

    def _watch(self, database: Database) -> None:
        with database.write() as connection:
            tasks.alone(connection)
            tasks.arrive(connection, self.worker, now())
        if not self._calls:
            self._begin()
        try:
            self._call(database)
        finally:
            if self._stop.is_set():
                with database.write() as connection:
                    tasks.leave(connection, self.worker)

    def _begin(self) -> None:
        for task in self._table:
            for lane in range(min(task.lanes, max(1, self._concurrency))):
                call = threading.Event()
                self._calls.append(call)
                self._spawn(f"work-{task.name}-{lane}", self._lane, task, call)
        self.is_working.set()

    def _call(self, database: Database) -> None:
        """Call every task whenever something was written; what finds nothing to do costs one query."""
        seen, beaten = -1, time.monotonic()
        while not self._stop.wait(GLANCE):
            version = tasks.changes(database.connection)
            if version != seen:
                seen = version
                for call in self._calls:
                    call.set()
            if time.monotonic() - beaten > BEAT:
                beaten = time.monotonic()
                with database.write() as connection:
                    tasks.arrive(connection, self.worker, now())

    def _lane(self, task: Task, call: threading.Event) -> None:
        """Do one task until told to stop."""
        while not self._stop.is_set():
            try:
                with Database(self._place) as database:
                    self._turns(task, call, database)
            except EnvscoutError as error:
                _log.warning("task waits", extra={"task": task.name, "problem": error.cause})
                self._stop.wait(_PAUSE)

    def _turns(self, task: Task, call: threading.Event, database: Database) -> None:
        due = _due(task, database)
        while not self._stop.is_set():
            is_called = call.wait(max(0.0, (due - now()) / 1_000_000))
            call.clear()
            # Another lane may have had the turn.
            due = max(due, _due(task, database)) if now() >= due else due
            is_due = now() >= due
            if self._stop.is_set() or not (is_due or (is_called and task.tables)):
                continue
            work = Work(database, self._settings, self.worker, self._stop, time.monotonic() + RUN)
            if attempt(task, work, called=not is_due):
                call.set()
            elif is_due:
                due = max(now() + next_run(task.seconds), _due(task, database))


def _due(task: Task, database: Database) -> int:
    """Return when a task is to run uncalled, wherever the clock went since that was noted."""
    with database.read() as connection:
        return min(tasks.state(connection, task.name).due, now() + int(task.seconds * 1_100_000))


@contextlib.contextmanager
def _alone(place: Path, stop: threading.Event) -> Iterator[None]:
    """Hold the lock of whoever works on a store; it ends with the process. Waits until told to stop."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with place.with_name(f"{place.name}-work").open("wb") as file:
        while not stop.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                stop.wait(STAND_BY)
        yield
