"""Whole environments, answered by numbers, are what looking at every finding gives, under every filter."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envscout.environments.fold import advance
from envscout.environments.naming import Naming
from envscout.errors import NotFound
from envscout.findings.heeding import Heed
from envscout.findings.select import Selection, selection
from envscout.findings.severity import best_score
from envscout.model import (
    LEVELS,
    Coverage,
    Distribution,
    Event,
    Image,
    Inventory,
    Layer,
    Package,
    Problem,
    Product,
    Statement,
)
from envscout.store import Database, Place, deployments, exceptions, feeds, findings, images, now
from envscout.store.deployments import Scope
from envscout.verbs import ask, whole
from envscout.verbs.update.run import update
from tests.stories.story import CRITICAL, HIGH, LOW, feed

DEBIAN = Distribution("debian", "12", "bookworm")
UBUNTU = Distribution("ubuntu", "22.04", "jammy")
NAMES = tuple(f"p{number}" for number in range(8))
ENVIRONMENTS = ("staging", "production")
EVERYBODY = Heed()


def records(chance: random.Random, count: int = 80) -> Iterator[dict[str, Any]]:
    """Yield records of distributions and GitHub about the same CVEs, each with words and scores of its own, or none."""
    for number in range(count):
        cve = f"CVE-2026-{chance.randrange(count // 2):04}"
        name = chance.choice(NAMES)
        ecosystem = chance.choice(["Debian:12", "Ubuntu:22.04:LTS", "npm", "PyPI"])
        prefix = {"Debian:12": "DEBIAN-", "Ubuntu:22.04:LTS": "UBUNTU-"}.get(ecosystem)
        ids: dict[str, Any] = (
            {"id": f"{prefix}{cve}", "upstream": [cve]} if prefix else {"id": f"GHSA-{number:04}-aaaa-bbbb"}
        )
        if not prefix and chance.random() < 0.8:
            ids["aliases"] = [cve]
        low = chance.choice(["0", "1.0"])
        fixed = [{"fixed": chance.choice(["2.0", "3.0"])}] if chance.random() < 0.7 else []
        affected: dict[str, Any] = {
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": low}, *fixed]}],
        }
        if chance.random() < 0.05:
            del affected["ranges"]
        if prefix and chance.random() < 0.5:
            affected["ecosystem_specific"] = {
                "urgency": chance.choice(["low", "high", "unimportant", "not yet assigned"])
            }
        record: dict[str, Any] = {**ids, "modified": "2026-01-02T00:00:00Z", "affected": [affected]}
        if chance.random() < 0.6:
            record["severity"] = [{"type": "CVSS_V3", "score": chance.choice([LOW, HIGH, CRITICAL])}]
        if not prefix and chance.random() < 0.5:
            record["database_specific"] = {"severity": chance.choice(["LOW", "MODERATE", "HIGH", "CRITICAL"])}
        yield record


def packages(chance: random.Random, distribution: Distribution, layer: str) -> Iterator[Package]:
    for name in chance.sample(NAMES, 4):
        version = chance.choice(
            ["0.5", "1.5", "2.5", "no version!"] if chance.random() < 0.1 else ["0.5", "1.5", "2.5"]
        )
        place = chance.choice(["npm", "pypi", "deb", "deb"])
        purl = f"pkg:{place}/{name}@{version}"
        if place == "deb":
            release = f"{distribution.id}-{distribution.version}"
            # Two binary packages of one source; and now and then one URL built from different sources.
            source = chance.choice(NAMES) if chance.random() < 0.2 else name
            binary = f"lib{name}" if chance.random() < 0.3 else name
            yield Package(
                "deb", binary, version, f"pkg:deb/{distribution.id}/{binary}@{version}?distro={release}",
                source, version, locations=("/var/lib/dpkg/status",), layer=layer,
            )  # fmt: skip
        else:
            owner = "pkg:deb/debian/x@1" if chance.random() < 0.1 else ""
            yield Package(
                place, name, version, purl, name, version, locations=(f"/{layer}/{name}",), layer=layer, owner=owner
            )


def image(chance: random.Random, number: int, bases: list[list[Package]]) -> tuple[Image, Inventory]:
    distribution = (DEBIAN, UBUNTU)[number % 2]
    base, own = chance.randrange(2), f"sha256:own{number}"
    layers = tuple(Layer(each, each, "", 1) for each in (f"sha256:base{number % 2}{base}", own))
    held = [*bases[2 * (number % 2) + base], *packages(chance, distribution, own)]
    problems = (Problem("damaged-database", "A database is cut short", "x"),) if chance.random() < 0.2 else ()
    inventory = Inventory(
        tuple({(p.purl, p.layer, p.source_name): p for p in held}.values()), distribution, problems, ("t@1",)
    )
    return Image(f"sha256:{number:064}", "linux/amd64", layers=layers), inventory


@pytest.fixture(params=range(4))
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.param)


@pytest.fixture
def fleet(tmp_path: Path, place: Callable[[str], Place], chance: random.Random) -> Iterator[Database]:
    """Yield a store with some images in two environments: canaries, several platforms, what was never looked into."""
    with Database(place("store")) as database:
        _learn(database, tmp_path, chance)
        bases = [
            list(packages(chance, distribution, f"sha256:base{kind}{number}"))
            for kind, distribution in enumerate((DEBIAN, UBUNTU))
            for number in range(2)
        ]
        for kind in range(2):
            for number in range(2):
                layer = f"sha256:base{kind}{number}"
                inventory = Inventory(tuple(bases[2 * kind + number]), (DEBIAN, UBUNTU)[kind], (), ("t@1",))
                _put(database, Image(f"sha256:base{kind}{number}", layers=(Layer(layer, layer, "", 1),)), inventory)
        held = [image(chance, number, bases) for number in range(10)]
        for each in held:
            _put(database, *each)
        with database.write() as connection:
            images.put_unindexed(connection, Image("sha256:unseen"))
        for environment in ENVIRONMENTS:
            for service in ("api", "web", "worker", "cron"):
                for action, platform in (("record", ""), ("add", ""), ("record", "linux/arm64")):
                    if chance.random() < 0.7:
                        digest = chance.choice([each.digest for each, _ in held] + ["sha256:unseen"])
                        _deploy(database, environment, service, action, platform, digest)
        yield database


def _learn(database: Database, folder: Path, chance: random.Random) -> None:
    update(database, [str(feed(folder / "feed", *records(chance)))], lambda _used: (), lambda *_: None, workers=0)
    with database.write() as connection:
        cves = [f"CVE-2026-{number:04}" for number in range(40)]
        feeds.replace_kev(connection, [(cve, "2026-01-01", "", False) for cve in chance.sample(cves, 8)])
        feeds.replace_epss(connection, [(cve, chance.random(), chance.random()) for cve in chance.sample(cves, 20)])
        feeds.replace_cve(
            connection,
            [(cve, "", None, chance.choice(["", HIGH]), chance.choice(["", "low", "high"]), "") for cve in cves[:20]],
        )


def _put(database: Database, image: Image, inventory: Inventory) -> None:
    with database.write() as connection:
        _, fresh = images.put(connection, image, inventory, now())
        findings.match_packages(connection, fresh, now(), best_score)


def _deploy(database: Database, environment: str, service: str, action: Any, platform: str, digest: str) -> None:
    reference = f"acme/{service}:{digest[-2:]}"
    event = Event("acme", environment, service, action, now(), platform, digest, reference)
    with database.write() as connection:
        stored = images.find(connection, digest)
        assert stored is not None
        deployments.append(connection, event, stored.image_id, advance)


SELECTIONS = {
    "all": selection(),
    "critical": selection(["critical"]),
    "low and none": selection(["low", "unspecified"]),
    "fixed": selection(fixed=True),
    "unfixed": selection(unfixed=True),
    "fixed and high": selection(["high", "critical"], fixed=True),
    "packages": selection(packages=["^lib", "p1"]),
    "types": selection(types=["npm", "pypi"]),
    "one CVE": selection(cve_ids=["cve-2026-0001", "CVE-2026-0002"]),
    "by another name": selection(cve_ids=[f"ghsa-{number:04}-aaaa-bbbb" for number in range(20)]),
    "by no name": selection(cve_ids=["CVE-1999-0001", "CVE-2026-0001"]),
    "exploited": selection(kev=True),
    "likely": selection(epss_score=0.4, epss_percentile=0.2),
    "of the base": selection(only_base=True),
    "not of the base": selection(ignore_base=True),
    "by metrics": selection(cvss=["C:H"]),
    "much at once": selection(["high", "low"], fixed=True, types=["deb"], ignore_base=True),
}


def one_by_one(report: ask.Report) -> dict[str, tuple[dict[str, str], bool]]:
    """Return the worst severity of each vulnerability by service, from all findings."""
    found: dict[str, dict[str, str]] = {}
    known: dict[str, bool] = {}
    for each in report.images:
        assert each.deployment
        service = each.deployment.service
        held = found.setdefault(service, {})
        known[service] = known.get(service, True) and each.coverage.state != "unknown"
        for one in each.findings:
            if one.vulnerability not in held or one.level > LEVELS[held[one.vulnerability]]:
                held[one.vulnerability] = one.severity
    return {service: (held, known[service]) for service, held in found.items()}


def by_numbers(database: Database, answer: whole.Whole) -> dict[str, tuple[dict[str, str], bool]]:
    words = {level: word for word, level in LEVELS.items()}
    everything = {number for side in answer.services.values() for numbers in side.found for number in numbers}
    names = whole.names(database, everything)
    return {
        service: (
            {names[number]: words[level] for level, numbers in enumerate(side.found) for number in numbers},
            side.known,
        )
        for service, side in answer.services.items()
    }


def plain(coverage: Coverage) -> tuple[str, set[tuple[str, str]]]:
    return coverage.state, {(reason.code, reason.message) for reason in coverage.reasons}


def agree(
    database: Database, chosen: Selection, at: int | None = None, platform: str = "", heed: Heed = EVERYBODY
) -> None:
    wanted = Naming(platform=platform)
    scopes = [Scope(environment=environment, at=at) for environment in ENVIRONMENTS]
    question = whole.Question(chosen, at, heed=heed)
    answers = whole.environments(database, [(scope, question) for scope in scopes], wanted)
    for scope, answer in zip(scopes, answers, strict=True):
        report = ask.of_environment(database, scope, ask.Question(chosen, known_at=at, heed=heed), wanted)
        assert by_numbers(database, answer) == one_by_one(report)
        assert plain(answer.coverage) == plain(report.coverage)
        assert set(answer.lapses) == {lapse for each in report.images for lapse in each.lapses}
        assert answer.problems == report.problems


def statements(chance: random.Random, cves: list[str]) -> Iterator[Statement]:
    """Yield VEX statements of every reach: of packages, of images, of everything."""
    for cve in chance.sample(cves, 15):
        product = chance.choice([
            Product(),
            Product(packages=("p1", "libp*")),
            Product(packages=("pkg:npm/p2",)),
            Product(service=chance.choice(["api", "web"])),
            Product(digest=f"sha256:{chance.randrange(10):064}"),
        ])  # fmt: skip
        kind = chance.choice(["not_affected", "fixed", "affected", "under_investigation"])
        other = f"GHSA-{chance.randrange(80):04}-aaaa-bbbb"
        called = chance.choice([(cve,), (cve, other), (other,), (other.upper(),), (f"DEBIAN-{cve}",)])
        yield Statement("vex", kind, called, (product,), "somebody", at=1)


def except_some(database: Database, chance: random.Random, cves: list[str]) -> None:
    """Add exceptions that stand, that have ended, and that end by themselves; one is taken back again."""
    for number, cve in enumerate(chance.sample(cves, 15)):
        product = Product(
            environment=chance.choice(["", "staging"]),
            service=chance.choice(["", "", "api"]),
            packages=chance.choice([(), ("p3",)]),
        )
        statement = Statement(
            "exception",
            chance.choice(["accepted-risk", "false-positive"]),
            (cve,),
            (product,),
            "alice",
            "behind a proxy",
            at=now(),
            until=chance.choice([None, None, 1, now() + 10**12]),
            on_fix=chance.random() < 0.2,
            on_kev=chance.random() < 0.2,
        )
        with database.write() as connection:
            added = exceptions.add(connection, statement, "alice", now())
            if number == 0:
                exceptions.remove(connection, added, "alice", "", now())


@pytest.mark.parametrize("chosen", SELECTIONS.values(), ids=SELECTIONS)
def test_beside_exceptions_and_vex(fleet: Database, chosen: Selection, chance: random.Random) -> None:
    cves = [row[0] for row in fleet.connection.execute("SELECT id FROM vulnerability ORDER BY id")]
    before = now()
    except_some(fleet, chance, cves)
    heed = Heed(statements=tuple(statements(chance, cves)))
    agree(fleet, chosen)
    agree(fleet, chosen, heed=heed)
    agree(fleet, chosen, before, heed=heed)


@pytest.mark.parametrize("chosen", SELECTIONS.values(), ids=SELECTIONS)
def test_under_every_filter(fleet: Database, chosen: Selection) -> None:
    agree(fleet, chosen)


def test_of_a_platform(fleet: Database) -> None:
    agree(fleet, selection(), platform="linux/arm64")


def test_at_a_past_moment(fleet: Database, tmp_path: Path, chance: random.Random) -> None:
    before = now()
    agree(fleet, selection())
    _learn(fleet, tmp_path, chance)
    for chosen in SELECTIONS.values():
        agree(fleet, chosen, before)
        agree(fleet, chosen, now())


def test_what_is_kept_goes_when_what_is_known_changes(fleet: Database, tmp_path: Path, chance: random.Random) -> None:
    for _ in range(3):
        agree(fleet, selection())
        assert fleet.connection.execute("SELECT count(*) FROM set_summary").fetchone() > (0,)
        _learn(fleet, tmp_path, chance)
        agree(fleet, selection())


def test_what_is_kept_is_not_made_again(fleet: Database) -> None:
    agree(fleet, selection())
    before = fleet.connection.execute("SELECT * FROM set_summary ORDER BY set_id").fetchall()
    agree(fleet, selection(["low"]))
    assert fleet.connection.execute("SELECT * FROM set_summary ORDER BY set_id").fetchall() == before


def test_without_the_lock_it_is_made_and_not_kept(fleet: Database) -> None:
    with Database(fleet.place) as other, other.write():
        agree(fleet, selection())
    assert fleet.connection.execute("SELECT count(*) FROM set_summary").fetchone() == (0,)


def test_what_is_pruned_takes_its_summary_along(fleet: Database) -> None:
    agree(fleet, selection())
    with fleet.write() as connection:
        everything = [row[0] for row in connection.execute("SELECT image_id FROM image")]
        connection.execute("DELETE FROM deployment")
        connection.execute("DELETE FROM event")
        images.drop(connection, everything)
    assert fleet.connection.execute("SELECT count(*) FROM set_summary").fetchone() == (0,)


def test_nothing_runs_there(fleet: Database) -> None:
    question = whole.Question()
    with pytest.raises(NotFound, match="nowhere"):
        whole.environments(fleet, [(Scope(environment="nowhere"), question)])
