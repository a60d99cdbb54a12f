"""What the world is told, step by step, is what looking at everything gives; news from the beginning add up to it."""

import contextlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from envscout.errors import NotFound
from envscout.model import LEVELS, Image
from envscout.standing.present import band
from envscout.store import Database, Place, feeds, images, news, standing
from envscout.store.deployments import Scope
from envscout.store.exceptions import Entry
from envscout.verbs import ask
from envscout.verbs import reconcile as looking
from envscout.verbs.exceptions import Wish, add, remove
from envscout.verbs.reconcile import reconcile
from envscout.verbs.update.run import update
from envscout.verbs.verify import verify
from tests.stories.story import HIGH, LOW, feed
from tests.verbs.test_whole import DEBIAN, ENVIRONMENTS, UBUNTU, _deploy, _put, image, packages, records

CVES = [f"CVE-2026-{number:04}" for number in range(20)]
SERVICES = ("api", "web", "worker")
DAY = 86_400_000_000

Standing = dict[tuple[str, str], tuple[int, bool, bool, int]]
"""By environment and vulnerability: severity, whether a fix is known, KEV, band of EPSS."""


def seen(database: Database) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return what stands by looking at every finding of every image."""
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for environment in ENVIRONMENTS:
        try:
            report = ask.of_environment(database, Scope("acme", environment), ask.Question())
        except NotFound:
            continue
        for each in report.images:
            assert each.deployment is not None
            for finding in each.findings:
                key = (environment, finding.vulnerability)
                before = found.get(key, (0, False, False, 0, frozenset()))
                found[key] = (
                    max(before[0], finding.level),
                    before[1] or finding.fixed_version is not None,
                    finding.kev is not None,
                    band(finding.epss.percentile if finding.epss else None),
                    before[4] | {each.deployment.service},
                )
    return found


def told(database: Database) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return what the world was told, without what does not count."""
    with database.read() as connection:
        everything = standing.everything_told(connection)
        places = standing.environments(connection)
        services = {number: name for (_, name), number in standing.services(connection).items()}
        names = dict(connection.execute("SELECT vuln_id, id FROM vulnerability").fetchall())
    return {
        (places[env_id][1], names[vuln_id]): (
            each.level,
            each.fixed,
            each.kev,
            each.band,
            frozenset(services[number] for number in each.numbers),
        )
        for (vuln_id, env_id), each in everything.items()
        if not each.suppressed
    }


def folded(database: Database) -> Standing:
    """Return what stands by all the news there ever were."""
    found: Standing = {}
    with database.read() as connection:
        for entry in news.after(connection, 0, limit=1_000_000):
            each = entry.news
            key = (each.environment, each.vulnerability)
            if each.kind in ("appeared", "escalated", "deescalated"):
                assert (key in found) == (each.kind != "appeared")
                facts = each.facts
                found[key] = (LEVELS[each.severity], facts.fixable, facts.kev, 0)
            elif each.kind == "resolved":
                del found[key]
    return found


class Machine(RuleBasedStateMachine):
    """Everything that changes answers, in any order."""

    make: Callable[[], Database]
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.database = self.make()
        self.entries: list[Entry] = []
        self.settled = True

    def teardown(self) -> None:
        self.database.close()

    @initialize(seed=st.integers(0, 1_000))
    def begin(self, seed: int) -> None:
        chance = random.Random(seed)
        bases = [
            list(packages(chance, distribution, f"sha256:base{kind}{number}"))
            for kind, distribution in enumerate((DEBIAN, UBUNTU))
            for number in range(2)
        ]
        self.images = [image(chance, number, bases) for number in range(5)]
        for each in self.images:
            _put(self.database, *each)
        with self.database.write() as connection:
            images.put_unindexed(connection, Image("sha256:unseen"))
        self.learn(seed)
        for environment in ENVIRONMENTS:
            for service in SERVICES:
                self.deploy(environment, service, "record", chance.randrange(6))

    @rule(seed=st.integers(0, 1_000))
    def learn(self, seed: int) -> None:
        folder = feed(self.folder / "feed", *records(random.Random(seed), 25))
        update(self.database, [str(folder)], lambda _used: (), lambda *_: None, workers=0)
        self.settled = False

    @rule(cves=st.sets(st.sampled_from(CVES), max_size=6))
    def exploit(self, cves: set[str]) -> None:
        with self.database.write() as connection:
            feeds.replace_kev(connection, [(cve, "2026-01-01", "", False) for cve in sorted(cves)])
        self.settled = False

    @rule(scores=st.dictionaries(st.sampled_from(CVES), st.sampled_from([0.01, 0.2, 0.5, 0.95]), max_size=8))
    def score(self, scores: dict[str, float]) -> None:
        with self.database.write() as connection:
            feeds.replace_epss(connection, [(cve, each, each) for cve, each in scores.items()])
        self.settled = False

    @rule(words=st.dictionaries(st.sampled_from(CVES), st.sampled_from(["low", "high"]), max_size=8))
    def rate(self, words: dict[str, str]) -> None:
        with self.database.write() as connection:
            rows = [(cve, "", None, HIGH if each == "high" else LOW, each, "") for cve, each in words.items()]
            feeds.replace_cve(connection, rows)
        self.settled = False

    @rule(
        environment=st.sampled_from(ENVIRONMENTS),
        service=st.sampled_from(SERVICES),
        action=st.sampled_from(["record", "record", "add", "remove"]),
        number=st.integers(0, 5),
    )
    def deploy(self, environment: str, service: str, action: str, number: int) -> None:
        digest = "sha256:unseen" if number == 5 else self.images[number][0].digest
        _deploy(self.database, environment, service, action, "", digest)
        self.settled = False

    @rule(number=st.integers(0, 4), other=st.integers(0, 4))
    def look_again(self, number: int, other: int) -> None:
        """Index an image again, and find other things in it."""
        _put(self.database, self.images[number][0], self.images[other][1])
        self.settled = False

    @rule(
        cve=st.sampled_from(CVES),
        environment=st.sampled_from(["", *ENVIRONMENTS]),
        service=st.sampled_from(["", *SERVICES]),
        on=st.sampled_from(["", "fix", "kev"]),
    )
    def excuse(self, cve: str, environment: str, service: str, on: str) -> None:
        wish = Wish(
            "accepted-risk", "me", "so", organization="acme", environment=environment, service=service,
            on_fix=on == "fix", on_kev=on == "kev",
        )  # fmt: skip
        self.entries += add(self.database, [cve], wish, "me")
        self.settled = False

    @rule()
    def insist(self) -> None:
        if self.entries:
            remove(self.database, self.entries.pop().number, "me", "no more")
            self.settled = False

    @rule()
    def look_a_little(self) -> None:
        reconcile(self.database, batches=1)

    @rule(step=st.sampled_from(["keep", "put_slots", "unmark", "put_checked"]))
    def fail(self, step: str) -> None:
        """Fail in the midst of telling."""
        with pytest.MonkeyPatch.context() as patch:

            def fail(*_: object, **__: object) -> None:
                raise ZeroDivisionError

            patch.setattr(standing, step, fail)
            with contextlib.suppress(ZeroDivisionError):
                reconcile(self.database)

    @rule(
        what=st.sampled_from(["deploy", "exploit", "look"]),
        environment=st.sampled_from(ENVIRONMENTS),
        service=st.sampled_from(SERVICES),
        number=st.integers(0, 4),
    )
    def look_while_others_write(self, what: str, environment: str, service: str, number: int) -> None:
        """Have somebody else change something, or look as well, between a look and what is written of it."""
        others = [what]
        plan = looking._plan

        def interrupted(*arguments: Any) -> Any:
            found = plan(*arguments)
            if others:
                with Database(self.database.place) as other:
                    self._write_elsewhere(other, others.pop(), (environment, service, self.images[number][0].digest))
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(looking, "_plan", interrupted)
            reconcile(self.database)
        self.settled = True

    def _write_elsewhere(self, other: Database, what: str, deployed: tuple[str, str, str]) -> None:
        environment, service, digest = deployed
        if what == "deploy":
            _deploy(other, environment, service, "record", "", digest)
        elif what == "exploit":
            with other.write() as connection:
                feeds.replace_kev(connection, [(cve, "2026-01-01", "", False) for cve in CVES[::2]])
        else:
            reconcile(other)

    @rule()
    def look(self) -> None:
        reconcile(self.database)
        self.settled = True

    @invariant()
    def agrees(self) -> None:
        if not self.settled:
            return
        found = seen(self.database)
        assert told(self.database) == found
        plain = {key: (*each[:3], 0) for key, each in found.items()}
        assert folded(self.database) == plain
        assert verify(self.database).shown == ()


def test_step_by_step_is_at_once(place: Callable[[str], Place], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    is_file = isinstance(place("x"), Path)
    counted = iter(range(1_000_000))

    def make() -> Database:
        if is_file:
            return Database(place(f"store{next(counted)}"))
        return Database(request.getfixturevalue("postgresql").make())

    machine = type("Machine", (Machine,), {"make": staticmethod(make), "folder": tmp_path})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12 if is_file else 8,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    shutil.rmtree(tmp_path / "feed", ignore_errors=True)
