"""What was answered to writes that somebody may ask for again, without knowing whether they were done."""

import msgspec

from envscout.store.database import Connection, queries

_SQL = queries("idempotency")

KEEP = 24 * 3600 * 1_000_000
"""Microseconds that an answer is kept."""


class Answer(msgspec.Struct, frozen=True):
    """What was answered. request: a hash of all that was asked."""

    request: bytes
    status: int
    response: bytes


def answer(connection: Connection, subject: str, key: str, at: int) -> Answer | None:
    """Return what somebody was answered under a key, None if nothing. Forgets what is old; needs the write lock."""
    connection.execute(_SQL["forget"], {"before": at - KEEP})
    row = connection.execute(_SQL["answer"], {"subject": subject, "key": key}).fetchone()
    return Answer(bytes(row[0]), row[1], bytes(row[2])) if row else None


def keep(connection: Connection, subject: str, key: str, at: int, answer: Answer) -> None:
    """Keep what somebody is answered under a key. Needs the write lock; the effect is of that transaction."""
    row = {"subject": subject, "key": key, "at": at, **msgspec.structs.asdict(answer)}
    connection.execute(_SQL["keep"], row)
