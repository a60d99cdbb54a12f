"""What policies say of what runs, counted aside: as often as it has to be, and as who asks for a report is told."""

import random
import threading

from envscout.config import Settings
from envscout.findings.heeding import Heed
from envscout.store import Database, judged, now
from envscout.store.deployments import Scope
from envscout.store.judged import OLD, SETTLED
from envscout.verbs import ask, count
from envscout.work.judging import judge
from envscout.work.task import Work
from tests.verbs.test_whole import ENVIRONMENTS, chance, fleet

__all__ = ("chance", "fleet")


def _work(database: Database) -> Work:
    return Work(database, Settings({}), "one", threading.Event())


def test_every_environment_is_judged_and_each_image_in_it_once(fleet: Database, chance: random.Random) -> None:
    while not judge(_work(fleet), Heed()) and _due(fleet, now()):
        pass
    with fleet.read() as connection:
        found = {each.environment: each.counts for each in judged.judged(connection)}
    assert set(found) == set(ENVIRONMENTS)
    for environment, counts in found.items():
        report = ask.of_environment(fleet, Scope(environment=environment), ask.Question())
        assert {each.evaluated for each in counts} == {len({each.image_id for each in report.images})}
        (fixable,) = (each for each in counts if each.policy == "fixable-vulnerabilities")
        assert fixable.title == "No fixable critical or high vulnerabilities"
        clean = {each.image_id: True for each in report.images}
        for each in report.images:
            is_bad = any(f.fixed_version and f.severity in ("critical", "high") for f in each.findings)
            clean[each.image_id] &= not is_bad
        assert fixable.compliant <= sum(clean.values())
        told = count.judged_of(fleet, environment)
        assert told
        assert set(told.failing) == set(clean)
        for count_ in counts:
            failing = sum(count_.policy in each for each in told.failing.values())
            assert failing == count_.evaluated - count_.compliant


def test_what_changed_is_judged_again_but_not_at_once(fleet: Database) -> None:
    at = now()
    with fleet.write() as connection:
        for _ in ENVIRONMENTS:
            due = judged.due(connection, at)
            assert due
            judged.put(connection, due, at, (), {})
        assert judged.due(connection, at + SETTLED + 1) is None
        assert judged.due(connection, at + OLD + 1)
        (env_id,) = connection.execute("SELECT min(env_id) FROM environment").fetchone()
        connection.execute("UPDATE generation SET number = number + 1 WHERE env_id = ?", (env_id,))
        assert judged.due(connection, at) is None
        changed = judged.due(connection, at + SETTLED + 1)
        assert changed
        assert changed.env_id == env_id


def test_whoever_is_to_stop_keeps_no_half_of_a_count(fleet: Database) -> None:
    work = _work(fleet)
    work.stop.set()
    judge(work, Heed())
    with fleet.read() as connection:
        assert not judged.judged(connection)


def _due(database: Database, at: int) -> bool:
    with database.read() as connection:
        return judged.due(connection, at) is not None
