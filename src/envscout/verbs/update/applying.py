"""Apply what was staged, in one transaction, and write down how it went."""

import secrets
from collections.abc import Iterable

from envscout.findings.severity import best_score
from envscout.store import Connection, Database, feeds, findings, now, refresh
from envscout.store.advisories import Change, Stage
from envscout.verbs.update.ready import FeedResult, Ready

_SECOND = 1_000_000


def apply(database: Database, stage: Stage, ready: list[Ready]) -> list[FeedResult]:
    """Write the difference; return what it was for each feed."""
    with database.write() as connection:
        at = _moment(now(), feeds.last_moment(connection))
        stage.apply(connection, at)
        findings.match_touched(connection, at, best_score)
        return [_settle(connection, stage, each, at) for each in ready]


def _moment(at: int, last: int) -> int:
    """Return a moment after the last one.

    Where the clock is behind, it is by chance which: the moment names the state, and of two copies of a store both
    would give the same name to what is not the same.
    """
    return at if at > last else last + 1 + secrets.randbelow(_SECOND)


def _settle(connection: Connection, stage: Stage, each: Ready, at: int) -> FeedResult:
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


def note(database: Database, results: Iterable[FeedResult], began: int) -> None:
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
