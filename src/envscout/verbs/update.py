"""Bring advisories up to date: have the bytes of each feed, stage what changed, apply all of it in one transaction."""

import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from envscout.advisories import cve, epss, kev, load, sniff, sources
from envscout.advisories.batch import PARSER, Batch
from envscout.advisories.facts import Facts
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


class _Kind(NamedTuple):
    """How one kind of facts about CVEs is read, flattened and stored."""

    parse: Callable[[IO[bytes]], Facts[Any]]
    row: Callable[[Any], tuple[Any, ...]]
    replace: Callable[[Connection, Iterable[Any]], None]


_FACTS: Mapping[str, _Kind] = {
    "epss": _Kind(epss.parse, lambda e: (e.cve, e.score, e.percentile), feeds.replace_epss),
    "kev": _Kind(kev.parse, lambda k: (k.cve, k.added, k.due, k.ransomware), feeds.replace_kev),
    "cve": _Kind(
        cve.parse,
        lambda c: (c.cve, c.description, c.score, c.vector, c.priority, " ".join(c.cwes)),
        feeds.replace_cve,
    ),
}


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
    """A feed whose bytes are on disk, and what is counted while they are read. as_of: the moment it speaks for."""

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


def update(
    database: Database,
    places: Sequence[str],
    defaults: Defaults,
    on_progress: Progress,
    workers: int = 0,
    bounds: Bounds = _BOUNDS,
    attempts: int = 4,
) -> list[FeedResult]:
    """Apply the feeds at some places (paths or URLs), or the default ones; return what happened to each.

    bounds: what differs more from what was there is not applied, but kept in quarantine. attempts: to fetch a feed.

    A feed that cannot be fetched or read is left as it was and says so in its result; the others are applied. A process
    killed at any moment leaves everything as it was. workers: processes that read beside this one.
    """
    with database.alone("update"), tempfile.TemporaryDirectory(prefix="envscout-") as folder:
        failed: list[FeedResult] = []
        began = now()
        ready = _prepare(database, places, defaults, Path(folder), failed, on_progress, attempts)
        stage = Stage(database)
        try:
            ready = _stage(database, stage, ready, failed, on_progress, workers)
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
    return _once(ready)


def _once(ready: list[_Ready]) -> list[_Ready]:
    """Refuse two places for one feed: whichever came last would withdraw what only the other holds."""
    by_name: dict[str, _Ready] = {}
    for each in ready:
        other = by_name.setdefault(each.feed.name, each)
        if other.feed.location != each.feed.location:
            places = f"{shown(other.feed.location)} and {shown(each.feed.location)}"
            raise FeedError(f"{places} are both the feed {each.feed.name}", "pass one of them")
    return list(by_name.values())


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
    digest = _digest(into)
    same = before is not None and before.digest == digest
    found = sources.identify(into, feed.location)
    ready = _Ready(found, into, now(), answer.etag, answer.last_modified, digest, same)
    ready.size = answer.size
    return ready


def _on_disk(database: Database, feed: Feed) -> _Ready:
    path = Path(feed.location)
    parts = [path] if path.is_file() else [each for each in path.rglob("*.json") if each.is_file()]
    # A file speaks for the moment it was written, not for the moment somebody imports it.
    written = max((int(each.stat().st_mtime * 1_000_000) for each in parts), default=0)
    digest = _digest(path) if path.is_file() else ""
    with database.read() as connection:
        before = feeds.state_at(connection, feed.location)
    same = before is not None and digest != "" and before.digest == digest
    return _Ready(feed, path, min(now(), written), digest=digest, same=same)


def _digest(path: Path) -> str:
    """Return the content address of a feed's file, as this version of the parsers reads it."""
    with path.open("rb") as file:
        return f"{PARSER.decode()}:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _stage(
    database: Database,
    stage: Stage,
    ready: list[_Ready],
    failed: list[FeedResult],
    on_progress: Progress,
    workers: int,
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
                _read_facts(stage, each)
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
        if each.feed.kind == "osv"
    ]
    for batch in load.read(records, stored, workers):
        each = changed[batch.feed]
        if batch.error:
            broken[batch.feed] = batch.error
            stage.drop(each.feed_id)
        else:
            _take(stage, each, batch)
            on_progress(f"Reading {batch.feed}", len(each.seen), batch.total)
    failed += [_failure(changed[name].feed, error) for name, error in broken.items()]
    return [each for each in ready if each.feed.name not in broken]


def _read_facts(stage: Stage, each: _Ready) -> None:
    kind = _FACTS[each.feed.kind]
    try:
        with sniff.open_plain(each.path) as stream:
            found = kind.parse(stream)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"{each.path} cannot be read: {error}", "fetch the file again") from error
    each.rows = [kind.row(row) for row in found.rows]
    each.newest = found.as_of
    each.problems = len(found.problems)
    stage.add(each.feed_id, (), found.problems)


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
        _FACTS[feed.kind].replace(connection, each.rows)
        records, newest = len(each.rows), each.newest
    state = (each.feed_id, feed.name, feed.kind, feed.location, each.etag, each.last_modified, each.digest)
    feeds.put_state(connection, feeds.FeedState(*state))
    if not each.same:
        refresh.clear_quarantine(connection, feed.name)
    counts = (change.added, change.changed, change.withdrawn)
    feeds.put_run(connection, feeds.Run(each.feed_id, at, each.as_of, records, newest, *counts))
    return FeedResult(feed.name, feed.location, records, change, each.same, each.problems, size=each.size)
