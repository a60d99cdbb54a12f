"""What was noticed in registries that are watched: what their tags led to, and what is still to be indexed."""

from collections.abc import Collection, Iterable

import msgspec

from envscout.store.database import Connection, queries

_SQL = queries("watching")
MAX_QUEUED = 100_000
"""Images of one registry that wait; more are refused, so that whoever tells of them tells again later."""


RETRY = 24 * 3600 * 1_000_000
"""Microseconds after which what failed for good is tried once more."""


class Sighting(msgspec.Struct, frozen=True):
    """A tag of a registry and the digest that it led to, "" where that was not told."""

    repository: str
    tag: str
    digest: str


class Queued(msgspec.Struct, frozen=True):
    """An image that waits. attempts: how often it failed. seen: microseconds."""

    watch_id: int
    registry: str
    repository: str
    tag: str
    digest: str
    attempts: int
    seen: int


def has_begun(connection: Connection, registry: str) -> bool:
    """Return whether a registry was looked through before."""
    return connection.execute(_SQL["began"], {"registry": registry}).fetchone() is not None


def begin(connection: Connection, registry: str, there: Iterable[Sighting], at: int) -> None:
    """Note that a registry was looked through, and what was there."""
    rows = ({"registry": registry, "at": at, **msgspec.structs.asdict(each)} for each in there)
    connection.executemany(_SQL["before"], rows)
    connection.execute(_SQL["begin"], {"registry": registry, "at": at})


def known(connection: Connection, registry: str, at: int, *, all_images: bool = False) -> dict[tuple[str, str], str]:
    """Return (repository, tag) -> digest of what needs nothing more. all_images: what was there before does."""
    row = {"registry": registry, "all_images": all_images, "stale": at - RETRY}
    rows = connection.execute(_SQL["known"], row)
    return {(repository, tag): digest for repository, tag, digest in rows}


def enqueue(
    connection: Connection,
    registry: str,
    found: Iterable[Sighting],
    at: int,
    *,
    all_images: bool = False,
    anew: bool = False,
) -> int:
    """Queue what is not known and not queued; return how many. Nothing is queued beyond MAX_QUEUED.

    all_images: what was there before is not known. anew: it was pushed just now: nor is what failed.
    """
    room = MAX_QUEUED - queued(connection, registry)
    count = 0
    for each in found:
        if count >= room:
            break
        how = {"registry": registry, "at": at, "all_images": all_images, "anew": anew, "stale": at - RETRY}
        row = {**how, **msgspec.structs.asdict(each)}
        count += connection.execute(_SQL["enqueue"], row).rowcount
    return count


def queued(connection: Connection, registry: str) -> int:
    """Return how many images wait."""
    return int(connection.execute(_SQL["queued"], {"registry": registry}).fetchone()[0])


def due(connection: Connection, registry: str, at: int, busy: Collection[int]) -> Queued | None:
    """Return the next image to be tried, None if there is none. busy: numbers of those being tried."""
    rows = connection.execute(_SQL["due"], {"registry": registry, "at": at, "most": len(busy) + 1})
    return next((Queued(*row) for row in rows if row[0] not in busy), None)


def postpone(connection: Connection, one: Queued, until: int) -> None:
    """Note that an image failed and is to be tried again at a moment."""
    connection.execute(_SQL["postpone"], {"watch_id": one.watch_id, "due": until})


def settle(connection: Connection, one: Queued, digest: str, state: str, problem: str = "") -> None:
    """Note what became of an image: `indexed` or `failed`. It waits no longer."""
    row = {**msgspec.structs.asdict(one), "digest": digest, "state": state, "problem": problem}
    connection.execute(_SQL["settle"], row)
    connection.execute(_SQL["dequeue"], {"watch_id": one.watch_id})
