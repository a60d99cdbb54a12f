"""Have feeds of a bundle instead: those that may follow what is here. What cannot be read of it fails all of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from envscout.advisories.batch import Batch
from envscout.advisories.bundles import following
from envscout.advisories.bundles.following import Held
from envscout.advisories.bundles.manifest import Entry
from envscout.advisories.bundles.reading import Bundle
from envscout.advisories.sources import Feed
from envscout.errors import FeedError
from envscout.model import Problem
from envscout.store import Database, feeds, now
from envscout.verbs.update.ready import FeedResult, Ready, failure


class Brought(NamedTuple):
    """A bundle that was believed. allow_older, allow_other: apply it though it goes back, or is of another store."""

    bundle: Bundle
    allow_older: bool = False
    allow_other: bool = False


def carried(database: Database, brought: Brought, failed: list[FeedResult]) -> list[Ready]:
    """Return the feeds of a bundle that may follow what is here. Raise FeedError where none may."""
    manifest = brought.bundle.manifest
    ready: list[Ready] = []
    with database.read() as connection:
        of = {each.name: each.run.as_of for each in feeds.status(connection)}
        for entry in manifest.feeds:
            feed = Feed(entry.name, entry.kind, following.location(manifest, entry))
            state = feeds.state_of(connection, entry.name)
            held = Held(state.location, state.digest, of[entry.name]) if state else None
            allowed = {"allow_older": brought.allow_older, "allow_other": brought.allow_other}
            refusal = following.refusal(manifest, entry, held, **allowed)
            if refusal:
                failed.append(failure(feed, FeedError(*refusal)))
                continue
            mark = following.digest(manifest)
            same = entry.is_unchanged or (held is not None and held[:2] == (feed.location, mark))
            each = Ready(feed, brought.bundle.path, min(now(), entry.as_of), digest=mark, same=same, entry=entry)
            each.every = manifest.every
            ready.append(each)
    if not ready:
        raise FeedError(failed[0].error, failed[0].next_step)
    return ready


def records(
    brought: Brought, changed: Iterable[Ready], stored: Callable[[Feed], Mapping[str, bytes]]
) -> Iterator[Batch]:
    """Yield the records of those feeds of a bundle that changed. Raise FeedError: then nothing is to be applied."""
    for each in changed:
        if each.entry and each.feed.kind == "osv":
            yield from brought.bundle.batches(each.entry, stored(each.feed))


def facts(brought: Brought, entry: Entry) -> tuple[Sequence[tuple[Any, ...]], int, Sequence[Problem]]:
    """Return facts of a bundle: rows, what they are of, problems. Raise FeedError: then nothing is to be applied."""
    return brought.bundle.facts(entry), entry.newest, brought.bundle.problems(entry)
