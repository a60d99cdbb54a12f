"""The pool of a server: bounded, and whole again by itself after the store's server went away."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from envscout.errors import NotFound, StoreBusy, StoreError, StoreLost
from envscout.server import stores
from envscout.server.stores import Stores
from envscout.store import Database, Place, feeds
from tests.servers.postgresql import FAST, Server, command, initialise
from tests.servers.program import running
from tests.store.test_lost import end


def asked(database: Database) -> int:
    with database.read() as connection:
        return feeds.last_moment(connection)


def test_a_store_is_lent_again_whatever_was_answered(place: Callable[[str], Place]) -> None:
    pool = Stores(place("store"))
    with pool.open("shop") as first:
        assert first.connection.tenant == "shop"
    with pytest.raises(NotFound), pool.open():
        raise NotFound("nothing", "here")
    with pool.open() as second:
        assert second is first
        assert second.connection.tenant == ""
    pool.close()


def test_a_store_left_in_a_transaction_is_not_lent_again(place: Callable[[str], Place]) -> None:
    pool = Stores(place("store"))
    with pool.open() as first:
        first.connection.execute("BEGIN")
    with pool.open() as second:
        assert second is not first
    pool.close()


def test_any_number_of_threads_share_few_connections(place: Callable[[str], Place]) -> None:
    pool, met, failures = Stores(place("store"), 3), set(), []

    def ask() -> None:
        try:
            for _ in range(20):
                with pool.open() as database:
                    met.add(id(database))
                    asked(database)
                    with database.write() as connection:
                        feeds.reserve(connection, "osv:x", "osv", "here")
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert len(pool._idle) <= 3
    pool.close()


def test_too_much_at_once_is_told_of(place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "PATIENCE", 0.01)
    pool = Stores(place("store"), 1)
    with pool.open(), pytest.raises(StoreBusy, match="too much"), pool.open():
        pass
    assert pool.ask(asked) == 0
    pool.close()


def test_what_is_lent_at_the_end_is_closed_when_it_comes_back(place: Callable[[str], Place]) -> None:
    pool = Stores(place("store"))
    with pool.open() as database:
        pool.close()
        assert asked(database) == 0
    assert not pool._idle


def test_a_question_is_asked_again_where_the_connection_broke(postgresql: Server) -> None:
    place, times = postgresql.make(), []

    def question(database: Database) -> int:
        times.append(1)
        with database.read() as connection:
            if len(times) == 1:
                end(postgresql, place)
            return feeds.last_moment(connection)

    pool = Stores(place)
    assert pool.ask(question) == 0
    assert len(times) == 2
    pool.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    # The path of a socket is short, and pytest's folders belong to whoever runs the tests.
    made = Path(mkdtemp(prefix="envscout-pg-", dir="/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_a_server_that_is_started_again_needs_no_other_process(folder: Path, tmp_path: Path) -> None:
    initialise(folder)
    server, argv = Server(folder), command(folder, FAST)
    with running(argv, tmp_path / "log", server.is_ready):
        pool = Stores(server.make())
        idle = [pool.open() for _ in range(4)]
        for each in idle:
            each.__enter__()
        for each in idle:
            each.__exit__(None, None, None)
        assert pool.ask(asked) == 0
    with pytest.raises(StoreLost):
        pool.ask(asked)
    with running(argv, tmp_path / "log", server.is_ready):
        assert pool.ask(asked) == 0
        with pool.open() as database, database.write() as connection:
            feeds.reserve(connection, "osv:x", "osv", "here")
        assert pool.ask(asked) == 0
        pool.close()


def test_a_newer_schema_is_noticed(place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Stores(place("store"))
    assert pool.ask(asked) == 0
    with Database(place("store")) as database, database.write():
        database._engine.set_version(database.connection, 999)
    monkeypatch.setattr(stores, "AGE", 0.0)
    with pytest.raises(StoreError, match="newer envscout"):
        pool.ask(asked)
    pool.close()
