"""Have the bytes of feeds on disk: from a folder, a file or an address, or the default ones of what is in use."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from envscout.advisories import members, sources
from envscout.advisories.batch import file_digest
from envscout.advisories.fetch import Limits, Unchanged, fetch
from envscout.advisories.sources import Feed
from envscout.errors import FeedError
from envscout.names.address import shown
from envscout.store import Database, feeds, images, now, refresh
from envscout.verbs.update.believing import release
from envscout.verbs.update.ready import FeedResult, Progress, Ready, failure

Defaults = Callable[[Iterable[str]], Iterable[Feed]]
"""Ecosystems in use -> the feeds to fetch for them."""


def prepare(
    database: Database,
    places: Sequence[str],
    defaults: Defaults,
    folder: Path,
    failed: list[FeedResult],
    on_progress: Progress,
    attempts: int,
) -> list[Ready]:
    """Have the bytes of every feed on disk; a place that holds none is a failure of its own."""
    ready: list[Ready] = []
    for place in places:
        try:
            here = [Feed("", "", place)] if "://" in place else list(sources.discover(Path(place)))
        except FeedError as error:
            failed.append(failure(Feed(place, "", place), error))
            continue
        ready += _at_hand(database, here, folder, failed, on_progress, attempts)
    if not places:
        with database.read() as connection:
            used = images.ecosystems_in_use(connection)
        ready = _at_hand(database, defaults(used), folder, failed, on_progress, attempts)
    # Whichever of two places came last would withdraw what only the other holds.
    sources.once(each.feed for each in ready)
    return list({each.feed.name: each for each in ready}.values())


def _at_hand(
    database: Database,
    wanted: Iterable[Feed],
    folder: Path,
    failed: list[FeedResult],
    on_progress: Progress,
    attempts: int,
) -> list[Ready]:
    ready = []
    for feed in wanted:
        try:
            if "://" in feed.location:
                on_progress(f"Fetching {shown(feed.location)}", 0, 0)
                ready.append(_fetched(database, feed, folder, attempts))
            else:
                ready.append(_on_disk(database, feed))
        except FeedError as error:
            failed.append(failure(feed, error))
    return ready


def _fetched(database: Database, feed: Feed, folder: Path, attempts: int) -> Ready:
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
        raise FeedError(f"it was not applied: {refused.reason}", release(refused.name))
    if isinstance(answer, Unchanged):
        if before is None:
            raise FeedError(
                f"{shown(feed.location)} says that nothing changed, but was never fetched", "try again later"
            )
        feed = Feed(before.name, before.kind, feed.location)
        return Ready(feed, into, now(), before.etag, before.last_modified, before.digest, same=True)
    digest = file_digest(into)
    same = before is not None and before.digest == digest
    found = sources.identify(into, feed.location)
    ready = Ready(found, into, now(), answer.etag, answer.last_modified, digest, same)
    ready.size = answer.size
    return ready


def _on_disk(database: Database, feed: Feed) -> Ready:
    path = Path(feed.location)
    digest = file_digest(path) if path.is_file() else ""
    with database.read() as connection:
        before = feeds.state_at(connection, feed.location)
    same = before is not None and digest != "" and before.digest == digest
    return Ready(feed, path, min(now(), members.written(path)), digest=digest, same=same)
