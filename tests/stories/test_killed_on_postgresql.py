"""The same on PostgreSQL: a command killed at any moment, and its server, which keeps what it says it has written."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import pytest

from envscout.demo.databases import Deb
from envscout.store import Database
from tests.faults.programs import Postgres
from tests.servers.postgresql import initialise
from tests.stories.story import PROGRAM, Desk, advisory, debian, feed, published, rootfs
from tests.stories.test_killed import LOOP, PACKAGES, State, after, before, folded, start, state

KILLS = 5

Break = Callable[[subprocess.Popen[bytes]], None]


class Story(NamedTuple):
    """A store before an update, where the feed of the update is, both states, and how long the update takes."""

    kept: str
    place: Path
    old: State
    new: State
    took: float


@pytest.fixture(scope="module", autouse=True)
def postgres() -> Iterator[Postgres]:
    """Run a server that does not lie about the disk; every desk of this file has its store there."""
    folder = Path(mkdtemp(prefix="envscout-kill-", dir="/tmp"))  # The path of a socket is short.
    before = Desk.server, Desk.remote
    try:
        initialise(folder)
        made = Postgres(folder, folder / "log")
        made.start()
        made.await_ready()
        Desk.server, Desk.remote = made.server, None
        yield made
        made.stop()
    finally:
        Desk.server, Desk.remote = before
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_temporary_folder(desk: Desk, tmp_path: Path) -> None:
    """Keep what a killed process leaves behind away from the machine's own folder."""
    desk.env["TMPDIR"] = str(tmp_path)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Story:
    base = tmp_path_factory.mktemp("killed")
    packages = (Deb(f"lib{n}", f"{n % 6}-1", f"p{n}") for n in range(PACKAGES))
    desk = Desk(base / "home")
    desk.ok("db", "update", "--from", published(base / "one", before()))
    desk.record("staging", f"fs://{rootfs(base / 'root', debian(*packages))}", "--service", "app")
    kept = str(desk.place)
    old = state(kept)
    desk.env["ENVSCOUT_STORE"] = postgres.server.copy(kept)
    place = published(base / "one", after())
    started = time.monotonic()
    assert desk.spawn("db", "update", "--from", place).code == 0
    took = time.monotonic() - started
    new = state(desk.place)
    assert new != old
    return Story(kept, place, old, new, took)


@pytest.fixture(params=["the command", "the server"])
def broken(request: pytest.FixtureRequest, postgres: Postgres) -> Break:
    """Return what breaks a command that runs; afterwards both have ended, and the server is there again."""

    def of_command(process: subprocess.Popen[bytes]) -> None:
        # With all that it has begun: a child whose parent is gone before it knows its work complains of Python's own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def of_server(process: subprocess.Popen[bytes]) -> None:
        postgres.kill()
        process.wait(120)
        postgres.start()
        postgres.await_ready()

    return of_command if request.param == "the command" else of_server


def test_an_update_broken_off_at_any_moment(story: Story, desk: Desk, postgres: Postgres, broken: Break) -> None:
    chance = random.Random(20261127)
    met = {"old": 0, "new": 0}
    for _ in range(KILLS):
        desk.env["ENVSCOUT_STORE"] = postgres.server.copy(story.kept)
        # What is copied here is written twice, and would be again.
        postgres.server.ask("CHECKPOINT")
        process = start(desk, "db", "update", "--from", story.place)
        time.sleep(chance.uniform(0, 1.1 * story.took))
        broken(process)
        _, said = process.communicate()
        assert b"Traceback" not in said, said.decode()
        found = state(desk.place)
        assert found in (story.old, story.new)
        met["old" if found == story.old else "new"] += 1
        if process.returncode == 0:
            assert found == story.new
        # Whatever was broken off holds nothing up.
        with Database(desk.place) as database, database.alone("update"), database.write():
            pass
        postgres.server.drop(str(desk.place))
    assert met["old"]


def test_recordings_broken_off_at_any_moment(desk: Desk, tmp_path: Path, broken: Break) -> None:
    images = [rootfs(tmp_path / name, debian(Deb("bash", version))) for name, version in (("a", "1-1"), ("b", "2-1"))]
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", advisory("CVE-2026-1", "Debian:sid", "bash", "2-1")))
    desk.ok("environment", "staging", f"fs://{images[0]}", "--service", "first", "--commit", "0")
    chance, total = random.Random(1127), 1
    for _ in range(KILLS):
        process = subprocess.Popen(
            [PROGRAM.parent / "python", "-c", LOOP, *images],
            env=desk.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        assert process.stdout
        out = process.stdout.readline()
        time.sleep(chance.uniform(0, 0.7))
        broken(process)
        out += process.communicate()[0]
        # A line is acknowledged when it is complete.
        told = [int(line) for line in out.splitlines(keepends=True) if line.strip().isdigit() and line.endswith(b"\n")]
        events = desk.ok("environment", "history", "staging", "--format", "json").json["events"]
        commits = [int(each["commit"]) for each in reversed(events)][total:]
        assert commits[: len(told)] == told
        assert len(commits) - len(told) <= 1
        total += len(commits)
        folded(desk.place)
    assert total > KILLS
