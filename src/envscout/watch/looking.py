"""Looking through a registry: every repository, every tag, and what it leads to now."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import msgspec

from envscout.errors import EnvscoutError, LimitExceeded, NotFound
from envscout.images.catalog import Catalog
from envscout.images.credentials import Credentials
from envscout.store.watching import Sighting
from envscout.watch.registries import Selection, Watched, wants_repository, wants_tag

MAX_AT_ONCE = 8
MAX_IN_A_ROW = 3
"""Repositories that fail one after the other before the registry itself is thought to be away."""
MAX_TAGS = 1_000_000
"""Tags that one look takes in, of all repositories."""


class Look(msgspec.Struct, frozen=True):
    """What one look found: what is news, how many tags there are, and what could not be read.

    is_cut: so much failed, or so much was there, that the rest was not asked for.
    """

    news: tuple[Sighting, ...]
    tags: int
    failures: tuple[EnvscoutError, ...]
    is_cut: bool = False


def look(
    watched: Watched,
    chosen: Selection,
    known: Mapping[tuple[str, str], str],
    *,
    credentials: Credentials | None = None,
    at_once: int = 1,
    stop: threading.Event,
) -> Look:
    """Return which tags lead elsewhere than is known. A repository that fails does not keep others from being read.

    known: (repository, tag) -> digest. at_once: repositories side by side. Raises SourceError, AccessDenied, NotFound
    where the list of repositories itself cannot be read.
    """
    names = _names(watched, chosen, credentials)
    shares = [names[number :: max(1, at_once)] for number in range(min(max(1, at_once), MAX_AT_ONCE, len(names)))]
    most = MAX_TAGS // max(1, len(shares))
    with ThreadPoolExecutor(max(1, len(shares)), thread_name_prefix="look") as pool:
        parts = list(pool.map(lambda share: _share(watched, share, chosen, known, credentials, stop, most), shares))
    return Look(
        tuple(each for part in parts for each in part.news),
        sum(part.tags for part in parts),
        tuple(error for part in parts for error in part.failures),
        any(part.is_cut for part in parts),
    )


def _names(watched: Watched, chosen: Selection, credentials: Credentials | None) -> list[str]:
    """Return the repositories that count: those named, or those of the registry's list."""
    if chosen.repositories:
        return [name for name in dict.fromkeys(chosen.repositories) if wants_repository(watched, chosen, name)]
    with closing(Catalog(watched.host, credentials, watched.api)) as catalog:
        # An interface of its own may list the repository's names without the repository.
        prefix = watched.within if watched.api else ""
        names = (f"{prefix}{name}" for name in catalog.repositories())
        return [name for name in names if wants_repository(watched, chosen, name)]


def _share(
    watched: Watched,
    names: Sequence[str],
    chosen: Selection,
    known: Mapping[tuple[str, str], str],
    credentials: Credentials | None,
    stop: threading.Event,
    most: int,
) -> Look:
    """Look through some repositories over one connection. most: tags."""
    news: list[Sighting] = []
    failures: list[EnvscoutError] = []
    count = in_a_row = 0
    with closing(Catalog(watched.host, credentials)) as catalog:
        for name in names:
            try:
                for each in _tags(catalog, name, chosen, stop):
                    if count == most:
                        failures.append(LimitExceeded(f"{watched.host} has more than {MAX_TAGS:,} tags.", _FEWER))
                        return Look(tuple(news), count, tuple(failures), is_cut=True)
                    count += 1
                    if known.get((name, each.tag)) != each.digest:
                        news.append(each)
                in_a_row = 0
            except EnvscoutError as error:
                failures.append(error)
                in_a_row += 1
            if in_a_row == MAX_IN_A_ROW:
                break
    return Look(tuple(news), count, tuple(failures), is_cut=in_a_row == MAX_IN_A_ROW)


_FEWER = "Name those to watch: --repository NAME, --tag PATTERN."


def _tags(catalog: Catalog, name: str, chosen: Selection, stop: threading.Event) -> Iterator[Sighting]:
    for tag in [] if stop.is_set() else catalog.tags(name):
        if stop.is_set():
            return
        if wants_tag(chosen, tag):
            try:
                yield Sighting(name, tag, catalog.digest(name, tag))
            except NotFound:
                # It was deleted since it was listed.
                continue
