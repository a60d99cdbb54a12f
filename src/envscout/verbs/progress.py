"""How the standing work goes: who works, what each task did last, and how much waits."""

import msgspec

from envscout.store import Database, now, outbox, requests, standing, tasks
from envscout.store.tasks import Worker


class TaskProgress(msgspec.Struct, frozen=True):
    """How one task goes. Times are microseconds, 0 for never. state: `running`, `failing` or `idle`.

    due: when it runs next, whether or not it is called before. problem: why it failed, if it did last.
    """

    name: str
    state: str
    began: int
    ended: int
    due: int
    runs: int
    failures: int
    problem: str
    worker: str


class QueueProgress(msgspec.Struct, frozen=True):
    """What waits in one queue. oldest: since when, in microseconds; 0 where nothing waits, or nobody notes it."""

    name: str
    waiting: int
    oldest: int = 0


class Progress(msgspec.Struct, frozen=True):
    """How the work on a store goes."""

    workers: tuple[Worker, ...]
    tasks: tuple[TaskProgress, ...]
    queues: tuple[QueueProgress, ...]


def progress(database: Database) -> Progress:
    """Return how the work goes."""
    with database.read() as connection:
        workers = tuple(tasks.workers(connection, now()))
        states = tasks.states(connection)
        waiting, oldest = requests.counts(connection).get("waiting", (0, 0))
        marks = standing.marks(connection)
        messages = sum(each.count for each in outbox.counts(connection) if each.state == "waiting")
    alive = {each.name for each in workers}
    return Progress(
        workers,
        tuple(_progress(name, state, alive) for name, state in states.items()),
        (
            QueueProgress("index", waiting, oldest),
            QueueProgress("reconcile", marks),
            QueueProgress("deliver", messages),
        ),
    )


def _progress(name: str, state: tasks.State, alive: set[str]) -> TaskProgress:
    is_running = state.began > state.ended and state.worker in alive
    said = "running" if is_running else "failing" if state.failures else "idle"
    return TaskProgress(name, said, **msgspec.structs.asdict(state))
