"""Clocks that jump, and clocks that disagree."""

import time

import pytest

from tests.faults.clock import DAY, HOUR, Clock
from tests.faults.conftest import Make
from tests.faults.invariants import check

JUMPS = (45 * DAY, 0, HOUR, -1, 0)


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_the_clock_jumps_and_everything_is_told(make: Make, patience: float, engine: str) -> None:
    world = make(engine)
    clock = Clock(world)
    world.listen()
    world.start(apis=2, workers=1, more=clock.env)
    with world.load() as load:
        for jump in JUMPS:
            clock.move(jump)
            load.await_count(5)
            time.sleep(patience / len(JUMPS) / 2)
        world.change(10)
    assert not load.log.failures
    world.settle()
    check(world)


def test_clocks_that_disagree_by_months_keep_the_record_in_order(make: Make) -> None:
    world = make()
    clock = Clock(world)
    world.start(apis=2, workers=0, more=clock.env)
    # The other one has the right time all along.
    world.apis[1].stop()
    del world.apis[1].env["PYTHONPATH"]
    world.apis[1].start()
    world.apis[1].await_ready()
    with world.load() as load:
        for jump in (45 * DAY, -45 * DAY, HOUR, -1, 0):
            clock.move(jump)
            load.await_count(5)
    assert not load.log.failures
    check(world)
