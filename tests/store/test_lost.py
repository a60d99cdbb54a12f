"""A server that goes away and comes back: who holds a store open goes on, unless something would be lost by it."""

import contextlib
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from envscout.errors import StoreBusy, StoreLost
from envscout.store import Database, Place, feeds
from tests.servers.postgresql import Server


def end(server: Server, place: str) -> None:
    """End every connection to a database, as a restart does."""
    name = place.rpartition("?")[0].rpartition("/")[2]
    server.ask(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")


def test_what_has_not_begun_begins_again(postgresql: Server) -> None:
    place = postgresql.make()
    with Database(place, "shop") as database:
        end(postgresql, place)
        assert not database.is_usable
        with database.read() as connection:
            assert feeds.last_moment(connection) == 0
            assert connection.tenant == "shop"
        end(postgresql, place)
        with database.write() as connection:
            feeds.reserve(connection, "osv:x", "osv", "here")
        end(postgresql, place)
        with database.write_at_once() as written:
            assert written is not None
            assert written.execute("SELECT count(*) FROM feed").fetchone() == (1,)
        assert database.is_usable


def test_what_has_begun_is_told_of_and_not_kept(postgresql: Server) -> None:
    place = postgresql.make()
    with Database(place) as database:
        with pytest.raises(StoreLost):
            _ended_within(database, lambda: end(postgresql, place))
        with database.read() as connection:
            assert connection.execute("SELECT count(*) FROM feed").fetchone() == (0,)


def _ended_within(database: Database, end: Callable[[], None]) -> None:
    with database.write() as connection:
        feeds.reserve(connection, "osv:x", "osv", "here")
        end()
        feeds.last_moment(connection)


def _ended_alone(database: Database, end: Callable[[], None]) -> None:
    with database.alone("update"):
        end()
        with database.write():
            pass


def test_whoever_is_alone_does_not_go_on_without_the_lock(postgresql: Server) -> None:
    place = postgresql.make()
    with Database(place) as database:
        with pytest.raises(StoreLost):
            _ended_alone(database, lambda: end(postgresql, place))
        with database.alone("update"), database.write():
            pass


def test_a_store_is_usable_between_transactions_alone(place: Callable[[str], Place]) -> None:
    with Database(place("store")) as database:
        assert database.is_usable
        with database.read():
            assert not database.is_usable
        assert database.is_usable


def test_whatever_the_role_and_the_environment_say(postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    place = postgresql.make()
    name = place.rpartition("?")[0].rpartition("/")[2]
    postgresql.ask(
        f"ALTER DATABASE {name} SET statement_timeout = 1", f"ALTER DATABASE {name} SET search_path = public"
    )
    with Database(place) as database, database.write() as connection:
        feeds.reserve(connection, "osv:\U0001f40d", "osv", "here")
        connection.execute("SELECT pg_sleep(0.05)")
        assert connection.execute("SELECT name FROM feed").fetchone() == ("osv:\U0001f40d",)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Have more files open than `select` has room for, as a server with many clients does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("few files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    with contextlib.ExitStack() as stack:
        for _ in range(1100):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_process_with_many_files_open_sees_that_a_server_went_away(postgresql: Server, many_files: None) -> None:
    place = postgresql.make()
    with Database(place) as database:
        assert database.is_usable
        end(postgresql, place)
        assert not database.is_usable
        with database.read() as connection:
            assert feeds.last_moment(connection) == 0


def test_whoever_is_silent_for_too_long_is_told_that_nothing_is_kept(postgresql: Server) -> None:
    with Database(postgresql.make()) as database:
        database.connection.execute("SET idle_in_transaction_session_timeout = 50")
        with pytest.raises(StoreLost):
            _ended_within(database, lambda: time.sleep(0.5))
        with database.write() as connection:
            assert connection.execute("SELECT count(*) FROM feed").fetchone() == (0,)


WAIT = "SELECT pg_advisory_xact_lock(7, 7)"


def _crossed(database: Database, other: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Hold the lock for writing, and want what is held by somebody who wants that lock."""
    with database.write() as connection:
        feeds.reserve(connection, "osv:x", "osv", "here")
        waiting = threading.Thread(target=_want, args=(other, database))
        waiting.start()
        try:
            time.sleep(0.2)
            connection.execute(WAIT)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            waiting.join()


def _want(other: "psycopg.Connection[tuple[object, ...]]", database: Database) -> None:
    database._engine.begin_write(_Of(other))


class _Of:
    """A connection as an engine takes it."""

    def __init__(self, driver: "psycopg.Connection[tuple[object, ...]]") -> None:
        self.driver = driver


def test_two_who_wait_for_each_other_are_parted_and_one_tries_again(postgresql: Server) -> None:
    place = postgresql.make()
    with Database(place) as database, psycopg.connect(place, autocommit=True) as other:
        other.execute("SET deadlock_timeout = '1h'")
        other.execute("SELECT pg_advisory_lock(7, 7)")
        with pytest.raises(StoreBusy, match="undid"):
            _crossed(database, other)
        other.execute("COMMIT")
        with database.write() as connection:
            assert connection.execute("SELECT count(*) FROM feed").fetchone() == (0,)
