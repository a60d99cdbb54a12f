"""The questions that bench/fleet.py asks: as bare SQL, as envscout's own SQL, as the function a command calls."""

import json
import random
import shutil
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from measure import Timing, call
from shape import POSITIONS, version
from sql import queries

from envscout.cli.show import environments as show
from envscout.environments.difference import difference
from envscout.findings.select import selection
from envscout.findings.severity import best_score
from envscout.model import Advisory, Range
from envscout.store import FOREVER, Database, findings, now, summaries
from envscout.store.advisories import Stage
from envscout.store.database import queries as product_queries
from envscout.store.deployments import Scope
from envscout.verbs import ask, explain, locate, whole
from envscout.versions import key

_BARE = queries("bare")
_FINDINGS = product_queries("findings")
_DEPLOYMENTS = product_queries("deployments")
_NOW = FOREVER - 1
T = TypeVar("T")


class Row(NamedTuple):
    """One line of the answer: median seconds, None where a column has no sense."""

    label: str
    prototype: str
    bare: float | None = None
    sql: float | None = None
    whole: float | None = None


def wall(timing: Timing) -> float:
    """Return the time that passed."""
    return timing.wall


def cpu(timing: Timing) -> float:
    """Return the time that a processor was busy."""
    return timing.cpu


def _medians(
    items: Iterable[T], *ways: Callable[[T], object], measure: Callable[[Timing], float] = wall
) -> list[float]:
    """Ask every item every way in turn; return the median time of each way in seconds."""
    taken: list[list[float]] = [[] for _ in ways]
    for item in items:
        for seconds, way in zip(taken, ways, strict=True):
            seconds.append(measure(call(lambda: way(item))))  # noqa: B023
    return [statistics.median(seconds) for seconds in taken]


def _asker(database: Database) -> Callable[..., list[Any]]:
    def ask_(query: str, **values: object) -> list[Any]:
        with database.read() as connection:
            return connection.execute(query, values).fetchall()

    return ask_


def full_match(database: Database, times: int, samples: int) -> list[Row]:
    """Match everything with everything."""
    del samples
    one = _asker(database)
    counted = f"SELECT count(*) FROM ({_FINDINGS['match_all']}) q"

    def whole(_: int) -> object:
        with database.read() as connection:
            return findings.match_all(connection)

    join, distinct, product, pairs = _medians(
        range(times),
        lambda _: one(_BARE["full"], known_at=_NOW),
        lambda _: one(_BARE["full_distinct"], known_at=_NOW),
        lambda _: one(counted, forever=FOREVER),
        whole,
    )
    return [
        Row("full match: the join, counted", "100", join),
        Row("full match: distinct pairs", "330", distinct, product, pairs),
    ]


def one_image(database: Database, times: int, samples: int) -> list[Row]:
    """Ask what one image is vulnerable to: from the findings kept, and as known at a moment."""
    one = _asker(database)
    images = [row[0] for row in one(_BARE["some_images"], count=samples)]

    def sql(query: str, **values: object) -> Callable[[int], object]:
        def run(image_id: int) -> object:
            with database.read() as connection:
                connection.execute(_FINDINGS["ask"])
                connection.execute(_FINDINGS["put_asked"], (image_id,))
                connection.execute(_FINDINGS[query], values)
                return connection.execute(_BARE["hits"]).fetchall()

        return run

    def answer(known_at: int | None) -> Callable[[int], object]:
        def run(image_id: int) -> object:
            with database.read() as connection:
                return findings.answer(connection, [image_id], known_at)

        return run

    def report(known_at: int | None) -> Callable[[int], object]:
        return lambda image_id: ask.of_image(database, image_id, "", ask.Question(known_at=known_at))

    moment = now()
    kept = _medians(
        images * max(1, times // 3),
        lambda image_id: one(_BARE["image_by_finding"], image_id=image_id),
        sql("hits_now"),
        answer(None),
        report(None),
    )
    then = _medians(
        images,
        lambda image_id: one(_BARE["image_by_join"], image_id=image_id, known_at=moment),
        sql("hits_at", known_at=moment),
        answer(moment),
        report(moment),
    )
    return [
        Row("one image, findings kept: store", "0.76", kept[0], kept[1], kept[2]),
        Row("one image, findings kept: report", "", kept[0], None, kept[3]),
        Row("one image, on the fly: store", "1.55", then[0], then[1], then[2]),
        Row("one image, on the fly: report", "", then[0], None, then[3]),
    ]


def _find_sql(database: Database, name: str) -> object:
    """Run the SQL behind `where` that finds the deployments; their names are read for the whole answer."""
    with database.read() as connection:
        findings.resolve(connection, name)
        connection.execute(_FINDINGS["ask_vulnerability"])
        connection.execute(_FINDINGS["put_asked_vulnerability"], (name,))
        connection.execute(_FINDINGS["hits_of_now"])
        numbers = json.dumps(list({image_id for _, image_id in connection.execute(product_queries("hits")["images"])}))
        return connection.execute(_DEPLOYMENTS["running_of"], {**Scope().parameters(), "numbers": numbers})


def find_cve(database: Database, times: int, samples: int) -> list[Row]:
    """Ask in which environments and services a CVE runs."""
    del times
    one = _asker(database)
    names = [row[0] for row in one(_BARE["some_cves"], step=97, count=samples)]
    seconds = _medians(
        names,
        lambda name: one(_BARE["where"], name=name, known_at=_NOW),
        lambda name: _find_sql(database, name),
        lambda name: locate.where(database, name, Scope()),
    )
    return [Row("CVE -> environments", "0.26", *seconds)]


def compare(database: Database, times: int, samples: int) -> list[Row]:
    """Compare two whole environments, service by service: as a command does, once its summaries are there."""
    del samples
    one = _asker(database)
    scopes = [(Scope(environment=name), whole.Question()) for name in ("env-1", "env-2")]

    def answer(_: int) -> object:
        analyzed, other = whole.environments(database, scopes)
        changes = difference(other.services, analyzed.services)
        names = whole.names(database, show.worth_naming(changes))
        shown = show.Promotion("env-1", "env-2", changes, analyzed.coverage, names)
        return "\n".join(show.text(shown))

    def afresh(_: int) -> object:
        with database.write() as connection:
            summaries.forget(connection)
        return answer(0)

    bare, kept = _medians(
        range(times), lambda _: one(_BARE["sides"], one="env-1", other="env-2", known_at=_NOW), answer, measure=cpu
    )
    (first,) = _medians(range(max(1, times // 3)), afresh, measure=cpu)
    return [
        Row("compare 400 services x 2 (cpu)", "", bare, None, kept),
        Row("the same, first after an update", "", bare, None, first),
    ]


def explain_one(database: Database, times: int, samples: int) -> list[Row]:
    """Explain vulnerabilities in images, as the command does: coverage, statements and every record beside."""
    del times
    one = _asker(database)
    images = [row[0] for row in one(_BARE["some_images"], count=samples)]
    names = [row[0] for row in one(_BARE["some_cves"], step=97, count=samples)]

    def answer(asked: tuple[int, str]) -> object:
        number, name = asked
        meant = explain.meant(database, name)
        chosen = selection(cve_ids=meant)
        report = ask.of_image(database, number, "", ask.Question(chosen))
        return explain.explain(database, number, name, meant).answer(report.coverage)

    seconds = _medians(
        zip(images, names, strict=False),
        lambda asked: one(_BARE["one_vulnerability"], image_id=asked[0], name=asked[1]),
        answer,
        measure=cpu,
    )
    return [Row("explain one, in one image (cpu)", "", seconds[0], None, seconds[1])]


def agree(database: Database, samples: int) -> None:
    """Check on some images and CVEs that envscout's answers are those of bare SQL. Raise AssertionError if not."""
    one = _asker(database)
    with database.read() as connection:
        assert findings.match_all(connection) == set(connection.execute(_BARE["pairs"]))
    for (image_id,) in one(_BARE["some_images"], count=samples):
        with database.read() as connection:
            found = findings.answer(connection, [image_id], None)
        bare = one(_BARE["image_by_finding"], image_id=image_id)
        assert {match.pkg_id for match in found.matches} == {pkg_id for pkg_id, _ in bare}
    for (name,) in one(_BARE["some_cves"], step=97, count=samples):
        located = locate.where(database, name, Scope())
        bare = one(_BARE["where"], name=name, known_at=_NOW)
        where = {(f"env-{env}", f"acme/service-{service}") for env, service in bare}
        assert {(spot.environment, spot.service) for spot in located.spots} == where


def refresh(path: Path, times: int) -> list[Row]:
    """Change 1,000 advisories and bring the findings up to date, on a copy of the fleet."""
    copy = path.with_name("refresh.db")
    shutil.copyfile(path, copy)
    try:
        with Database(copy) as database:
            return _refresh(database, times)
    finally:
        for file in copy.parent.glob("refresh.db*"):
            file.unlink()


class _Changes:
    """Advisories that say something new, 1,000 after 1,000."""

    def __init__(self, database: Database) -> None:
        self._ask = _asker(database)
        self._chance = random.Random(1)
        self._records = self._ask(_BARE["changeable"])
        self._chance.shuffle(self._records)

    def take(self, count: int = 1000) -> list[tuple[int, int, Advisory, list[int]]]:
        """Return number, feed, record and the name numbers of its ranges."""
        taken, self._records = self._records[:count], self._records[count:]
        return [self._changed(*row) for row in taken]

    def _changed(self, adv_id: int, feed_id: int, id_: str) -> tuple[int, int, Advisory, list[int]]:
        ranges, names = [], []
        for ecosystem, name, scheme, name_id, lo, low in self._ask(_BARE["ranges"], adv_id=adv_id, known_at=_NOW):
            fixed = version(scheme, self._chance.randrange(POSITIONS))
            hi = key(scheme, fixed) or b""
            if lo < hi:
                ranges.append(Range(ecosystem, name, lo, hi, low=low, fixed=fixed))
                names.append(name_id)
        cve = id_.partition("-")[2] if id_.startswith(("DEBIAN", "UBUNTU", "ALPINE")) else f"CVE-{id_[5:]}"
        record = Advisory(id_, aliases=(cve,), summary="changed", details="x" * 300, ranges=tuple(ranges))
        return adv_id, feed_id, record, names


def _refresh(database: Database, times: int) -> list[Row]:
    changes = _Changes(database)
    taken: dict[str, list[float]] = {}

    def timed(step: str, function: Callable[[], object]) -> None:
        taken.setdefault(step, []).append(call(function).wall)

    for _ in range(times):
        _bare_round(database, changes, timed)
        _product_round(database, changes, timed)
    with database.read() as connection:
        assert findings.match_all(connection) == set(connection.execute(_BARE["kept"]))
    median = {step: statistics.median(seconds) for step, seconds in taken.items()}
    bare = median["bare ranges"] + median["bare match"] + median["bare commit"]
    whole = median["apply"] + median["match"] + median["commit"]
    return [
        Row("1,000 changed: hits, counted", "1.4", median["hits"]),
        Row("1,000 changed: findings", "9-18", median["bare match"], median["match"]),
        Row("1,000 changed: records to findings", "", bare, None, whole),
        Row("1,000 changed: staged beforehand", "", None, None, median["stage"]),
    ]


Timed = Callable[[str, Callable[[], object]], None]


def _bare_round(database: Database, changes: _Changes, timed: Timed) -> None:
    rows = changes.take()
    at = now()
    ranges = [
        (name_id, r.hi, r.lo, adv_id, at, FOREVER, r.low, r.fixed)
        for adv_id, _, record, names in rows
        for name_id, r in zip(names, record.ranges, strict=True)
    ]
    connection = database.connection
    connection.execute(_BARE["changed"])
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_BARE["put_changed"], [(adv_id,) for adv_id, *_ in rows])

    def write_ranges() -> None:
        connection.execute(_BARE["close"], {"at": at, "known_at": _NOW})
        connection.executemany(_BARE["open"], ranges)

    def match() -> None:
        connection.execute(_BARE["forget"])
        connection.execute(_BARE["find"], {"known_at": _NOW})

    timed("bare ranges", write_ranges)
    timed("hits", lambda: connection.execute(_BARE["changed_hits"], {"known_at": _NOW}).fetchall())
    timed("bare match", match)
    timed("bare commit", lambda: connection.execute("COMMIT"))
    connection.execute(_BARE["drop_changed"])


def _product_round(database: Database, changes: _Changes, timed: Timed) -> None:
    rows = changes.take()
    stage = Stage(database)
    digest = now().to_bytes(16, "big")

    def fill() -> None:
        for feed in sorted({feed for _, feed, _, _ in rows}):
            stage.add(feed, [(record, digest) for _, mine, record, _ in rows if mine == feed], ())

    timed("stage", fill)
    at = now()
    connection = database.connection
    connection.execute("BEGIN IMMEDIATE")
    timed("apply", lambda: stage.apply(connection, at))
    timed("match", lambda: findings.match_touched(connection, at, best_score))
    timed("commit", lambda: connection.execute("COMMIT"))
    stage.close()
