"""Receivers that are down, slow, broken, elsewhere or gone for long: messages wait, come once, hold up no others."""

import pytest

from envscout.store import Database, channels
from tests.faults.clock import DAY, HOUR, Clock
from tests.faults.conftest import Make
from tests.faults.invariants import check
from tests.faults.world import World

FAILING = ("500", "429", "410", "redirect", "drop", "closed")
"""Those that fail at once. Who hangs is given up on after a while."""


def troubled(world: World) -> set[str]:
    """Return the channels of which it is known that something is wrong."""
    with Database(world.place) as database, database.read() as connection:
        return {each.name for each in channels.channels(connection) if each.failures or each.state != "active"}


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_receivers_misbehave_for_long_each_in_its_way(make: Make, engine: str) -> None:
    world = make(engine)
    clock = Clock(world)
    world.listen("ok", "slow", "hanging", *FAILING)
    world.start(apis=1, workers=2, more=clock.env)
    with world.load(clients=2) as load:
        load.await_count(4)
        world.change(4)
    world.until(lambda: troubled(world) >= {f"to-{each}" for each in FAILING}, "nobody notes that something is wrong")
    receivers = world.receivers
    # Whoever is well is told everything meanwhile.
    world.until(lambda: not world.left("to-ok"), "who is well waits for others")
    assert not any(receivers[f"to-{each}"].accepted for each in ("hanging", *FAILING))
    world.until(lambda: bool(receivers["to-hanging"].refused), "the one that hangs is not tried")
    tried = sum(receivers["to-410"].refused.values())
    clock.move(DAY)
    world.change(2)
    world.until(lambda: not world.left("to-ok"), "who is well waits for others")
    assert sum(receivers["to-410"].refused.values()) == tried, "who is gone is told more"
    for each in receivers.values():
        each.recover()
    world.ok("notify", "channel", "resume", "to-410")
    clock.move(DAY + 8 * HOUR)
    world.settle(240)
    check(world)
