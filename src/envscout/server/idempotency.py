"""Writes that may be asked for again: the same key and the same request are done once, and answered the same.

https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header. The key is kept in the transaction of
what it did: whoever was killed in between did nothing. Who asks at the same time waits for the write lock.
"""

from collections.abc import Callable
from hashlib import blake2b

from envscout.errors import UsageError
from envscout.server.asking import Asked
from envscout.store import idempotency, now
from envscout.store.idempotency import Answer

MAX_KEY = 255


class KeyReused(UsageError):
    """A key that was used for another request before."""

    http_status = 422


def once(asked: Asked, key: str, request: bytes, do: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
    """Do what was asked for unless that was done under the key before; return status and answer. Raise UsageError."""
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise UsageError("the idempotency key is empty, too long or not printable", f"use 1 to {MAX_KEY} characters")
    said, subject = blake2b(request, digest_size=20).digest(), _subject(asked)
    with asked.database.together() as connection:
        moment = now()
        found = idempotency.answer(connection, subject, key, moment)
        if found is None:
            status, content = do()
            idempotency.keep(connection, subject, key, moment, Answer(said, status, content))
            return status, content
    if found.request != said:
        raise KeyReused("the idempotency key was used for another request", "make a new key for every request")
    return found.status, found.response


def _subject(asked: Asked) -> str:
    whose = asked.principal
    return f"{whose.subject}\n{whose.organization}\n{whose.environment}"
