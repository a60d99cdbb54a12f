"""A disk that is full for a while, under the database or under a file."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.faults.clock import HOUR, Clock
from tests.faults.conftest import Make
from tests.faults.invariants import check
from tests.faults.world import World
from tests.servers.program import unavailable

MEBIBYTES = 256


@pytest.fixture
def disk() -> Iterator[Path]:
    """Return the folder of a small disk."""
    folder = Path(mkdtemp(prefix="envscout-disk-", dir="/tmp"))
    try:
        argv = ["mount", "-t", "tmpfs", "-o", f"size={MEBIBYTES}m", "tmpfs", str(folder)]
        if subprocess.run(argv, capture_output=True, check=False).returncode:
            unavailable("a small disk cannot be mounted here")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    finally:
        folder.rmdir()


def fill_up(disk: Path) -> Path:
    """Fill a disk to its last byte with one file; return it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass
    return ballast


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_a_disk_is_full_for_a_while(make: Make, disk: Path, patience: float, engine: str) -> None:
    world = make(engine, disk)
    clock = Clock(world)
    world.listen()
    world.start(apis=1, workers=1, more=clock.env)
    with world.load() as load:
        load.await_count(10)
        ballast = fill_up(disk)
        # What was sent and could not be noted comes again.
        world.uncertain += 5
        world.until(lambda: bool(load.log.failures), "the disk is full and nobody says so")
        time.sleep(patience / 2)
        answered = load.log.answered
        if engine == "sqlite":
            # What only reads goes on.
            world.until(lambda: load.log.answered > answered, "nothing is answered while the disk is full")
        ballast.unlink()
        _revived(world)
        load.await_count(10)
    clock.move(HOUR)
    world.settle()
    check(world)


def _revived(world: World) -> None:
    """Start the database again where it gave up, as a service manager does."""
    if world.postgres is not None and not world.postgres.is_ready():
        time.sleep(1)
        if not world.postgres.is_ready():
            world.postgres.kill()
            world.postgres.start()
            world.postgres.await_ready()


def test_ballast_leaves_no_room(disk: Path) -> None:
    ballast = fill_up(disk)
    assert os.statvfs(disk).f_bavail == 0
    ballast.unlink()
