"""Bring advisories up to date: have the bytes of each feed, stage what changed, apply all of it in one transaction."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from envscout.advisories import kinds, load, members, sources
from envscout.advisories.batch import Batch, file_digest
from envscout.advisories.bundles import following
from envscout.advisories.bundles.following import Held
from envscout.advisories.bundles.manifest import Entry
from envscout.advisories.bundles.reading import Bundle
from envscout.advisories.fetch import Limits, Unchanged, fetch
from envscout.advisories.schedule import Bounds, Counts, doubt
from envscout.advisories.sources import Feed
from envscout.config import Settings
from envscout.errors import FeedError
from envscout.findings.severity import best_score
from envscout.names import ecosystem as ecosystems
from envscout.names.address import shown
from envscout.store import Connection, Database, feeds, findings, images, now, refresh
from envscout.store.advisories import Change, Stage, known

Progress = Callable[[str, int, int], None]
"""Called with what is done at the moment, how many records of it are done, and how many there are (0: not known)."""

_BOUNDS = Bounds()

Defaults = Callable[[Iterable[str]], Iterable[Feed]]
"""Ecosystems in use -> the feeds to fetch for them."""


class FeedResult(msgspec.Struct, frozen=True):
    """What an update did to one feed. error: why it was left as it was, "" if it was not. problems: in this reading.

    size: bytes that were fetched. after: seconds that its server asked us to wait.
    """

    name: str
    location: str
    records: int = 0
    change: Change = Change()
    unchanged: bool = False
    problems: int = 0
    error: str = ""
    next_step: str = ""
    size: int = 0
    after: float = 0.0


class _Ready(msgspec.Struct):
    """A feed whose bytes are on disk, and what is counted while they are read. as_of: the moment it speaks for.

    entry: what it is in the bundle that brings it. every: microseconds within which the next state is promised.
    """

    feed: Feed
    path: Path
    as_of: int
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    same: bool = False
    feed_id: int = 0
    before: dict[str, bytes] = {}
    seen: set[str] = set()
    staged: set[str] = set()
    problems: int = 0
    size: int = 0
    rows: Sequence[tuple[Any, ...]] = ()
    newest: int = 0
    entry: Entry | None = None
    every: int = 0


class Brought(NamedTuple):
    """A bundle that was believed. allow_older, allow_other: apply it though it goes back, or is of another store."""

    bundle: Bundle
    allow_older: bool = False
    allow_other: bool = False


def update(
    database: Database,
    places: Sequence[str],
    defaults: Defaults,
    on_progress: Progress,
    workers: int = 0,
    bounds: Bounds = _BOUNDS,
    attempts: int = 4,
    brought: Brought | None = None,
) -> list[FeedResult]:
    """Apply the feeds at some places (paths or URLs), or the default ones; return what happened to each.

    bounds: what differs more from what was there is not applied, but kept in quarantine. attempts: to fetch a feed.
    brought: a bundle that is applied instead; it is read to its end, or nothing of it is applied (FeedError).

    A feed that cannot be fetched or read is left as it was and says so in its result; the others are applied. A process
    killed at any moment leaves everything as it was. workers: processes that read beside this one.
    """
    with database.alone("update"), tempfile.TemporaryDirectory(prefix="envscout-") as folder:
        failed: list[FeedResult] = []
        began = now()
        if brought:
            ready = _carried(database, brought, failed)
        else:
            ready = _prepare(database, places, defaults, Path(folder), failed, on_progress, attempts)
        stage = Stage(database)
        try:
            ready = _stage(database, stage, ready, failed, on_progress, workers, brought)
            ready = _believed(database, stage, ready, failed, bounds)
            on_progress("Applying", 0, 0)
            done = _apply(database, stage, ready) if ready else []
        finally:
            stage.close()
        _note(database, [*done, *failed], began)
        database.learn()
    return [*done, *failed]


def bounds_of(settings: Settings) -> Bounds:
    """Return what settings say a document may differ by."""
    return Bounds(int(settings.get("quarantine_lost_percent")), int(settings.get("quarantine_growth")))


def _note(database: Database, results: Iterable[FeedResult], began: int) -> None:
    """Write down how it went with each feed, and tell of trouble."""
    with database.write() as connection:
        at = now()
        for each in results:
            if not each.error:
                refresh.succeed(connection, each.name, each.location, each.size, at - began, at)
                continue
            refresh.fail(connection, each.name, each.location, each.error, at - began, at)
            if each.after:
                refresh.postpone(connection, each.name, at + int(each.after * 1_000_000))


def _believed(
    database: Database, stage: Stage, ready: list[_Ready], failed: list[FeedResult], bounds: Bounds
) -> list[_Ready]:
    """Return the feeds whose documents differ no more than they may; the others go into quarantine."""
    stage.flush()
    with database.write() as connection:
        refused = refresh.quarantined(connection)
        doubtful: dict[str, str] = {}
        for each in ready:
            counts = _counts(connection, stage, each)
            why = "" if each.same else doubt(counts, bounds)
            known = refused.get(each.feed.name)
            if not why or (known and known.released_at and known.digest == each.digest):
                continue
            stage.drop_in(connection, each.feed_id)
            doubtful[each.feed.name] = why
            place = (each.feed.name, each.feed.location, each.digest, each.etag, each.last_modified, now())
            refresh.put_quarantine(
                connection, refresh.Quarantine(*place, counts.after, counts.before, counts.lost, why)
            )
    failed += [
        _failure(each.feed, FeedError(f"it was not applied: {doubtful[each.feed.name]}", _release(each.feed.name)))
        for each in ready
        if each.feed.name in doubtful
    ]
    return [each for each in ready if each.feed.name not in doubtful]


def _release(name: str) -> str:
    return f"look at it, and apply it all the same: envscout db release {name}"


def _counts(connection: Connection, stage: Stage, each: _Ready) -> Counts:
    if each.feed.kind == "osv":
        return Counts(*stage.counts(each.feed_id))
    before, _ = feeds.last_totals(connection, each.feed_id)
    return Counts(before, max(0, before - len(each.rows)), len(each.rows))


def _prepare(
    database: Database,
    places: Sequence[str],
    defaults: Defaults,
    folder: Path,
    failed: list[FeedResult],
    on_progress: Progress,
    attempts: int,
) -> list[_Ready]:
    """Have the bytes of every feed on disk; a place that holds none is a failure of its own."""
    ready: list[_Ready] = []
    for place in places:
        try:
            here = [Feed("", "", place)] if "://" in place else list(sources.discover(Path(place)))
        except FeedError as error:
            failed.append(_failure(Feed(place, "", place), error))
            continue
        ready += _at_hand(database, here, folder, failed, on_progress, attempts)
    if not places:
        with database.read() as connection:
            used = images.ecosystems_in_use(connection)
        ready = _at_hand(database, defaults(used), folder, failed, on_progress, attempts)
    # Whichever of two places came last would withdraw what only the other holds.
    sources.once(each.feed for each in ready)
    return list({each.feed.name: each for each in ready}.values())


def _carried(database: Database, brought: Brought, failed: list[FeedResult]) -> list[_Ready]:
    """Return the feeds of a bundle that may follow what is here. Raise FeedError where none may."""
    manifest = brought.bundle.manifest
    ready: list[_Ready] = []
    with database.read() as connection:
        of = {each.name: each.run.as_of for each in feeds.status(connection)}
        for entry in manifest.feeds:
            feed = Feed(entry.name, entry.kind, following.location(manifest, entry))
            state = feeds.state_of(connection, entry.name)
            held = Held(state.location, state.digest, of[entry.name]) if state else None
            allowed = {"allow_older": brought.allow_older, "allow_other": brought.allow_other}
            refusal = following.refusal(manifest, entry, held, **allowed)
            if refusal:
                failed.append(_failure(feed, FeedError(*refusal)))
                continue
            mark = following.digest(manifest)
            same = entry.is_unchanged or (held is not None and held[:2] == (feed.location, mark))
            each = _Ready(feed, brought.bundle.path, min(now(), entry.as_of), digest=mark, same=same, entry=entry)
            each.every = manifest.every
            ready.append(each)
    if not ready:
        raise FeedError(failed[0].error, failed[0].next_step)
    return ready


def _at_hand(
    database: Database,
    wanted: Iterable[Feed],
    folder: Path,
    failed: list[FeedResult],
    on_progress: Progress,
    attempts: int,
) -> list[_Ready]:
    ready = []
    for feed in wanted:
        try:
            if "://" in feed.location:
                on_progress(f"Fetching {shown(feed.location)}", 0, 0)
                ready.append(_fetched(database, feed, folder, attempts))
            else:
                ready.append(_on_disk(database, feed))
        except FeedError as error:
            failed.append(_failure(feed, error))
    return ready


def _failure(feed: Feed, error: FeedError) -> FeedResult:
    name = feed.name or shown(feed.location)
    return FeedResult(name, feed.location, error=error.cause, next_step=error.next_step, after=error.after)


def _fetched(database: Database, feed: Feed, folder: Path, attempts: int) -> _Ready:
    with database.read() as connection:
        before = feeds.state_at(connection, feed.location)
        refused = next(
            (each for each in refresh.quarantined(connection).values() if each.location == feed.location), None
        )
    into = folder / str(len(list(folder.iterdir())))
    # What was refused is not fetched again for as long as the server has nothing else.
    held = refused if refused and not refused.released_at else before
    tags = (held.etag, held.last_modified) if held else ("", "")
    answer = fetch(feed.location, *tags, into, Limits(), attempts=attempts)
    if isinstance(answer, Unchanged) and refused is not None and held is refused:
        raise FeedError(f"it was not applied: {refused.reason}", _release(refused.name))
    if isinstance(answer, Unchanged):
        if before is None:
            raise FeedError(
                f"{shown(feed.location)} says that nothing changed, but was never fetched", "try again later"
            )
        feed = Feed(before.name, before.kind, feed.location)
        return _Ready(feed, into, now(), before.etag, before.last_modified, before.digest, same=True)
    digest = file_digest(into)
    same = before is not None and before.digest == digest
    found = sources.identify(into, feed.location)
    ready = _Ready(found, into, now(), answer.etag, answer.last_modified, digest, same)
    ready.size = answer.size
    return ready


def _on_disk(database: Database, feed: Feed) -> _Ready:
    path = Path(feed.location)
    digest = file_digest(path) if path.is_file() else ""
    with database.read() as connection:
        before = feeds.state_at(connection, feed.location)
    same = before is not None and digest != "" and before.digest == digest
    return _Ready(feed, path, min(now(), members.written(path)), digest=digest, same=same)


def _stage(
    database: Database,
    stage: Stage,
    ready: list[_Ready],
    failed: list[FeedResult],
    on_progress: Progress,
    workers: int,
    brought: Brought | None,
) -> list[_Ready]:
    """Read what changed; return the feeds that could be read to their end."""
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
                broken[name] = error

    def stored(feed: Feed) -> Mapping[str, bytes]:
        each = changed[feed.name]
        with database.read() as connection:
            each.before = known(connection, each.feed_id)
        return each.before

    records = [
        msgspec.structs.replace(each.feed, location=str(each.path))
        for each in changed.values()
        if each.feed.kind == "osv" and brought is None
    ]
    for batch in chain(load.read(records, stored, workers), _of_bundle(brought, changed, stored)):
        each = changed[batch.feed]
        if batch.error:
            broken[batch.feed] = batch.error
            stage.drop(each.feed_id)
        else:
            _take(stage, each, batch)
            on_progress(f"Reading {batch.feed}", len(each.seen), batch.total)
    failed += [_failure(changed[name].feed, error) for name, error in broken.items()]
    return [each for each in ready if each.feed.name not in broken]


def _of_bundle(
    brought: Brought | None, changed: Mapping[str, _Ready], stored: Callable[[Feed], Mapping[str, bytes]]
) -> Iterator[Batch]:
    """Yield the records of a bundle. What of it cannot be read is no failure of one feed, but of all."""
    for each in changed.values():
        if brought and each.entry and each.feed.kind == "osv":
            yield from brought.bundle.batches(each.entry, stored(each.feed))


def _read_facts(stage: Stage, each: _Ready, brought: Brought | None) -> None:
    if brought and each.entry:
        each.rows, each.newest = brought.bundle.facts(each.entry), each.entry.newest
        problems = brought.bundle.problems(each.entry)
    else:
        each.rows, each.newest, problems = kinds.read(each.feed.kind, each.path)
    each.problems = len(problems)
    stage.add(each.feed_id, (), problems)


def _take(stage: Stage, each: _Ready, batch: Batch) -> None:
    base = each.feed.name.removeprefix("osv:")
    stage.add(each.feed_id, batch.records, batch.problems, base if base in ecosystems.bases() else "")
    fresh = {advisory.id for advisory, _ in batch.records}
    each.staged |= fresh
    each.seen |= fresh
    each.seen.update(batch.left)
    each.problems += len(batch.problems) + sum(len(advisory.problems) for advisory, _ in batch.records)
    if batch.done:
        stage.finish(each.feed_id, each.before, each.seen, each.staged)


def _apply(database: Database, stage: Stage, ready: list[_Ready]) -> list[FeedResult]:
    with database.write() as connection:
        at = max(now(), feeds.last_moment(connection) + 1)
        stage.apply(connection, at)
        findings.match_touched(connection, at, best_score)
        return [_settle(connection, stage, each, at) for each in ready]


def _settle(connection: Connection, stage: Stage, each: _Ready, at: int) -> FeedResult:
    """Write down what a feed is like now."""
    change = stage.changes.get(each.feed_id, Change())
    feed = each.feed
    if feed.kind == "osv":
        records, newest = feeds.osv_totals(connection, each.feed_id, at)
    elif each.same:
        records, newest = feeds.last_totals(connection, each.feed_id)
    else:
        feeds.replace(connection, feed.kind, each.rows)
        records, newest = len(each.rows), each.newest
    state = (each.feed_id, feed.name, feed.kind, feed.location, each.etag, each.last_modified, each.digest)
    feeds.put_state(connection, feeds.FeedState(*state))
    if not each.same:
        refresh.clear_quarantine(connection, feed.name)
    counts = (change.added, change.changed, change.withdrawn)
    feeds.put_run(connection, feeds.Run(each.feed_id, at, each.as_of, records, newest, *counts, each.every))
    return FeedResult(feed.name, feed.location, records, change, each.same, each.problems, size=each.size)
