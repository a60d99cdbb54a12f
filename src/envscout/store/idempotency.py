"""What was answered to writes that somebody may ask for again, without knowing whether they were done."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from envscout.store.database import Connection, queries
from envscout.store.sql import listed

_SQL = queries("idempotency")

KEEP = 24 * 3600 * 1_000_000
"""Microseconds that an answer is kept."""


class Answer(msgspec.Struct, frozen=True):
    """What was answered. request: a hash of all that was asked."""

    request: bytes
    status: int
    response: bytes


class Key(NamedTuple):
    """What a request is known by: who asked, and under which key."""

    subject: str
    key: str


def answers(connection: Connection, keys: Iterable[Key], at: int) -> dict[Key, Answer]:
    """Return what was answered under keys before. Forgets what is old; needs the write lock."""
    connection.execute(_SQL["forget"], {"before": at - KEEP})
    found = connection.execute(_SQL["answers"], {"rows": listed([each._asdict() for each in keys])})
    return {Key(subject, key): Answer(bytes(said), status, bytes(told)) for subject, key, said, status, told in found}


def keep(connection: Connection, at: int, told: Mapping[Key, Answer]) -> None:
    """Keep what is answered under keys. Needs the write lock; the effects are of that transaction."""
    rows = [{**key._asdict(), "at": at, **msgspec.structs.asdict(answer)} for key, answer in told.items()]
    connection.executemany(_SQL["keep"], rows)
