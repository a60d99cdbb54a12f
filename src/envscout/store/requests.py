"""Images that the server itself is to look into: a durable queue that any number of workers drain."""

import msgspec

from envscout.store.database import Connection, queries
from envscout.store.tasks import ALIVE

_SQL = queries("requests")


class Request(msgspec.Struct, frozen=True):
    """An image that was asked for. Times are microseconds, 0 for never. state: `waiting`, `indexed` or `failed`.

    worker: who looks into it just now, "" for nobody. problem: why it failed last, even if it is to be tried again.
    """

    request_id: int
    organization: str
    reference: str
    platform: str
    priority: int
    state: str
    worker: str
    attempts: int
    asked: int
    due: int
    ended: int
    digest: str
    problem: str


class Claim(msgspec.Struct, frozen=True):
    """An image that a worker has begun with. attempts: those that failed."""

    request_id: int
    tenant: str
    organization: str
    reference: str
    platform: str
    attempts: int


def ask(
    connection: Connection, tenant: str, organization: str, reference: str, platform: str, priority: int, at: int
) -> int:
    """Queue an image unless it waits already; return the number of the request."""
    row = {"tenant": tenant, "organization": organization, "reference": reference, "platform": platform}
    found = connection.execute(_SQL["ask"], {**row, "priority": priority, "at": at}).fetchone()
    return int(found[0])


def waiting(connection: Connection) -> int:
    """Return how many images wait."""
    return int(connection.execute(_SQL["waiting"]).fetchone()[0])


def counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """Return by state how many requests there are, and when the oldest of them was made."""
    return {str(state): (int(count), int(oldest)) for state, count, oldest in connection.execute(_SQL["counts"])}


def claim(connection: Connection, worker: str, at: int, alive: int = ALIVE) -> Claim | None:
    """Begin with the most urgent image, None if there is none. Call it in a write transaction.

    alive: microseconds for which a worker is thought to live after it was seen.
    """
    row = connection.execute(_SQL["next"], {"at": at, "since": at - alive}).fetchone()
    if row is None:
        return None
    connection.execute(_SQL["claim"], {"request_id": row[0], "worker": worker})
    return Claim(*row)


def postpone(connection: Connection, request_id: int, due: int, problem: str) -> None:
    """Note that an image failed and is to be tried again at a moment."""
    connection.execute(_SQL["postpone"], {"request_id": request_id, "due": due, "problem": problem})


def settle(connection: Connection, request_id: int, state: str, at: int, digest: str = "", problem: str = "") -> None:
    """Note what became of a request: `indexed` or `failed`."""
    row = {"request_id": request_id, "state": state, "at": at, "digest": digest, "problem": problem}
    connection.execute(_SQL["settle"], row)


def give_back(connection: Connection, request_id: int) -> None:
    """Let somebody else do it."""
    connection.execute(_SQL["give_back"], {"request_id": request_id})


def requests(connection: Connection, organization: str, state: str, before: int, most: int) -> list[Request]:
    """Return what was asked for, the newest first. before: the number of a request, 0 for all."""
    row = {"organization": organization, "state": state, "before": before, "most": most}
    return [Request(*each) for each in connection.execute(_SQL["requests"], row)]
