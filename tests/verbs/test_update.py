"""Advisories brought up to date step by step are those brought in at once; what is the same is left alone."""

import functools
import http.server
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb, Wheel
from envscout.errors import StoreError
from envscout.names.reference import parse
from envscout.operations.indexing import index, within
from envscout.store import FOREVER, Database, Place, findings
from envscout.verbs import ask
from envscout.verbs.update.ready import FeedResult
from envscout.verbs.update.run import update
from tests.stories.story import CRITICAL, HIGH, advisory, debian, feed, published, rootfs

PACKAGES = 12


def run(database: Database, *places: Path | str) -> list[FeedResult]:
    return update(database, [str(place) for place in places], lambda _used: (), lambda *_: None, workers=0)


def invented(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Return records that change, come, go, share aliases and are withdrawn from one call to the next."""
    records = []
    for number in chance.sample(range(count * 2), count):
        ecosystem = chance.choice(["Debian:sid", "Debian:12", "PyPI"])
        fixed = chance.choice(["", f"{chance.randrange(6)}", f"{chance.randrange(6)}.1"])
        fields: dict[str, Any] = {}
        if chance.random() < 0.3:
            fields["aliases"] = [f"CVE-2026-{chance.randrange(8):04}"]
        if chance.random() < 0.1:
            fields["withdrawn"] = "2026-01-01T00:00:00Z"
        name = f"p{chance.randrange(PACKAGES)}"
        id_ = chance.choice([f"CVE-2026-{number:04}", f"GHSA-{number:04}-aaaa-bbbb"])
        records.append(advisory(id_, ecosystem, name, fixed, chance.choice(["", HIGH, CRITICAL]), **fields))
    return list({each["id"]: each for each in records}.values())


def standing(database: Database) -> dict[str, Any]:
    """Return what holds now, without the numbers and moments that depend on how it came about."""
    ask_for = database.connection.execute
    kept = set(ask_for("SELECT adv_id, pkg_id FROM finding").fetchall())
    assert kept == findings.match_all(database.connection)
    return {
        "records": sorted(ask_for("SELECT id, hash FROM advisory WHERE gone_at IS NULL")),
        "ranges": sorted(
            ask_for(
                "SELECT ecosystem, name, a.id, hi, lo, fixed FROM vrange JOIN advisory a USING (adv_id)"
                " JOIN name USING (name_id) WHERE k_to = ?",
                (FOREVER,),
            )
        ),
        "findings": sorted(
            ask_for(
                "SELECT a.id, n.ecosystem, n.name, p.version FROM finding JOIN advisory a USING (adv_id)"
                " JOIN package p USING (pkg_id) JOIN name n USING (name_id)"
            )
        ),
    }


def shown(database: Database, image_id: int) -> list[tuple[str, str, str, str | None]]:
    report = ask.of_image(database, image_id, "x", ask.Question())
    return sorted(
        (each.vulnerability, each.package.purl, each.severity, each.fixed_version) for each in report.images[0].findings
    )


@pytest.fixture
def image(tmp_path: Path) -> str:
    wheels = (Wheel(f"p{n}", f"{n % 5}.0", "MIT", f"p{n}") for n in range(PACKAGES))
    packages = (Deb(f"lib{n}", f"{n % 5}.0", f"p{n}") for n in range(PACKAGES))
    return f"fs://{rootfs(tmp_path / 'root', debian(*packages, wheels=wheels))}"


@pytest.mark.parametrize("seed", range(6))
def test_step_by_step_is_at_once(tmp_path: Path, place: Callable[[str], Place], image: str, seed: int) -> None:
    chance = random.Random(seed)
    folder = tmp_path / "feed"
    with Database(place("steps")) as steps, Database(place("once")) as once:
        number = 0
        for step in range(5):
            feed(folder, *invented(chance, 30))
            run(steps, folder)
            if step == seed % 5:
                number = index(within(steps), parse(image)).image_id
        run(once, folder)
        other = index(within(once), parse(image)).image_id
        assert standing(steps) == standing(once)
        assert shown(steps, number) == shown(once, other)
        run(steps, folder)
        assert standing(steps) == standing(once)


def test_the_same_again_touches_nothing(tmp_path: Path, place: Callable[[str], Place]) -> None:
    folder = published(
        tmp_path / "feed", [advisory("CVE-2026-1", "Debian:sid", "p1", "1"), advisory("CVE-2026-2", "Debian:sid", "p2")]
    )
    with Database(place("x")) as database:
        (first,) = run(database, folder)
        assert (first.records, first.change.added, first.unchanged) == (2, 2, False)
        ranges = database.connection.execute("SELECT * FROM vrange").fetchall()
        (again,) = run(database, folder)
        assert (again.records, again.unchanged) == (2, True)
        published(folder, [advisory("CVE-2026-1", "Debian:sid", "p1", "1"), advisory("CVE-2026-3", "Debian:sid", "p3")])
        (changed,) = run(database, folder)
        assert (changed.change.added, changed.change.changed, changed.change.withdrawn) == (1, 0, 1)
        after = database.connection.execute("SELECT * FROM vrange").fetchall()
        assert len(after) == 3
        assert sum(row in after for row in ranges) == 1


def test_a_feed_that_comes_back_after_an_absence(tmp_path: Path, place: Callable[[str], Place], image: str) -> None:
    hole = advisory("CVE-2026-1", "Debian:sid", "p1")
    folder = tmp_path / "feed"
    with Database(place("x")) as database:
        number = index(within(database), parse(image)).image_id
        expected = []
        for records in ([hole], [advisory("CVE-2026-2", "Debian:sid", "nobody")], [hole]):
            run(database, feed(folder, *records))
            expected.append([each[0] for each in shown(database, number)])
        assert expected == [["CVE-2026-1"], [], ["CVE-2026-1"]]


def test_two_feeds_may_hold_the_same_record(tmp_path: Path, place: Callable[[str], Place], image: str) -> None:
    hole = advisory("CVE-2026-1", "Debian:sid", "p1", "9")
    with Database(place("x")) as database:
        number = index(within(database), parse(image)).image_id
        run(database, feed(tmp_path / "one", hole), feed(tmp_path / "two", hole))
        assert len(shown(database, number)) == 1
        run(database, feed(tmp_path / "one", advisory("CVE-2026-2", "Debian:sid", "nobody")))
        assert len(shown(database, number)) == 1
        run(database, feed(tmp_path / "two", advisory("CVE-2026-2", "Debian:sid", "nobody")))
        assert shown(database, number) == []


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve a folder over http on loopback, with Last-Modified; yield folder and address."""
    folder = tmp_path / "www"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_address_that_did_not_change_is_not_read_again(
    tmp_path: Path, place: Callable[[str], Place], served: tuple[Path, str]
) -> None:
    folder, address = served
    published(folder, [advisory("CVE-2026-1", "Debian:sid", "p1")])
    with Database(place("x")) as database:
        (first,) = run(database, f"{address}/Debian/all.zip")
        assert (first.name, first.records, first.unchanged) == ("osv:Debian", 1, False)
        (again,) = run(database, f"{address}/Debian/all.zip")
        assert (again.records, again.unchanged, again.error) == (1, True, "")
        (folder / "Debian" / "all.zip").unlink()
        (gone,) = run(database, f"{address}/Debian/all.zip")
        assert gone.error
        assert gone.next_step
        assert standing(database)["records"]


SPOILT = {
    True: (
        "CREATE TEMP TRIGGER spoil BEFORE INSERT ON feed_run BEGIN SELECT RAISE(ABORT, 'spoilt'); END",
        "DROP TRIGGER spoil",
    ),
    False: (
        "ALTER TABLE feed_run ADD CONSTRAINT spoil CHECK (false) NOT VALID",
        "ALTER TABLE feed_run DROP CONSTRAINT spoil",
    ),
}
"""On SQLite or not: what makes the end of an update fail, and what mends it."""


def test_nothing_of_an_update_is_kept_where_applying_fails(
    tmp_path: Path, place: Callable[[str], Place], image: str
) -> None:
    folder = tmp_path / "feed"
    with Database(place("x")) as database:
        index(within(database), parse(image))
        run(database, feed(folder, advisory("CVE-2026-1", "Debian:sid", "p1")))
        before = standing(database)
        spoil, mend = SPOILT[isinstance(database.place, Path)]
        database.connection.execute(spoil)
        with pytest.raises(StoreError):
            run(database, feed(folder, advisory("CVE-2026-2", "Debian:sid", "p2")))
        assert standing(database) == before
        database.connection.execute(mend)
        run(database, folder)
        assert standing(database) != before
