"""One run of a task: what both engines do around it. What fails is logged, shown, and tried again later."""

import logging
import random
import time

from envscout.errors import EnvscoutError, StoreError
from envscout.store import now, tasks
from envscout.work import tracing
from envscout.work.task import Task, Work

_log = logging.getLogger(__name__)
_SECOND = 1_000_000
_MAX_PAUSE = 300.0
_LONG = 60.0
"""Seconds between runs from which each of them is noted, its beginning as well."""
_QUIET = 60 * _SECOND
"""Microseconds for which runs that find nothing leave no note, as every note is a write."""


def attempt(task: Task, work: Work, *, called: bool) -> bool:
    """Run a task once; return whether more is left. Raise StoreError where nothing can be noted.

    called: because something was written, not because it is time. A run that left nothing behind is hardly noted.
    """
    database = work.database
    with database.read() as connection:
        before = tasks.state(connection, task.name)
    began = now()
    # A clock that was set back must not make anybody wait for the time that it was set back by.
    if before.failures and began < before.due < began + 2 * int(_MAX_PAUSE * _SECOND):
        return False
    is_long = not called and task.seconds >= _LONG
    if is_long:
        with database.write() as connection:
            tasks.begin(connection, task.name, work.worker, began, began + next_run(task.seconds))
    clock = time.monotonic()
    try:
        more = task.run(work)
    except Exception as error:
        _trace(task, began, called=called, failed=True)
        _fail(task, work, began, before.failures, error)
        return False
    if more or is_long or before.failures or (not called and before.ended < began - _QUIET):
        with database.write() as connection:
            tasks.end(connection, task.name, work.worker, began, now(), began + next_run(task.seconds))
        _trace(task, began, called=called)
        _log.info("task done", extra={"task": task.name, "seconds": round(time.monotonic() - clock, 3), "more": more})
    return more


def _trace(task: Task, began: int, *, called: bool, failed: bool = False) -> None:
    about: dict[str, tracing.Value] = {"envscout.task": task.name, "envscout.called": called}
    tracing.tell(f"task {task.name}", "internal", (began * 1000, time.time_ns()), about, failed=failed)


def next_run(seconds: float) -> int:
    """Return the microseconds until a task is to run again, not quite the same for everybody."""
    return int(seconds * random.uniform(0.9, 1.1) * _SECOND)  # noqa: S311


def _fail(task: Task, work: Work, began: int, failures: int, error: Exception) -> None:
    """Note why a task failed, and when it is to be tried again."""
    if isinstance(error, StoreError):
        _log.warning("task failed", extra={"task": task.name, "problem": error.cause})
    else:
        _log.exception("task failed", extra={"task": task.name}, exc_info=error)
    said = f"{error.cause} {error.next_step}".strip() if isinstance(error, EnvscoutError) else repr(error)
    pause = next_run(min(2.0 ** min(failures, 10), _MAX_PAUSE))
    with work.database.write() as connection:
        tasks.fail(connection, task.name, work.worker, began, now(), now() + pause, said[:1000])
