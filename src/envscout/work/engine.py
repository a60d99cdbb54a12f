"""The engine that does the standing tasks on a store, whichever store it is."""

import os
import secrets
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from envscout.config import Settings
from envscout.store import Place
from envscout.work.table import TASKS
from envscout.work.task import Task


class Engine(Protocol):
    """What works until it is told to stop."""

    worker: str

    def start(self) -> None:
        """Begin, in threads of its own."""

    def stop(self, seconds: float) -> bool:
        """Have every task end at its next safe point; return whether all did in so many seconds."""


def engine(place: Place, settings: Settings, *, concurrency: int = 2, table: Sequence[Task] = TASKS) -> Engine:
    """Return the engine for a store. concurrency: long tasks side by side in this process."""
    # Tasks begin at the same moment, and threads that load this library from two ends may each see half of it.
    import_module("envscout.network.adapter")
    worker = f"{os.uname().nodename[:60]}:{os.getpid()}:{secrets.token_hex(3)}"
    if isinstance(place, Path):
        from envscout.work.embedded import Embedded

        return Embedded(place, settings, worker, table, concurrency)
    from envscout.work.postgresql import Shared

    return Shared(place, settings, worker, table, concurrency)
