"""Fixtures that every folder of tests may use."""

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    """Return a function from a name to the place of a store, on each of the engines; nothing is in it at first."""
    if request.param == "sqlite":
        yield lambda name: tmp_path / f"{name}.db"
        return
    server: Server = request.getfixturevalue("postgresql")
    made: dict[str, str] = {}
    yield lambda name: made.get(name) or made.setdefault(name, server.store())
    for each in made.values():
        server.drop(each)


Filled = Callable[[str, Callable[[Place], Any]], tuple[Place, Any]]


@pytest.fixture(scope="session")
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Return a function from an engine and what fills a store to a copy of that store, and what the filling returned.

    It is filled once. Nobody may have it open when it is copied.
    """

    @functools.cache
    def once(engine: str, fill: Callable[[Place], Any]) -> tuple[Place, Any]:
        if engine == "sqlite":
            place: Place = tmp_path_factory.mktemp("filled") / "envscout.db"
        else:
            place = request.getfixturevalue("postgresql").make()
        return place, fill(place)

    def copied(engine: str, fill: Callable[[Place], Any]) -> tuple[Place, Any]:
        place, result = once(engine, fill)
        if isinstance(place, Path):
            return Path(shutil.copy(place, tmp_path_factory.mktemp("copy"))), result
        return request.getfixturevalue("postgresql").copy(place), result

    return copied


@pytest.fixture
def database(place: Callable[[str], Place]) -> Iterator[Database]:
    """Return an empty store, on each of the engines."""
    with Database(place("store")) as opened:
        yield opened
