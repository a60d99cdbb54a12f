"""A receiver that is down, slow, broken, elsewhere or gone: messages wait, and come once."""

import pytest

from tests.faults.clock import DAY, HOUR, MINUTE, Clock
from tests.faults.conftest import Make
from tests.faults.invariants import check
from tests.faults.world import World


def told(world: World) -> None:
    """Make news, and wait until the receiver was tried."""
    with world.load(clients=2) as load:
        load.await_count(6)
        world.change(10)
    receiver = world.receiver
    world.until(lambda: bool(receiver.refused or receiver.accepted), "the receiver is not tried")


@pytest.mark.parametrize("mode", ["500", "429", "slow", "redirect", "drop"])
def test_a_receiver_misbehaves_for_a_while(make: Make, mode: str) -> None:
    world = make()
    clock = Clock(world)
    world.listen()
    world.receiver.mode = mode
    world.start(apis=1, workers=2, more=clock.env)
    told(world)
    world.receiver.mode = "ok"
    for later in (10 * MINUTE, 2 * HOUR, DAY):
        clock.move(later)
        if not world.waits(8):
            break
    world.settle()
    check(world)


def test_a_receiver_says_that_it_is_gone_and_comes_back(make: Make) -> None:
    world = make()
    world.listen()
    world.receiver.mode = "410"
    world.start(apis=1, workers=1)
    told(world)
    world.until(lambda: "gone" in world.ok("notify", "channel", "list"), "nobody notes that the receiver is gone")
    tried = sum(world.receiver.refused.values())
    world.change(5)
    assert sum(world.receiver.refused.values()) <= tried + 8
    world.receiver.mode = "ok"
    world.ok("notify", "channel", "resume", "all")
    world.settle()
    check(world)
