"""A world for each test that breaks it: stopped, copied and started again from one that was filled before."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.faults.feeds import Feeds
from tests.faults.programs import Postgres, copied
from tests.faults.receiver import serving
from tests.faults.world import World, fill
from tests.servers.postgresql import initialise

Make = Callable[..., World]


@pytest.fixture
def chance() -> random.Random:
    """Return what every choice is drawn from. ENVSCOUT_FAULT_SEED repeats what a test did."""
    seed = int(os.environ.get("ENVSCOUT_FAULT_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"ENVSCOUT_FAULT_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(scope="session")
def patience() -> float:
    """Return for how many seconds a fault may go on; ENVSCOUT_FAULT_SECONDS says so."""
    return float(os.environ.get("ENVSCOUT_FAULT_SECONDS") or 3)


@pytest.fixture(scope="session")
def mirror() -> Iterator[Feeds]:
    """Return feeds that always have the same address, so that stores are filled from there once."""
    made = Feeds()
    with serving(made):
        yield made
        made.stopped.set()


@pytest.fixture
def feeds(mirror: Feeds) -> Iterator[Feeds]:
    """Return feeds that are well."""
    mirror.reset()
    yield mirror
    mirror.stopped.set()


@pytest.fixture(scope="session")
def seed(mirror: Feeds) -> Iterator[Path]:
    """Return the folder of a stopped database server that holds a filled store, and of a file with the same."""
    # The path of a socket is short.
    folder = Path(mkdtemp(prefix="envscout-fault-", dir="/tmp"))
    try:
        initialise(folder)
        postgres = Postgres(folder, folder / "log")
        postgres.start()
        postgres.await_ready()
        mirror.reset()
        for place in (postgres.server.make(), folder / "store.db"):
            world = World(folder, place, folder, random.Random(), mirror)
            fill(place)
            world.ok("db", "update")
        postgres.stop()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def make(
    seed: Path, feeds: Feeds, chance: random.Random, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    """Return a function that makes a world on PostgreSQL or, with `sqlite`, on a file."""
    # What is done here is done as the processes do it.
    monkeypatch.setenv("ENVSCOUT_ALLOW_PRIVATE_ADDRESSES", "127.0.0.1")
    monkeypatch.setenv("ENVSCOUT_HOME", str(tmp_path))
    with ExitStack() as stack:

        def made(engine: str = "postgresql", folder: Path | None = None) -> World:
            if folder is None:
                folder = Path(mkdtemp(prefix="envscout-fault-", dir="/tmp"))
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
            folder.chmod(0o755)
            if engine == "sqlite":
                shutil.copy(seed / "store.db", folder / "store.db")
                world = World(folder, folder / "store.db", tmp_path, chance, feeds)
            else:
                copied(seed, folder)
                postgres = Postgres(folder, tmp_path / "postgres.log")
                world = World(folder, postgres.server.place("store_0"), tmp_path, chance, feeds)
                world.postgres = postgres
                postgres.start()
                postgres.await_ready()
            stack.callback(world.end)
            return world

        yield made
