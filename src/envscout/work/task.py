"""What a task is, and what it is given: the shape that the table of tasks and both engines share."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from envscout.config import Settings
from envscout.store import Database


class Work(NamedTuple):
    """What a run of a task is given. worker: the process that runs it. stop: it is to end at its next safe point."""

    database: Database
    settings: Settings
    worker: str
    stop: threading.Event
    deadline: float = 0.0

    @property
    def is_over(self) -> bool:
        """Return whether a run is to end: the process stops, or the others have waited long enough."""
        return self.stop.is_set() or (self.deadline > 0 and time.monotonic() > self.deadline)


class Task(NamedTuple):
    """One standing task. Its queue is a table of the store; a run drains some of it, and may come twice or late.

    run: return whether more is left. seconds: between two runs that nobody called for. tables: what is written there
    calls for a run. lanes: how many runs side by side, on all machines. priority: higher is first; from PROMPT on it
    never waits for one below.
    """

    name: str
    meaning: str
    run: Callable[[Work], bool]
    seconds: float
    priority: int
    tables: tuple[str, ...] = ()
    lanes: int = 1


PROMPT = 50
