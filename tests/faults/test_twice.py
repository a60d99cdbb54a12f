"""The same asked for twice, at once, and in another order."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.faults.conftest import Make
from tests.faults.invariants import check
from tests.faults.load import ENVIRONMENTS, ORGANIZATION, Log, Recording, form
from tests.faults.world import World, digests

REQUESTS = 8


def ask(world: World, wanted: Recording, key: str) -> requests.Response:
    path, data = form(wanted)
    address = f"{world.chance.choice(world.apis).address}/api/v1/{path}"
    return requests.post(address, json=data, headers={"Idempotency-Key": key}, timeout=60)


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_requests_come_many_times_at_once_and_in_another_order(make: Make, engine: str) -> None:
    world = make(engine)
    world.listen()
    world.start(apis=2, workers=1)
    log = world.load(clients=0).log
    done_once(world, log)
    folded_in_order(world, log)
    world.settle()
    check(world)


def done_once(world: World, log: Log) -> None:
    """Ask for the same many times at once: it is done once, and all are told the same."""
    for number in range(6):
        wanted = Recording(f"once-{number}", "staging", f"{ORGANIZATION}/service-{number}", digests()[number])
        begun = threading.Barrier(REQUESTS)

        def post(wanted: Recording = wanted, begun: threading.Barrier = begun) -> tuple[int, str]:
            begun.wait(30)
            answer = ask(world, wanted, wanted.key)
            return answer.status_code, answer.text

        with ThreadPoolExecutor(REQUESTS) as clients:
            answers = {each.result() for each in [clients.submit(post) for _ in range(REQUESTS)]}
        assert len(answers) == 1, answers
        assert answers.pop()[0] == 200
        log.acknowledge(wanted)
    other = wanted._replace(digest=digests()[0])
    assert ask(world, other, wanted.key).status_code == 422


def folded_in_order(world: World, log: Log) -> None:
    """Say what ran, late and in another order: it is folded as if it had been said in time."""
    moments = list(range(20))
    world.chance.shuffle(moments)
    for number in moments:
        wanted = Recording(f"late-{number}", ENVIRONMENTS[number % 2], f"{ORGANIZATION}/late", digests()[number % 5])
        body = {
            "organization": ORGANIZATION,
            "environment": wanted.environment,
            "service": wanted.service,
            "digest": wanted.digest,
            "commit": wanted.key,
            "at": 1_760_000_000_000_000 + number * 1_000_000,
        }
        address = f"{world.chance.choice(world.apis).address}/api/v1/deployments"
        answer = requests.post(address, json=body, timeout=60)
        if answer.status_code == 200 and answer.json()["recorded"]:
            log.acknowledge(wanted)
    assert log.acknowledged


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_refreshes_at_once_are_as_one(make: Make, engine: str) -> None:
    world = make(engine)
    world.listen()
    world.start(apis=1, workers=2)
    with world.load(clients=2) as load:
        load.await_count(3)
        for _ in range(2):
            with ThreadPoolExecutor(3) as several:
                list(several.map(lambda _: world.change(8), range(3)))
        load.await_count(3)
    # Nothing is recorded any more: what is told of now comes from the feed alone.
    world.change(8)
    world.settle()
    check(world)
