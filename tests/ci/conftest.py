"""What these tests share: a machine with a store that knows one hole, images with it and without, and GitHub."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.ci.github import GitHub, serving
from tests.ci.runner import Runner
from tests.stories.story import HOLE, OPENSSL_3_0_9, OPENSSL_3_0_11, Desk, debian, feed, layout

PULL_REQUEST = {"action": "opened", "number": 7, "pull_request": {"number": 7}}


class World(NamedTuple):
    """A home with a store, and two images of myorg/myapp: `old` runs in production, `new` in staging."""

    home: Path
    old: str
    new: str
    feed: Path


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    made = World(
        folder / "home",
        f"oci-dir://{layout(folder / 'old', debian(OPENSSL_3_0_9))}",
        f"oci-dir://{layout(folder / 'new', debian(OPENSSL_3_0_11))}",
        feed(folder / "feed", HOLE),
    )
    desk = Desk(made.home)
    desk.ok("db", "update", "--from", made.feed)
    words = ("--service", "myorg/myapp", "--org", "myorg")
    desk.ok("environment", "production", made.old, *words)
    desk.ok("environment", "staging", made.new, *words)
    return made


@pytest.fixture
def world(_world: World, tmp_path: Path) -> World:
    """Return the world with a store of one's own."""
    return _world._replace(home=Path(shutil.copytree(_world.home, tmp_path / "home")))


@pytest.fixture
def machine(world: World, tmp_path: Path) -> dict[str, str]:
    """Return the variables of a machine; nothing of the tester's own."""
    programs = tmp_path / "programs"
    programs.mkdir()
    program = programs / "envscout"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m envscout "$@"\n')
    program.chmod(0o755)
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(world.home),
        "DOCKER_CONFIG": str(world.home / "docker"),
        "ENVSCOUT_HOME": str(world.home),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "LANG": "C.UTF-8",
    }


@pytest.fixture
def github() -> Iterator[GitHub]:
    """Run the endpoints of GitHub."""
    with serving() as server:
        yield server


@pytest.fixture
def runner(machine: dict[str, str], github: GitHub, tmp_path: Path) -> Runner:
    """Return a runner that runs for a pull request."""
    return Runner(tmp_path / "runner", {**machine, **github.env()}, PULL_REQUEST)


@pytest.fixture
def pushed(machine: dict[str, str], github: GitHub, tmp_path: Path) -> Runner:
    """Return a runner that runs for a push."""
    return Runner(tmp_path / "pushed", {**machine, **github.env()}, {"ref": "refs/heads/main"})


@pytest.fixture
def python() -> dict[str, str]:
    """Return the inputs by which nothing is installed."""
    return {"python": sys.executable}
