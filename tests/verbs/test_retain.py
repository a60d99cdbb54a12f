"""Forgetting what is old, on each of the engines."""

from envscout.model import Image
from envscout.store import Database, feeds, images, now, requests
from envscout.store.retention import KINDS
from envscout.verbs import queue, retain

DAY = 24 * 3600 * 1_000_000


def _forgotten(database: Database, days: dict[str, int], *, dry_run: bool = False) -> dict[str, int]:
    swept = retain.sweep(database, days, dry_run=dry_run)
    assert not swept.more
    return {each.kind: each.forgotten for each in swept.kinds if each.forgotten}


def test_what_waits_is_kept_and_what_ended_long_ago_is_not(database: Database) -> None:
    queue.ask(database, ["myorg/a:1", "myorg/b:1"])
    claim = queue.take(database, "")
    assert claim
    with database.write() as connection:
        requests.settle(connection, claim.request_id, "indexed", now() - 3 * DAY)
    assert _forgotten(database, {"requests": 4}) == {}
    assert _forgotten(database, {"requests": 2}, dry_run=True) == {"requests": 1}
    assert len(queue.requested(database)) == 2
    assert _forgotten(database, {"requests": 2}) == {"requests": 1}
    assert [each.state for each in queue.requested(database)] == ["waiting"]


def test_the_last_run_of_a_feed_is_kept(database: Database) -> None:
    with database.write() as connection:
        feed = feeds.reserve(connection, "osv:x", "osv", "here")
        for at in (1, 2, 3):
            feeds.put_run(connection, feeds.Run(feed, at, at, 0, 0, 0, 0, 0))
    assert _forgotten(database, {"feed_runs": 1}) == {"feed_runs": 2}
    with database.read() as connection:
        assert feeds.last_moment(connection) == 3


def test_many_things_are_forgotten_in_batches(database: Database) -> None:
    with database.write() as connection:
        for number in range(retain.BATCH + 1):
            images.put_unindexed(connection, Image(digest=f"sha256:{number:064d}"))
    assert _forgotten(database, {"images": 1}) == {"images": retain.BATCH + 1}


def test_nothing_is_forgotten_for_which_there_is_no_rule(database: Database) -> None:
    assert _forgotten(database, {}) == {}
    assert _forgotten(database, dict.fromkeys(KINDS, 0)) == {}
