"""Feeds that refresh themselves: on time, one at a time, from a real server; what nobody can believe is kept apart."""

import http.server
import threading
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest

from envscout.advisories.schedule import Bounds, Counts, doubt, next_due
from envscout.advisories.sources import Feed
from envscout.errors import NotFound, StoreLost
from envscout.model import Image, Inventory, Package
from envscout.store import Database, Place, images, news, now, refresh, tasks
from envscout.verbs.refresh import Plan, due, hurry, release, status
from envscout.verbs.update.run import update
from tests.stories.story import advisory

MINUTE = 60_000_000


class Mirror:
    """A server with the feed of PyPI, and whatever else a test puts there."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.broken = ""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                data = outer.files.get(self.path)
                if outer.broken or data is None:
                    self.send_response(503 if outer.broken else 404)
                    self.send_header("Content-Length", "0")
                    self.send_header("Retry-After", outer.broken)
                    self.end_headers()
                    return
                tag = f'"{hash(data)}"'
                if self.headers.get("If-None-Match") == tag:
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("ETag", tag)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def offer(self, count: int) -> None:
        """Offer a feed of so many records."""
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for number in range(count):
                record = advisory(f"CVE-2026-{number:05}", "PyPI", f"p{number}", "2.0")
                archive.writestr(f"{record['id']}.json", msgspec.json.encode(record))
        self.files["/PyPI/all.zip"] = packed.getvalue()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    made = Mirror()
    made.files["/epss"] = (
        b"#model_version:v2025,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-00001,0.5,0.9\n"
    )
    made.files["/kev"] = msgspec.json.encode(
        {
            "catalogVersion": "1",
            "dateReleased": "2026-01-01T00:00:00Z",
            "vulnerabilities": [
                {
                    "cveID": "CVE-2026-00001",
                    "dateAdded": "2026-01-01",
                    "dueDate": "2026-02-01",
                    "knownRansomwareCampaignUse": "Unknown",
                }
            ],
        }
    )
    made.offer(100)
    yield made
    made.close()


@pytest.fixture
def fleet(database: Database) -> Database:
    package = Package("pypi", "p1", "1.0", "pkg:pypi/p1@1.0")
    with database.write() as connection:
        images.put(connection, Image("sha256:1"), Inventory((package,)), now())
    return database


def run(database: Database, mirror: Mirror) -> int:
    def apply(feeds: Any) -> object:
        return update(database, (), lambda _used: feeds, lambda *_: None, attempts=1)

    return due(database, Plan(osv=mirror.url, epss=f"{mirror.url}/epss", kev=f"{mirror.url}/kev"), apply)


def told(database: Database) -> list[str]:
    with database.read() as connection:
        return [f"{each.news.kind} {each.news.facts.about}" for each in news.after(connection, 0)]


def state(database: Database, name: str = "osv:PyPI") -> Any:
    return next(each for each in status(database)[0] if each.health.name == name)


def test_feeds_are_asked_for_when_they_are_due(fleet: Database, mirror: Mirror) -> None:
    assert run(fleet, mirror) == 3
    assert sorted(mirror.asked) == ["/PyPI/all.zip", "/epss", "/kev"]
    assert run(fleet, mirror) == 0
    health = state(fleet).health
    assert (health.problem, health.failures, health.held_until) == ("", 0, 0)
    assert health.bytes == len(mirror.files["/PyPI/all.zip"])
    assert 14 * MINUTE < health.due - now() < 17 * MINUTE
    assert hurry(fleet) == 3
    assert run(fleet, mirror) == 3
    assert told(fleet) == []


def test_nothing_is_fetched_where_nothing_was_indexed(database: Database, mirror: Mirror) -> None:
    assert run(database, mirror) == 0
    assert mirror.asked == []


def test_trouble_is_told_once_and_so_is_its_end(fleet: Database, mirror: Mirror) -> None:
    mirror.broken = "7200"
    for failures in (1, 2, 3):
        hurry(fleet)
        run(fleet, mirror)
        health = state(fleet).health
        assert health.failures == failures
        assert "503" in health.problem
        assert health.due - now() > 7_100 * 1_000_000
    assert sorted(told(fleet)) == ["feed-trouble epss", "feed-trouble kev", "feed-trouble osv:PyPI"]
    mirror.broken = ""
    hurry(fleet)
    run(fleet, mirror)
    assert sorted(told(fleet)[3:]) == ["feed-recovered epss", "feed-recovered kev", "feed-recovered osv:PyPI"]
    assert state(fleet).run.records == 100


@pytest.mark.parametrize("count", [70, 1_100])
def test_what_differs_too_much_is_not_applied_until_somebody_says_so(
    fleet: Database, mirror: Mirror, count: int
) -> None:
    run(fleet, mirror)
    mirror.offer(count)
    for _ in range(2):
        hurry(fleet)
        run(fleet, mirror)
        found = state(fleet)
        assert found.run.records == 100
        assert (found.quarantine.before, found.quarantine.records) == (100, count)
    assert told(fleet) == ["feed-trouble osv:PyPI"]
    release(fleet, "osv:PyPI")
    run(fleet, mirror)
    found = state(fleet)
    assert (found.run.records, found.quarantine, found.health.problem) == (count, None, "")
    assert told(fleet)[1:] == ["feed-recovered osv:PyPI"]


def test_a_good_document_ends_the_quarantine_of_another(fleet: Database, mirror: Mirror) -> None:
    run(fleet, mirror)
    mirror.offer(10)
    hurry(fleet)
    run(fleet, mirror)
    mirror.offer(99)
    hurry(fleet)
    run(fleet, mirror)
    assert (state(fleet).run.records, state(fleet).quarantine) == (99, None)
    with pytest.raises(NotFound):
        release(fleet, "osv:PyPI")


def test_what_cannot_be_read_leaves_the_old_state(fleet: Database, mirror: Mirror) -> None:
    run(fleet, mirror)
    whole = mirror.files["/PyPI/all.zip"]
    for broken in (whole[: len(whole) // 2], b"<html>", b"PK\x03\x04" + whole[100:]):
        mirror.files["/PyPI/all.zip"] = broken
        hurry(fleet)
        run(fleet, mirror)
        assert state(fleet).health.problem
        assert state(fleet).run.records == 100
    assert told(fleet) == ["feed-trouble osv:PyPI"]


def test_a_feed_is_refreshed_by_one_at_a_time(place: Callable[[str], Place], mirror: Mirror) -> None:
    feeds = [(f"osv:{number}", "here") for number in range(20)]
    Database(place("store")).close()
    taken: list[str] = []

    def take() -> None:
        with Database(place("store")) as database, database.write() as connection:
            tasks.arrive(connection, threading.current_thread().name, now())
            taken.extend(refresh.take(connection, feeds, threading.current_thread().name, now(), now() + MINUTE))

    takers = [threading.Thread(target=take) for _ in range(4)]
    for each in takers:
        each.start()
    for each in takers:
        each.join()
    assert sorted(taken) == sorted(name for name, _ in feeds)


def _taken(database: Database, mirror: Mirror, holder: str) -> list[str]:
    with database.write() as connection:
        return refresh.take(connection, [("osv:PyPI", mirror.url)], holder, now(), now() + 120 * MINUTE)


def test_what_a_worker_holds_that_was_killed_is_free(fleet: Database, mirror: Mirror) -> None:
    with fleet.write() as connection:
        tasks.arrive(connection, "one", now())
    assert _taken(fleet, mirror, "one") == ["osv:PyPI"]
    assert _taken(fleet, mirror, "two") == []
    # It lost its connection, and could not let go.
    assert _taken(fleet, mirror, "one") == ["osv:PyPI"]
    with fleet.write() as connection:
        tasks.arrive(connection, "one", now() - tasks.ALIVE - MINUTE)
    assert _taken(fleet, mirror, "two") == ["osv:PyPI"]


def test_what_failed_as_a_whole_is_due_still(fleet: Database, mirror: Mirror) -> None:
    def apply(_feeds: object) -> object:
        raise StoreLost("the server went away")

    with pytest.raises(StoreLost):
        due(fleet, Plan(osv=mirror.url, epss=f"{mirror.url}/epss", kev=f"{mirror.url}/kev"), apply)
    assert run(fleet, mirror) == 3


def test_a_clock_that_was_ahead_for_a_while_keeps_no_feed_waiting(fleet: Database, mirror: Mirror) -> None:
    run(fleet, mirror)
    with fleet.write() as connection:
        tasks.arrive(connection, "one", now())
        connection.execute(
            "UPDATE feed_health SET due = due + :days, held_until = due + :days, holder = 'one'",
            {"days": 45 * 24 * 60 * MINUTE},
        )
    assert run(fleet, mirror) == 3


def test_a_feed_that_grew_old_is_told_once(fleet: Database, mirror: Mirror) -> None:
    run(fleet, mirror)
    week = 7 * 24 * 60 * MINUTE
    for at, expected in ((now() + week * 2, 3), (now() + week * 3, 0), (now(), 3)):
        with fleet.write() as connection:
            assert refresh.grow_stale(connection, at, week) == expected


def test_waits_double_up_to_a_day_and_are_never_shorter_than_a_server_asks() -> None:
    waits = [next_due(0, 15, failures, 0, 0) // MINUTE for failures in range(9)]
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]
    assert next_due(0, 15, 0, 7_200, 0) == 120 * MINUTE
    assert next_due(0, 10, 0, 0, 1) == 11 * MINUTE


@pytest.mark.parametrize(
    ("counts", "is_doubted"),
    [
        (Counts(100, 20, 80), True),
        (Counts(100, 19, 81), False),
        (Counts(100, 0, 1_000), True),
        (Counts(100, 0, 999), False),
        (Counts(49, 49, 0), False),
        (Counts(0, 0, 100_000), False),
    ],
)
def test_bounds(counts: Counts, is_doubted: bool) -> None:
    assert bool(doubt(counts, Bounds())) == is_doubted


def test_a_feed_from_a_file_is_judged_alike(fleet: Database, mirror: Mirror, tmp_path: Path) -> None:
    file = tmp_path / "PyPI/all.zip"
    file.parent.mkdir()
    for count in (100, 10):
        mirror.offer(count)
        file.write_bytes(mirror.files["/PyPI/all.zip"])
        [result] = update(fleet, [str(file)], lambda _used: (), lambda *_: None)
    assert "db release osv:PyPI" in result.next_step
    assert isinstance(Feed(result.name, "osv", result.location), Feed)
    release(fleet, "osv:PyPI")
    [result] = update(fleet, [str(file)], lambda _used: (), lambda *_: None)
    assert (result.error, result.records) == ("", 10)
