"""Feeds that are truncated, corrupted, huge, lose much or hang: what is known stays, and all is well once they are."""

from typing import Any

import pytest

from envscout.advisories.sources import default_feeds
from envscout.store import Database
from envscout.verbs.update.run import update
from tests.faults.conftest import Make
from tests.faults.feeds import record
from tests.faults.invariants import check
from tests.faults.world import World


def known(world: World) -> tuple[Any, ...]:
    """Return what is known of npm's packages."""
    with Database(world.place) as database, database.read() as connection:
        ask = connection.execute
        return (
            sorted(ask("SELECT id, hash FROM advisory WHERE gone_at IS NULL").fetchall()),
            sorted(ask("SELECT adv_id, pkg_id FROM finding").fetchall()),
        )


def tried_once(world: World) -> str:
    """Fetch as a server does, which tries again later; return what went wrong."""
    settings = world.feeds.settings()
    address = world.feeds.address
    with Database(world.place) as database:
        found = update(
            database,
            (),
            lambda used: default_feeds(used, address, settings["ENVSCOUT_EPSS_URL"], settings["ENVSCOUT_KEV_URL"]),
            lambda *_: None,
            attempts=1,
        )
    return " ".join(each.error for each in found)


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_a_broken_feed_changes_nothing(make: Make, engine: str) -> None:
    world = make(engine)
    before = known(world)
    whole = dict(world.feeds.records)
    world.feeds.publish({**whole, 1: record(1, 5)})
    for mode in ("down", "truncated"):
        world.feeds.mode = mode
        assert tried_once(world), mode
        assert known(world) == before, mode
    for mode in ("short", "corrupted", "huge"):
        world.feeds.mode = mode
        done = world.run("db", "update")
        assert done.returncode == 1, (mode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, mode
        assert known(world) == before, mode
    world.feeds.mode = "ok"
    # Losing much, and growing tenfold.
    for records in (
        {number: each for number, each in whole.items() if number % 3},
        {number: record(number, 2) for number in range(12 * len(whole))},
    ):
        world.feeds.publish(records)
        assert "not applied" in tried_once(world)
        assert known(world) == before
    world.feeds.publish({**whole, 1: record(1, 5)})
    world.ok("db", "update")
    assert known(world) != before
    check(world)


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_a_feed_that_hangs_holds_up_nothing_else_and_no_refresh_after_it(make: Make, engine: str) -> None:
    world = make(engine)
    world.listen()
    before = known(world)
    world.feeds.mode = "hanging"
    world.feeds.publish({**world.feeds.records, 1: record(1, 5)})
    world.start(apis=1, workers=1)
    world.until(lambda: world.feeds.hung > 0, "no feed is asked for")
    with world.load() as load:
        load.await_count(10)
    world.settle()
    assert known(world) == before
    # Whoever waits for it is killed, and another one goes on.
    (waiting,) = world.workers or world.apis
    waiting.kill()
    world.feeds.mode = "ok"
    if world.is_file:
        waiting.start()
    else:
        # A worker would have to be missed for a while; a person need not wait for that.
        world.ok("db", "update")
        waiting.start()
    world.until(lambda: known(world) != before, "the feed is not asked for any more")
    world.settle()
    check(world)
