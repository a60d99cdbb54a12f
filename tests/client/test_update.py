"""`db update` where a server is asked: it refreshes its feeds, and whoever asked is told what became of each."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from envscout.cli.commands import db_remote
from envscout.config import Settings
from envscout.store import Database
from envscout.work import table
from envscout.work.task import Work
from tests.faults.feeds import Feeds, record
from tests.faults.receiver import serving as listening
from tests.faults.world import fill
from tests.server.conftest import Server, serving
from tests.stories.story import Desk, Laptop

FEEDS = {"osv:npm", "epss", "kev"}


@pytest.fixture
def feeds() -> Iterator[Feeds]:
    """Return feeds that are served."""
    with listening(served := Feeds()):
        yield served


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve a store that knows images, and no advisory."""
    fill(tmp_path / "envscout.db")
    yield from serving(tmp_path / "envscout.db")


@pytest.fixture
def refreshing(server: Server, feeds: Feeds) -> Iterator[None]:
    """Have the server's feeds refreshed whenever they are due, as a worker has it at every interval."""
    stop = threading.Event()

    def work() -> None:
        with Database(server.place) as database:
            while not stop.wait(0.05):
                table.refresh(Work(database, Settings(feeds.settings()), "one", stop))

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def desk(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return the laptop of somebody who asks the server."""
    monkeypatch.setattr(db_remote, "PAUSE", 0.05)
    monkeypatch.setattr(db_remote, "BEGINS", 20.0)
    desk = Laptop(tmp_path / "laptop")
    desk.env["ENVSCOUT_SERVER"] = server.address
    return desk


def test_what_became_of_each_feed_is_told(desk: Desk, feeds: Feeds, refreshing: None) -> None:
    first = {each["name"]: each for each in desk.ok("db", "update", "--format", "json").json["update"]}
    assert set(first) == FEEDS
    assert first["osv:npm"]["records"] == len(feeds.records)
    assert desk.ok("where", "CVE-2026-10001").out
    again = desk.ok("db", "update", "--format", "json").json["update"]
    assert {each["name"] for each in again if each["unchanged"]} == {"osv:npm"}
    feeds.publish({**feeds.records, 99: record(99, 5)})
    changed = {each["name"]: each for each in desk.ok("db", "update", "--format", "json").json["update"]}
    npm = changed["osv:npm"]
    assert (npm["records"], npm["unchanged"], npm["change"]["added"]) == (len(feeds.records), False, 1)
    assert f"osv:npm: unchanged, {len(feeds.records)} records" in desk.ok("db", "update").out


def test_a_feed_that_cannot_be_had_is_told_of(desk: Desk, feeds: Feeds, refreshing: None) -> None:
    desk.ok("db", "update")
    feeds.mode = "down"
    answer = desk.call("db", "update")
    assert answer.code == 1
    assert "503" in answer.refusal
    assert "epss" in answer.out
    feeds.mode = "ok"
    assert "osv:npm" in desk.ok("db", "update").out


def test_a_feed_that_was_kept_apart_is_told_of_with_what_applies_it(desk: Desk, feeds: Feeds, refreshing: None) -> None:
    desk.ok("db", "update")
    feeds.publish({number: each for number, each in feeds.records.items() if number % 2})
    answer = desk.call("db", "update")
    assert answer.code == 1
    assert "it was not applied" in answer.refusal
    assert "envscout db release osv:npm" in answer.refusal
    desk.ok("db", "release", "osv:npm")
    (npm,) = [each for each in desk.ok("db", "update", "--format", "json").json["update"] if each["name"] == "osv:npm"]
    assert (npm["records"], npm["error"]) == (len(feeds.records), "")


def test_nobody_waits_for_ever_for_a_server_that_refreshes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db_remote, "BEGINS", 0.2)
    answer = desk.call("db", "update")
    assert answer.code == 1
    assert "asked for no feed" in answer.refusal
    assert "a worker runs" in answer.refusal


def test_a_refresh_that_does_not_end_is_told_of(
    desk: Desk, feeds: Feeds, refreshing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds.mode = "hanging"
    monkeypatch.setattr(db_remote, "ENDS", 0.2)
    answer = desk.call("db", "update")
    feeds.stopped.set()
    assert answer.code == 1
    assert "still refreshes" in answer.refusal
