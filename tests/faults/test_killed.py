"""kill -9 at any moment, under load: of what answers, of what works, of the database."""

import time
from collections.abc import Callable

import pytest

from tests.faults.clock import HOUR, Clock
from tests.faults.conftest import Make
from tests.faults.invariants import check
from tests.faults.programs import Program
from tests.faults.world import World

PAUSES = (0.05, 0.8)
"""Seconds, at least and at most, between two kills."""


def told(world: World, clock: Clock) -> None:
    """Have the rest told. What a killed one had taken is anybody's after a while."""
    clock.move(HOUR)
    world.settle()
    check(world)


def killed_again_and_again(world: World, patience: float, victim: Callable[[], Program]) -> None:
    """Kill at random moments and start again."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        time.sleep(world.chance.uniform(*PAUSES))
        program = victim()
        program.kill()
        world.uncertain += 1
        time.sleep(world.chance.uniform(0, 0.4))
        program.start()
        if program is world.postgres:
            program.await_ready()


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_api_processes_are_killed_under_load(make: Make, patience: float, engine: str) -> None:
    world = make(engine)
    clock = Clock(world)
    world.listen()
    world.start(apis=2, workers=1, more=clock.env)
    # So many that some wait for others, and are done together.
    with world.load(clients=10) as load:
        killed_again_and_again(world, patience, lambda: world.chance.choice(world.apis))
        for each in world.apis:
            each.await_ready()
        load.await_count(10)
    assert load.log.failures
    told(world, clock)


def test_the_database_is_restarted_and_killed_under_load(make: Make, patience: float) -> None:
    world = make()
    clock = Clock(world)
    world.listen()
    world.start(apis=2, workers=1, more=clock.env)
    with world.load() as load:
        load.await_count(10)
        world.database().stop()
        world.uncertain += 1
        time.sleep(0.5)
        world.database().start()
        world.database().await_ready()
        load.await_count(10)
        killed_again_and_again(world, patience, world.database)
        load.await_count(10)
    assert load.log.failures
    told(world, clock)


def test_workers_are_killed_while_much_is_to_be_told(make: Make, patience: float) -> None:
    world = make()
    clock = Clock(world)
    world.listen()
    world.start(apis=1, workers=2, more=clock.env)

    def victim() -> Program:
        world.change(10)
        return world.chance.choice(world.workers)

    with world.load() as load:
        killed_again_and_again(world, patience, victim)
        load.await_count(5)
    told(world, clock)
