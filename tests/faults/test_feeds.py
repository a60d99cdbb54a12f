"""Feeds that are truncated, corrupted, huge, lose much or hang: what is known stays, and all is well once they are."""

from typing import Any

import pytest

from envscout.store import Database
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


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_a_broken_feed_changes_nothing(make: Make, engine: str) -> None:
    world = make(engine)
    before = known(world)
    world.feeds.publish({**world.feeds.records, 1: record(1, 5)})
    for mode in ("down", "truncated", "short", "corrupted", "huge"):
        world.feeds.mode = mode
        done = world.run("db", "update")
        assert done.returncode == 1, (mode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, mode
        assert known(world) == before, mode
    world.feeds.mode = "ok"
    world.ok("db", "update")
    assert known(world) != before
    check(world)


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_a_feed_that_loses_much_or_grows_tenfold_is_kept_apart(make: Make, engine: str) -> None:
    world = make(engine)
    whole = dict(world.feeds.records)
    before = known(world)
    for records in (
        {number: each for number, each in whole.items() if number % 3},
        {number: record(number, 2) for number in range(12 * len(whole))},
    ):
        world.feeds.publish(records)
        world.run("db", "update")
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
