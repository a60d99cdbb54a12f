"""Writes that may be asked for again: the same key and the same request are done once, and answered the same.

https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header. The key is kept in the transaction of
what it did: whoever was killed in between did nothing. Who asks at the same time waits for the write lock.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

from envscout.access.principal import Principal
from envscout.errors import UsageError
from envscout.store import Database, idempotency, now
from envscout.store.idempotency import Answer, Key

MAX_KEY = 255


class KeyReused(UsageError):
    """A key that was used for another request before."""

    http_status = 422


class Keyed(NamedTuple):
    """A request under a key. said: a hash of all that is asked."""

    name: Key
    said: bytes

    def again(self, before: Answer) -> tuple[int, bytes]:
        """Return the status and the answer that were given before. Raise KeyReused."""
        if before.request != self.said:
            raise KeyReused("the idempotency key was used for another request", "make a new key for every request")
        return before.status, before.response


def keyed(who: Principal, key: str, request: bytes) -> Keyed:
    """Return a request of somebody's under a key. Raise UsageError."""
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise UsageError("the idempotency key is empty, too long or not printable", f"use 1 to {MAX_KEY} characters")
    subject = f"{who.subject}\n{who.organization}\n{who.environment}"
    return Keyed(Key(subject, key), blake2b(request, digest_size=20).digest())


def once(database: Database, asked: Keyed, do: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
    """Do what was asked for unless that was done under the key before; return status and answer. Raise KeyReused."""
    with database.together() as connection:
        moment = now()
        before = idempotency.answers(connection, [asked.name], moment).get(asked.name)
        if before is None:
            status, content = do()
            idempotency.keep(connection, moment, {asked.name: Answer(asked.said, status, content)})
            return status, content
    return asked.again(before)
