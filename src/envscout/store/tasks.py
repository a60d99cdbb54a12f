"""Who works on a store, and how the standing tasks go: for people to see, and for workers that take over."""

import msgspec

from envscout.store.database import Connection, queries

_SQL = queries("tasks")
ALIVE = 20_000_000
"""Microseconds for which a worker is thought to live after it was seen."""


class Worker(msgspec.Struct, frozen=True):
    """A process that works. began, seen: microseconds."""

    name: str
    began: int
    seen: int


class State(msgspec.Struct, frozen=True):
    """How a task goes. Times are microseconds, 0 for never. failures: in a row, the last one for `problem`."""

    began: int = 0
    ended: int = 0
    due: int = 0
    runs: int = 0
    failures: int = 0
    problem: str = ""
    worker: str = ""


def changes(connection: Connection) -> int:
    """Return a number that changes whenever another connection has written to the embedded store."""
    return int(connection.execute(_SQL["changes"]).fetchone()[0])


def arrive(connection: Connection, worker: str, at: int) -> None:
    """Note that a worker lives, and forget those that were not seen for a day."""
    connection.execute(_SQL["arrive"], {"name": worker, "at": at})
    connection.execute(_SQL["forget_workers"], {"since": at - 24 * 3600 * 1_000_000})


def alone(connection: Connection) -> None:
    """Note that no worker lives: whoever asks knows, holding a lock that each of them holds."""
    connection.execute(_SQL["forget_workers"], {"since": 2**63 - 1})


def leave(connection: Connection, worker: str) -> None:
    """Note that a worker has ended."""
    connection.execute(_SQL["leave"], {"name": worker})


def workers(connection: Connection, at: int) -> list[Worker]:
    """Return the workers that live."""
    return [Worker(*row) for row in connection.execute(_SQL["workers"], {"since": at - ALIVE})]


def state(connection: Connection, task: str) -> State:
    """Return how a task goes."""
    row = connection.execute(_SQL["task"], {"name": task}).fetchone()
    return State(*row) if row else State()


def states(connection: Connection) -> dict[str, State]:
    """Return how every task goes that ever ran, by name."""
    return {name: State(*rest) for name, *rest in connection.execute(_SQL["tasks"])}


def begin(connection: Connection, task: str, worker: str, at: int, due: int) -> None:
    """Note that a task runs. due: when it is to run next, should nobody note its end."""
    connection.execute(_SQL["begin"], {"name": task, "worker": worker, "at": at, "due": due})


def end(connection: Connection, task: str, worker: str, began: int, at: int, due: int) -> None:
    """Note that a task ran to its end, and when it is to run next."""
    connection.execute(_SQL["end"], {"name": task, "worker": worker, "began": began, "at": at, "due": due})


def fail(connection: Connection, task: str, worker: str, began: int, at: int, due: int, problem: str) -> None:
    """Note that a task failed, and when it is to be tried again."""
    row = {"name": task, "worker": worker, "began": began, "at": at, "due": due, "problem": problem}
    connection.execute(_SQL["fail"], row)
