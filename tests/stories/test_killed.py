"""Killed at any moment, and all at once: what was acknowledged is there, and nothing is half there."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb
from envscout.environments.fold import fold
from envscout.store import FOREVER, Connection, Database, Place, deployments, findings
from tests.stories.story import CRITICAL, HIGH, PROGRAM, Desk, advisory, at_hand, debian, feed, published, rootfs

KILLS = 50
PACKAGES = 800
RECORDS = 6000  # Enough for reading processes of their own.

State = dict[str, Any]


def before() -> list[dict[str, Any]]:
    return [advisory(f"CVE-2025-{n:05}", "Debian:sid", f"p{n % PACKAGES}", f"{n % 7}-1", HIGH) for n in range(RECORDS)]


def after() -> list[dict[str, Any]]:
    """Return the same feed later: a third changed, some gone, some new, some withdrawn."""
    records = before()[RECORDS // 8 :]
    for number, record in enumerate(records):
        if number % 3 == 0:
            record |= advisory(record["id"], "Debian:sid", f"p{number % PACKAGES}", f"{number % 9}-1", CRITICAL)
        if number % 50 == 1:
            record["withdrawn"] = "2026-02-01T00:00:00Z"
    fresh = [advisory(f"CVE-2026-{n:05}", "Debian:sid", f"p{n % PACKAGES}", f"{n % 5}-1") for n in range(200)]
    return [*records, *fresh]


@pytest.fixture(autouse=True)
def own_temporary_folder(desk: Desk, tmp_path: Path) -> None:
    """Keep what a killed process leaves behind away from the machine's own folder."""
    at_hand("who is killed is who writes it; tests/faults kills servers and workers")
    desk.env["TMPDIR"] = str(tmp_path)


@pytest.fixture(scope="module")
def fleet_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    packages = (Deb(f"lib{n}", f"{n % 6}-1", f"p{n}") for n in range(PACKAGES))
    return rootfs(tmp_path_factory.mktemp("root"), debian(*packages))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, fleet_root: Path) -> tuple[Path, Path, State, State, float]:
    """Return a store before an update, the feed of the update, both states, and how long the update takes."""
    base = tmp_path_factory.mktemp("killed")
    desk = Desk(base / "home")
    desk.ok("db", "update", "--from", published(base / "one", before()))
    desk.record("staging", f"fs://{fleet_root}", "--service", "app")
    kept = base / "old.db"
    shutil.copyfile(desk.store, kept)
    old = state(desk.store)
    # The same place both times: what is updated is one feed.
    shutil.copyfile(kept, desk.store)
    place = published(base / "one", after())
    started = time.monotonic()
    assert desk.spawn("db", "update", "--from", place).code == 0
    took = time.monotonic() - started
    new = state(desk.store)
    assert new != old
    return kept, place, old, new, took


def state(store: Place) -> State:
    """Return everything that an update changes, but for the moments, and check that it holds together."""
    with Database(store) as database:
        assert database.damage() == []
        with database.read() as connection:
            return _state(connection)


def _state(connection: Connection) -> State:
    ask = connection.execute
    kept = findings.kept(connection)
    assert kept == findings.match_all(connection)
    standing = "FROM vrange JOIN advisory USING (adv_id) JOIN name USING (name_id) WHERE k_to = ?"
    return {
        "records": sorted(ask("SELECT id, hash FROM advisory WHERE gone_at IS NULL").fetchall()),
        "ranges": sorted(ask(f"SELECT name, id, hi, lo {standing}", (FOREVER,)).fetchall()),
        "findings": len(kept),
        "runs": ask("SELECT records, added, changed, withdrawn FROM feed_run ORDER BY at").fetchall(),
        "vulnerabilities": sorted(
            ask("SELECT v.id FROM vulnerability v JOIN advisory_vulnerability USING (vuln_id)").fetchall()
        ),
        "events": ask("SELECT count(*) FROM event").fetchall(),
    }


def start(desk: Desk, *words: str | Path) -> subprocess.Popen[bytes]:
    """Start the program as the leader of a group of its own."""
    argv = [str(PROGRAM), *map(str, words)]
    return subprocess.Popen(argv, env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def alive(group: int) -> list[int]:
    """Return the processes of a group that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[2]) == group and words[0] != "Z":
            found.append(int(folder.name))
    return found


def until_gone(group: int) -> None:
    deadline = time.monotonic() + 20
    while alive(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = alive(group)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def test_an_update_killed_at_any_moment(
    story: tuple[Path, Path, State, State, float], desk: Desk, tmp_path: Path
) -> None:
    kept, place, old, new, took = story
    desk.home.mkdir()
    chance = random.Random(20261123)
    delays = [chance.uniform(0, 1.1 * took) for _ in range(KILLS)]
    met = {"old": 0, "new": 0}
    for delay in delays:
        for leftover in desk.home.glob("envscout.db*"):
            leftover.unlink()
        shutil.copyfile(kept, desk.store)
        process = start(desk, "db", "update", "--from", place)
        time.sleep(delay)
        process.kill()
        process.communicate()
        status = desk.ok("db", "status", "--format", "json").json["feeds"]
        found = state(desk.store)
        assert found in (old, new), delay
        assert status[0]["records"] == found["runs"][-1][0]
        met["old" if found == old else "new"] += 1
        if process.returncode == 0:
            assert found == new
    assert met["old"] > KILLS // 4
    assert desk.spawn("db", "update", "--from", place).code == 0
    assert {**state(desk.store), "runs": []} == {**new, "runs": []}


def test_what_helped_a_killed_update_ends_with_it(
    story: tuple[Path, Path, State, State, float], desk: Desk, tmp_path: Path
) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc here")
    place = published(tmp_path / "many", ({**each, "id": f"{each['id']}{n}"} for n in range(4) for each in before()))
    process = start(desk, "db", "update", "--from", place)
    deadline = time.monotonic() + 20
    while len(alive(process.pid)) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    until_gone(process.pid)


def test_an_update_interrupted_at_the_terminal(story: tuple[Path, Path, State, State, float], desk: Desk) -> None:
    kept, place, old, new, took = story
    desk.home.mkdir()
    for share in (0.3, 0.6, 0.9):
        shutil.copyfile(kept, desk.store)
        process = start(desk, "db", "update", "--from", place)
        time.sleep(share * took)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate()
        assert b"Traceback" not in err, err.decode()
        # Before Python has begun to listen, the signal itself ends the process.
        assert process.returncode in (0, 130, -signal.SIGINT), err.decode()
        found = state(desk.store)
        assert found == new if process.returncode == 0 else found in (old, new)
        until_gone(process.pid)


LOOP = """
import os, sys
from envscout.cli.entry import run
n = 0
while True:
    n += 1
    code = run(["environment", "staging", "fs://" + sys.argv[1 + n % 2], "--service", f"s{n % 3}", "--commit", str(n)])
    assert code == 0
    os.write(1, b"%d\\n" % n)
"""


def test_recordings_killed_at_any_moment(desk: Desk, tmp_path: Path) -> None:
    images = [rootfs(tmp_path / name, debian(Deb("bash", version))) for name, version in (("a", "1-1"), ("b", "2-1"))]
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", advisory("CVE-2026-1", "Debian:sid", "bash", "2-1")))
    chance = random.Random(1123)
    python = PROGRAM.parent / "python"
    desk.ok("environment", "staging", f"fs://{images[0]}", "--service", "first", "--commit", "0")
    total = 1
    for _ in range(KILLS):
        process = subprocess.Popen([python, "-c", LOOP, *images], env=desk.env, stdout=subprocess.PIPE)
        time.sleep(chance.uniform(0.3, 0.8))
        process.kill()
        out, _ = process.communicate()
        # A line is acknowledged when it is complete.
        told = [int(line) for line in out.splitlines(keepends=True) if line.strip().isdigit() and line.endswith(b"\n")]
        events = desk.ok("environment", "history", "staging", "--format", "json").json["events"]
        commits = [int(each["commit"]) for each in reversed(events)][total:]
        assert commits[: len(told)] == told
        assert len(commits) - len(told) <= 1
        total += len(commits)
        folded(desk.store)
    assert total > KILLS


def folded(store: Place) -> None:
    """Check that the stored intervals are the fold of the stored events."""
    with Database(store) as database, database.read() as connection:
        assert database.damage() == []
        events = reversed(deployments.events(connection, deployments.Scope(environment="staging")))
        expected = sorted((each.service, each.digest, each.since, each.until or FOREVER) for each in fold(events))
        stored = connection.execute(
            "SELECT s.name, i.digest, d.d_from, d.d_to FROM deployment d JOIN service s USING (service_id)"
            " JOIN image i USING (image_id) JOIN environment v USING (env_id) WHERE v.name = 'staging'"
        ).fetchall()
        assert sorted(stored) == expected
        assert findings.kept(connection) == findings.match_all(connection)


MANY = """
import sys
from envscout.cli.entry import run
for n in range(12):
    words = ["environment", "staging", "fs://" + sys.argv[1 + n % 2], "--service", sys.argv[3], "--commit", str(n)]
    assert run(words) == 0
"""


def test_recording_while_an_update_runs_loses_nothing(
    story: tuple[Path, Path, State, State, float], desk: Desk, tmp_path: Path
) -> None:
    kept, place, _, new, _ = story
    desk.home.mkdir()
    shutil.copyfile(kept, desk.store)
    versions = (("a", "1-1"), ("b", "2-1"))
    images = [rootfs(tmp_path / name, debian(Deb("lib1", version, "p1"))) for name, version in versions]
    python = PROGRAM.parent / "python"
    writers = [
        subprocess.Popen(
            [python, "-c", MANY, *images, f"w{n}"], env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for n in range(4)
    ]
    updates = [start(desk, "db", "update", "--from", place) for _ in range(2)]
    for process in (*writers, *updates):
        _, err = process.communicate()
        assert process.returncode == 0, err.decode()
        assert b"locked" not in err
    for n in range(4):
        events = desk.ok("environment", "history", "staging", f"w{n}", "--format", "json").json["events"]
        assert [int(each["commit"]) for each in reversed(events)] == list(range(12))
    folded(desk.store)
    found = state(desk.store)
    for part in ("records", "ranges", "vulnerabilities"):
        assert found[part] == new[part]


def test_many_may_be_the_first(desk: Desk, tmp_path: Path) -> None:
    image = rootfs(tmp_path / "root", debian(Deb("bash", "1-1")))
    processes = [start(desk, "environment", "staging", f"fs://{image}", "--service", f"s{n}") for n in range(6)]
    for process in processes:
        _, err = process.communicate()
        assert process.returncode == 0, err.decode()
    assert len(desk.ok("environment", "staging").lines) == 6
