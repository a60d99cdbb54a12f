"""kill -9 at any moment, under load: of what answers, of what works, of the database."""

import time

import pytest

from tests.faults.clock import HOUR, Clock
from tests.faults.conftest import Make
from tests.faults.invariants import check


@pytest.mark.parametrize(("engine", "count"), [("postgresql", 2), ("sqlite", 1)])
def test_api_processes_are_killed_under_load(make: Make, patience: float, engine: str, count: int) -> None:
    world = make(engine)
    world.start(apis=count, workers=0)
    # So many that some wait for others, and are done together.
    with world.load(clients=10) as load:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            time.sleep(world.chance.uniform(0.05, 1.0))
            victim = world.chance.choice(world.apis)
            victim.kill()
            time.sleep(world.chance.uniform(0, 0.5))
            victim.start()
        for each in world.apis:
            each.await_ready()
        load.await_count(10)
    assert load.log.failures
    check(world)


def test_the_database_is_killed_under_load(make: Make, patience: float) -> None:
    world = make()
    world.start(apis=2, workers=0)
    assert world.postgres is not None
    with world.load() as load:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            time.sleep(world.chance.uniform(0.1, 1.0))
            world.postgres.kill()
            time.sleep(world.chance.uniform(0, 0.5))
            world.postgres.start()
            world.postgres.await_ready()
        load.await_count(10)
    assert load.log.failures
    check(world)


def test_the_database_is_restarted_under_load(make: Make) -> None:
    world = make()
    world.start(apis=2, workers=0)
    assert world.postgres is not None
    with world.load() as load:
        load.await_count(10)
        world.postgres.stop()
        time.sleep(0.5)
        world.postgres.start()
        world.postgres.await_ready()
        load.await_count(10)
    check(world)


def test_workers_are_killed_while_much_is_to_be_told(make: Make, patience: float) -> None:
    world = make()
    clock = Clock(world)
    world.listen()
    world.start(apis=1, workers=2, more=clock.env)
    with world.load() as load:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            world.change(10)
            time.sleep(world.chance.uniform(0.0, 0.7))
            victim = world.chance.choice(world.workers)
            victim.kill()
            world.uncertain += 1
            victim.start()
        load.await_count(5)
    # What a killed one had taken is anybody's after a while.
    clock.move(HOUR)
    world.settle()
    check(world)
