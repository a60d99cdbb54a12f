"""Fixtures that every folder of tests may use."""

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envscout.store import Database, Place
from tests.servers.engine import docker_engine
from tests.servers.many import many
from tests.servers.postgresql import Server, postgresql
from tests.servers.registry import registry, registry_basic, registry_token
from tests.servers.workers import workers

__all__ = ["data", "docker_engine", "many", "postgresql", "registry", "registry_basic", "registry_token", "workers"]


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real advisories, root filesystems and SBOMs, or skip."""
    folder = os.environ.get("ENVSCOUT_TEST_DATA", "")
    if not folder:
        pytest.skip("ENVSCOUT_TEST_DATA names no folder with real test data")
    return Path(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Place]:
    """Return a function from a name to the place of a store, on each of the engines; nothing is there at first."""
    if request.param == "sqlite":
        return lambda name: tmp_path / f"{name}.db"
    server: Server = request.getfixturevalue("postgresql")
    return functools.cache(lambda _name: server.make())


@pytest.fixture
def database(place: Callable[[str], Place]) -> Iterator[Database]:
    """Return an empty store, on each of the engines."""
    with Database(place("store")) as opened:
        yield opened
