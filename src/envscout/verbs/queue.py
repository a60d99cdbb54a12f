"""Ask the server to look into images itself, and see what became of that. Workers do the looking."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from envscout.errors import EnvscoutError, ForbiddenAddress, InvalidReference, LimitExceeded, NotFound, UsageError
from envscout.names.reference import parse
from envscout.store import Database, now, requests
from envscout.store.requests import Claim, Request
from envscout.store.tasks import ALIVE

Urgency = Literal["person", "pipeline", "wave"]
PRIORITIES: dict[Urgency, int] = {"person": 30, "pipeline": 20, "wave": 10}
"""A person who waits comes before a pipeline, and both before what a night's wave of images asks."""

MAX_REFERENCES = 1_000
MAX_WAITING = 100_000
MAX_SHOWN = 1_000
MAX_ATTEMPTS = 8
_MAX_PAUSE = 4 * 3600.0
_SECOND = 1_000_000


class Asked(msgspec.Struct, frozen=True):
    """One image that is to be looked into."""

    request_id: int
    reference: str


def ask(
    database: Database,
    references: Sequence[str],
    *,
    organization: str = "",
    platform: str = "",
    urgency: Urgency = "pipeline",
) -> list[Asked]:
    """Queue images of registries; what waits already keeps its number. Raise InvalidReference, LimitExceeded."""
    if len(references) > MAX_REFERENCES:
        raise LimitExceeded(f"{len(references):,} images at once", f"ask for {MAX_REFERENCES:,} at a time")
    names = list(dict.fromkeys(_checked(each) for each in references))
    at = now()
    with database.write() as connection:
        if requests.waiting(connection) + len(names) > MAX_WAITING:
            raise LimitExceeded(f"{MAX_WAITING:,} images wait already", "ask again when some of them are done")
        return [
            Asked(
                requests.ask(connection, connection.tenant, organization, name, platform, PRIORITIES[urgency], at), name
            )
            for name in names
        ]


def requested(
    database: Database, *, organization: str = "", state: str = "", before: int = 0, most: int = 100
) -> list[Request]:
    """Return what was asked for, the newest first. state: `waiting`, `indexed`, `failed` or "". before: a number."""
    if state not in ("", "waiting", "indexed", "failed"):
        raise UsageError(f"there is no state {state[:50]!r}", "it is waiting, indexed or failed")
    with database.read() as connection:
        return requests.requests(connection, organization, state, before, max(1, min(most, MAX_SHOWN)))


def take(database: Database, worker: str) -> Claim | None:
    """Begin with the most urgent image, None if there is none."""
    with database.read() as connection:
        if not requests.waiting(connection):
            return None
    with database.write() as connection:
        # Of a file, whoever works holds the lock, and has forgotten all who did before.
        at = now()
        return requests.claim(connection, worker, at, at if isinstance(database.place, Path) else ALIVE)


def done(database: Database, claim: Claim, digest: str) -> None:
    """Note that an image was looked into."""
    with database.write() as connection:
        requests.settle(connection, claim.request_id, "indexed", now(), digest)


def failed(database: Database, claim: Claim, error: EnvscoutError) -> None:
    """Try an image again later, unless it is gone or was tried often enough."""
    is_final = isinstance(error, (NotFound, UsageError, ForbiddenAddress)) or claim.attempts + 1 >= MAX_ATTEMPTS
    pause = min(15.0 * 4**claim.attempts, _MAX_PAUSE) * (1 + random.random() / 2)  # noqa: S311
    said = f"{error.cause} {error.next_step}".strip()[:1000]
    with database.write() as connection:
        if is_final:
            requests.settle(connection, claim.request_id, "failed", now(), problem=said)
        else:
            requests.postpone(connection, claim.request_id, now() + int(pause * _SECOND), said)


def give_back(database: Database, claim: Claim) -> None:
    """Give an image back untried: this worker ends."""
    with database.write() as connection:
        requests.give_back(connection, claim.request_id)


def _checked(text: str) -> str:
    """Return the full name of an image in a registry: a server opens no files for others, and asks no engine."""
    reference = parse(text)
    if reference.is_located or reference.prefix in ("local", "sbom") or not reference.path:
        raise InvalidReference(f"{text[:200]!r} is no image in a registry", "write HOST/REPOSITORY:TAG")
    return reference.canonical
