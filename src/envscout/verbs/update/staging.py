"""Read feeds that changed, and stage them beside the store."""

from collections.abc import Iterator, Mapping

import msgspec

from envscout.advisories import kinds, load
from envscout.advisories.batch import Batch
from envscout.advisories.sources import Feed
from envscout.errors import FeedError
from envscout.names import ecosystem as ecosystems
from envscout.store import Database, feeds
from envscout.store.advisories import Stage, known
from envscout.verbs.update import bringing
from envscout.verbs.update.bringing import Brought
from envscout.verbs.update.ready import FeedResult, Progress, Ready, failure


def read(
    database: Database,
    stage: Stage,
    ready: list[Ready],
    failed: list[FeedResult],
    on_progress: Progress,
    workers: int,
    brought: Brought | None,
) -> list[Ready]:
    """Read what changed; return the feeds that could be read to their end. Raise FeedError where a bundle cannot be."""
    with database.write() as connection:
        for each in ready:
            each.feed_id = feeds.reserve(connection, each.feed.name, each.feed.kind, each.feed.location)
    changed = {each.feed.name: each for each in ready if not each.same}
    broken: dict[str, FeedError] = {}
    for name, each in changed.items():
        if each.feed.kind != "osv":
            on_progress(f"Reading {name}", 0, 0)
            try:
                _read_facts(stage, each, brought)
            except FeedError as error:
                # What of a bundle cannot be read is no failure of one feed, but of all.
                if brought:
                    raise
                broken[name] = error
    for batch in _batches(database, changed, workers, brought):
        each = changed[batch.feed]
        if batch.error:
            broken[batch.feed] = batch.error
            stage.drop(each.feed_id)
        else:
            _take(stage, each, batch)
            on_progress(f"Reading {batch.feed}", len(each.seen), batch.total)
    failed += [failure(changed[name].feed, error) for name, error in broken.items()]
    return [each for each in ready if each.feed.name not in broken]


def _batches(
    database: Database, changed: Mapping[str, Ready], workers: int, brought: Brought | None
) -> Iterator[Batch]:
    """Yield the records of the feeds that have any."""

    def stored(feed: Feed) -> Mapping[str, bytes]:
        each = changed[feed.name]
        with database.read() as connection:
            each.before = known(connection, each.feed_id)
        return each.before

    if brought:
        return bringing.records(brought, changed.values(), stored)
    here = (msgspec.structs.replace(each.feed, location=str(each.path)) for each in changed.values())
    return load.read([each for each in here if each.kind == "osv"], stored, workers)


def _read_facts(stage: Stage, each: Ready, brought: Brought | None) -> None:
    if brought and each.entry:
        each.rows, each.newest, problems = bringing.facts(brought, each.entry)
    else:
        each.rows, each.newest, problems = kinds.read(each.feed.kind, each.path)
    each.problems = len(problems)
    stage.add(each.feed_id, (), problems)


def _take(stage: Stage, each: Ready, batch: Batch) -> None:
    base = each.feed.name.removeprefix("osv:")
    stage.add(each.feed_id, batch.records, batch.problems, base if base in ecosystems.bases() else "")
    fresh = {advisory.id for advisory, _ in batch.records}
    each.staged |= fresh
    each.seen |= fresh
    each.seen.update(batch.left)
    each.problems += len(batch.problems) + sum(len(advisory.problems) for advisory, _ in batch.records)
    if batch.done:
        stage.finish(each.feed_id, each.before, each.seen, each.staged)
