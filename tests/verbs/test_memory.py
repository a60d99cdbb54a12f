"""What a server answers from memory is what it would answer had it none, whatever happens in between."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from envscout.errors import NotFound
from envscout.model import Image
from envscout.standing.spots import Spot, key
from envscout.store import Database
from envscout.store.deployments import Scope
from envscout.store.memory import Memory
from envscout.verbs import locate, whole
from tests.verbs.test_whole import (
    DEBIAN,
    ENVIRONMENTS,
    UBUNTU,
    _deploy,
    _learn,
    _put,
    chance,
    except_some,
    fleet,
    image,
    packages,
)

__all__ = ("chance", "fleet")
QUESTION = whole.Question()


def _happens(database: Database, chance: random.Random, folder: Path, cves: list[str], number: int) -> None:
    what = chance.choice(["deployed", "deployed", "deployed", "moved", "brought", "looked into", "excepted", "learnt"])
    digests = [f"sha256:{each:064}" for each in range(10)] + ["sha256:unseen"]
    if what == "deployed":
        service, platform = chance.choice(["api", "web", "new"]), chance.choice(["", "linux/arm64"])
        _deploy(database, chance.choice(ENVIRONMENTS), service, "record", platform, chance.choice(digests))
    elif what == "moved":
        _deploy(database, chance.choice(ENVIRONMENTS), "web", "remove", "", chance.choice(digests))
    elif what in ("brought", "looked into"):
        bases = [list(packages(chance, each, f"sha256:new{number}")) for each in (DEBIAN, UBUNTU) for _ in range(2)]
        _put(database, *image(chance, chance.randrange(10) if what == "looked into" else 100 + number, bases))
    elif what == "excepted":
        except_some(database, chance, cves)
    else:
        (folder / f"{number}").mkdir()
        _learn(database, folder / f"{number}", chance)


def _wholes(database: Database, environment: str) -> tuple[object, object]:
    return _told(whole.briefs, database, environment), _told(whole.environments, database, environment)


def _told(ask: Callable[..., Any], database: Database, environment: str) -> object:
    try:
        (found,) = ask(database, [(Scope(environment=environment), QUESTION)])
    except NotFound as error:
        return str(error)
    return list(found.services.items()), found.coverage


def _pages(database: Database, query: str, scope: Scope) -> tuple[object, object]:
    expected = locate.where(database, query, scope)
    spots: list[Spot] = []
    found = locate.places(database, query, scope, most=3)
    spots += found.located.spots
    while found.more:
        found = locate.places(database, query, scope, after=key(spots[-1]), most=3)
        spots += found.located.spots
    return (
        (spots, found.total, found.environments, found.located.names, found.located.coverage, found.located.problems),
        (
            sorted(expected.spots, key=key),
            len(expected.spots),
            tuple(sorted({(each.organization, each.environment) for each in expected.spots})),
            expected.names,
            expected.coverage,
            expected.problems,
        ),
    )


def test_answers_from_memory_are_those_of_the_store(fleet: Database, chance: random.Random, tmp_path: Path) -> None:
    cves = [row[0] for row in fleet.connection.execute("SELECT id FROM vulnerability ORDER BY id")]
    for number in range(8):
        for environment in ENVIRONMENTS:
            found, expected = _wholes(fleet, environment)
            assert found == expected, (number, environment)
        for query in (*chance.sample(cves, 2), "CVE-1999-0001", "p1", "p2", "nothing"):
            for scope in (Scope(), Scope("acme", chance.choice(ENVIRONMENTS))):
                found, expected = _pages(fleet, query, scope)
                assert found == expected, (number, query, scope)
        _happens(fleet, chance, tmp_path, cves, number)


def test_what_runs_in_many_slots_is_counted_in_each(fleet: Database) -> None:
    for number in range(5):
        _deploy(fleet, "staging", f"copy-{number}", "record", "", f"sha256:{1:064}")
    cves = [row[0] for row in fleet.connection.execute("SELECT id FROM vulnerability ORDER BY id")]
    for query in cves:
        found, expected = _pages(fleet, query, Scope())
        assert found == expected, query


def test_memory_forgets_what_was_asked_for_least_recently_and_holds_no_more_than_it_may() -> None:
    memory = Memory(most=10_000)
    made: list[int] = []

    def asked(number: int) -> int:
        return memory.get(number, lambda: made.append(number) or number, lambda _: 1_000)  # type: ignore[func-returns-value]

    for number in range(8):
        assert asked(number) == number
    for number in (0, *range(8, 12), 0):
        assert asked(number) == number
    assert made == list(range(12)), "0 was asked for again before it was its turn to go"
    assert asked(1) == 1
    assert made[-1] == 1
    memory.put("huge", Image("sha256:1"), 9_000)
    assert memory.find("huge") is None, "what would drive out nearly everything is not kept"
