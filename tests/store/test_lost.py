"""A server that goes away and comes back: who holds a store open goes on, unless something would be lost by it."""

from collections.abc import Callable

import pytest

from envscout.errors import StoreLost
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
    postgresql.ask(f"ALTER DATABASE {name} SET statement_timeout = 1; ALTER DATABASE {name} SET search_path = public")
    with Database(place) as database, database.write() as connection:
        feeds.reserve(connection, "osv:\U0001f40d", "osv", "here")
        connection.execute("SELECT pg_sleep(0.05)")
        assert connection.execute("SELECT name FROM feed").fetchone() == ("osv:\U0001f40d",)
