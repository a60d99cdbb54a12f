"""What is counted aside of an environment is what who asks for it is told; and where it was exposed, where it runs."""

import random

from envscout.findings.heeding import Heed
from envscout.store import Database, counted, now
from envscout.store.counted import SETTLED
from envscout.store.deployments import Scope
from envscout.verbs import ask, count, expose, locate, whole
from tests.verbs.test_whole import ENVIRONMENTS, chance, fleet

__all__ = ("chance", "fleet")

_WORDS = ("critical", "high", "medium", "low", "unspecified")


def test_counts_are_those_of_the_answer(fleet: Database, chance: random.Random) -> None:
    assert count.count(fleet) == len(ENVIRONMENTS)
    assert count.count(fleet) == 0
    found = {each.environment: each for each in count.listed(fleet)}
    for name in ENVIRONMENTS:
        (brief,) = whole.briefs(fleet, [(Scope(environment=name), whole.Question(heed=Heed()))])
        numbers = found[name].numbers
        assert numbers is not None
        assert found[name].fresh
        assert numbers.services == len(brief.services)
        assert numbers.images == len({digest for side in brief.services.values() for digest in side.digests})
        assert numbers.unknown_services == sum(not side.known for side in brief.services.values())
        report = ask.of_environment(fleet, Scope(environment=name), ask.Question())
        worst: dict[str, int] = {}
        for each in report.images:
            for one in each.findings:
                worst[one.vulnerability] = min(worst.get(one.vulnerability, 9), _WORDS.index(one.severity))
        counts = tuple(sum(place == level for place in worst.values()) for level in range(5))
        assert tuple(getattr(numbers.summary, word) for word in _WORDS) == counts
        # All was recorded just now and is open.
        assert numbers.trend[-1].counts == counts
        assert tuple(each.open for each in numbers.remedies) == counts
        assert not any(each.closed for each in numbers.remedies)


def test_a_count_is_made_anew_when_something_else_runs_but_not_at_once(fleet: Database) -> None:
    count.count(fleet)
    with fleet.write() as connection:
        (env_id,) = connection.execute("SELECT min(env_id) FROM environment").fetchone()
        connection.execute(
            "UPDATE generation SET number = number + 1 WHERE kind = 'environment' AND env_id = ?", (env_id,)
        )
    with fleet.read() as connection:
        assert counted.due(connection, now()) is None
        due = counted.due(connection, now() + SETTLED + 1_000_000)
        assert due
        assert due.env_id == env_id
    assert sorted(each.fresh for each in count.listed(fleet)) == [False, True]


def test_exposed_is_where_it_runs(fleet: Database) -> None:
    names = {
        each.vulnerability
        for name in ENVIRONMENTS
        for image in ask.of_environment(fleet, Scope(environment=name), ask.Question()).images
        for each in image.findings
    }
    assert names
    for name in sorted(names)[:20]:
        runs = {spot.environment for spot in locate.where(fleet, name, Scope()).spots}
        told = expose.exposed(fleet, name)
        assert {each.environment for each in told if each.until is None} == runs
        assert all(each.since <= now() and each.known for each in told)
        assert {each.environment for each in expose.exposed(fleet, name, "nobody")} == set()


def test_versions_are_those_of_all_places(fleet: Database) -> None:
    names = {
        package.name for _, found in ask.inventories(fleet, [1, 2, 3]) for package in found.packages if package.name
    }
    assert names
    for name in sorted(names)[:20]:
        spots = locate.where(fleet, name, Scope()).spots
        expected: dict[tuple[str, str], set[tuple[str, ...]]] = {}
        for each in spots:
            place = each.environment, each.service, each.platform, each.digest
            expected.setdefault((each.type, each.version), set()).add(place)
        told = locate.versions(fleet, name, Scope())
        assert {(each.type, each.version): each.places for each in told} == {
            key: len(places) for key, places in expected.items()
        }
        then = locate.versions(fleet, name, Scope(at=now()))
        assert {(each.type, each.version, each.places) for each in then} == {
            (each.type, each.version, each.places) for each in told
        }
        assert locate.versions(fleet, name, Scope(at=1)) == ()
        for one in told:
            having = [spot for spot in spots if (spot.type, spot.version) == (one.type, one.version)]
            assert set(one.environments) == {(spot.organization, spot.environment) for spot in having}
