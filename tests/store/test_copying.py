"""A store copied into another one: nothing is lost, whatever engine, and however often it is broken off."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscout.errors import StoreError
from envscout.model import Image, Inventory, Package
from envscout.store import Database, Place, catalog, feeds, images
from envscout.store.copying import copy
from tests.servers.postgresql import Server

TYPES = "SELECT c.name, c.type FROM pragma_table_info(?) c"


def quiet(*_: object) -> None:
    """Show nothing."""


@pytest.fixture(params=["to postgresql", "to sqlite", "to the same"])
def places(request: pytest.FixtureRequest, tmp_path: Path, postgresql: Server) -> tuple[Place, Place]:
    """Return where a copy comes from and goes to."""
    file, server = tmp_path / "store.db", postgresql.make()
    made: dict[str, tuple[Place, Place]] = {
        "to postgresql": (file, server),
        "to sqlite": (server, file),
        "to the same": (file, tmp_path / "two.db"),
    }
    return made[request.param]


Fill = Callable[..., None]


@pytest.fixture(scope="module")
def fill(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> Fill:
    """Return what puts rows into every table, whatever it is for: what refers to a number finds it."""
    with Database(tmp_path_factory.mktemp("types") / "store.db") as one, Database(postgresql.make()) as other:
        truths = {(table.name, each) for table in catalog.tables(other.connection) for each in table.truths}
        kinds = {
            (table.name, column): "TRUTH" if (table.name, column) in truths else kind
            for table in catalog.tables(one.connection)
            for column, kind in one.connection.execute(TYPES, (table.name,))
        }

    def filled(place: Place, times: int = 3) -> None:
        with Database(place) as database, database.unchecked(), database.write() as connection:
            tables = catalog.tables(connection)
            for table in reversed(tables):
                catalog.replace(connection, table, table.columns, ())
            for table in tables:
                wanted = [kinds[table.name, each] for each in table.columns]
                rows = [tuple(_value(kind, number) for kind in wanted) for number in range(1, times + 1)]
                catalog.replace(connection, table, table.columns, rows)

    return filled


def _value(kind: str, number: int) -> Any:
    return {
        "INTEGER": number,
        "TRUTH": number % 2,
        "REAL": number / 7,
        "TEXT": f"{number}\U0001f40d\t\n\\N'\"",
        "BLOB": bytes([0, 255]) + str(number).encode(),
    }[kind]


def content(place: Place) -> dict[str, list[Any]]:
    with Database(place) as database, database.read() as connection:
        return {
            each.name: sorted(map(tuple, catalog.rows(connection, each, sorted(each.columns))), key=repr)
            for each in catalog.tables(connection)
        }


def run(source: Place, target: Place) -> Any:
    with Database(source) as one, Database(target, half=True) as other:
        return copy(one, other, quiet)


def test_every_table_arrives(places: tuple[Place, Place], fill: Fill) -> None:
    source, target = places
    fill(source)
    done = run(source, target)
    found = content(target)
    assert found == content(source)
    assert all(found[name] for name in found)
    assert (done.rows, done.resumed, done.anew) == (sum(map(len, found.values())), 0, False)


def test_numbers_are_given_on_from_where_they_were(places: tuple[Place, Place]) -> None:
    source, target = places
    with Database(source) as database, database.write() as connection:
        for number in range(5):
            last, _ = images.put(connection, Image(f"sha256:{number}"), Inventory(), 1)
        connection.execute("DELETE FROM image WHERE image_id = ?", (last,))
    run(source, target)
    with Database(target) as database, database.write() as connection:
        assert images.put(connection, Image("sha256:new"), Inventory(), 1)[0] == last + 1
        feeds.reserve(connection, "osv:x", "osv", "here")


def test_a_store_with_something_in_it_is_left_alone(places: tuple[Place, Place]) -> None:
    source, target = places
    for each in places:
        with Database(each) as database, database.write() as connection:
            feeds.reserve(connection, f"osv:{each}"[:20], "osv", "here")
    before = content(target)
    with pytest.raises(StoreError, match="not empty"):
        run(source, target)
    assert content(target) == before


def _stop_after(tables: int) -> Callable[[str, int, int], None]:
    def progress(_: str, done: int, total: int) -> None:
        if done == tables:
            raise KeyboardInterrupt

    return progress


def _broken_off(source: Place, target: Place, tables: int) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        Database(source) as one,
        Database(target, half=True) as other,
    ):
        copy(one, other, _stop_after(tables))


def test_a_copy_goes_on_and_nobody_opens_half_of_one(places: tuple[Place, Place], fill: Fill) -> None:
    source, target = places
    fill(source)
    _broken_off(source, target, 7)
    with pytest.raises(StoreError, match="half copied"):
        Database(target)
    _broken_off(source, target, 12)
    assert run(source, target).resumed == 12
    assert content(target) == content(source)


def test_a_source_that_changed_is_copied_anew(places: tuple[Place, Place], fill: Fill) -> None:
    source, target = places
    fill(source)
    _broken_off(source, target, 9)
    fill(source, 4)
    done = run(source, target)
    assert (done.resumed, done.anew) == (0, True)
    assert content(target) == content(source)


def test_half_of_another_copy_is_left_alone(places: tuple[Place, Place], fill: Fill, tmp_path: Path) -> None:
    source, target = places
    fill(source)
    _broken_off(source, target, 5)
    other = tmp_path / "other.db"
    fill(other)
    with pytest.raises(StoreError, match="half-done copy of"):
        run(other, target)
    run(source, target)


def test_what_postgresql_has_no_room_for_is_told_alike(tmp_path: Path, postgresql: Server) -> None:
    package = Package("pypi", "a", "1", "pkg:pypi/a@1", "a\0b", "1")
    with Database(tmp_path / "store.db") as database, database.write() as connection:
        images.put(connection, Image("sha256:1"), Inventory((package,)), 1)
    target = postgresql.make()
    run(tmp_path / "store.db", target)
    with Database(target) as database:
        assert database.connection.execute("SELECT source_name FROM component").fetchone() == ("a\ufffdb",)


PROGRAM = """
import sys
from pathlib import Path
from envscout.store import Database
from envscout.store.copying import copy
source, target = (each if "://" in each else Path(each) for each in sys.argv[1:])
with Database(source) as one, Database(target, half=True) as other:
    print("begun", flush=True)
    copy(one, other, lambda *_: None)
"""


def test_a_copy_killed_at_random_moments_is_whole_in_the_end(places: tuple[Place, Place], fill: Fill) -> None:
    source, target = places
    fill(source, 500)
    chance, kills = random.Random(20261127), 0
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(source), str(target)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, said.decode()
        kills += 1
    if process.returncode:
        run(source, target)
    assert kills > 1
    assert content(target) == content(source)
