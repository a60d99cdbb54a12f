"""PostgreSQL plans by how much there is of what: it learns that at once after much was brought, not a minute later."""

from pathlib import Path

from envscout.store import Connection, Database
from tests.servers.postgresql import Server
from tests.stories.story import HIGH, Desk, advisory, feed

KNOWN = "SELECT CAST(reltuples AS bigint) FROM pg_class WHERE oid = to_regclass(?)"


def known(connection: Connection, table: str) -> int:
    """Return how many rows the server believes a table to have; 0 or less where it does not know."""
    return int(connection.execute(KNOWN, (table,)).fetchone()[0])


def fill(database: Database, count: int) -> None:
    with database.write() as connection:
        (so_far,) = connection.execute("SELECT count(*) FROM name").fetchone()
        rows = [("npm", f"name-{number}", "npm") for number in range(so_far, so_far + count)]
        connection.executemany("INSERT INTO name (ecosystem, name, scheme) VALUES (?, ?, ?)", rows)


def test_what_grew_is_looked_at_and_the_rest_is_not(postgresql: Server) -> None:
    with Database(postgresql.make()) as database:
        fill(database, 3000)
        assert known(database.connection, "name") <= 0
        database.learn()
        assert known(database.connection, "name") == 3000
        assert known(database.connection, "vrange") <= 0
        fill(database, 10)
        database.learn()
        assert known(database.connection, "name") == 3000
        fill(database, 3000)
        database.learn()
        assert known(database.connection, "name") == 6010


def test_a_table_that_somebody_holds_is_left_out(postgresql: Server) -> None:
    place = postgresql.make()
    with Database(place) as database, Database(place) as other:
        fill(database, 3000)
        with other.write() as connection:
            connection.execute("LOCK TABLE name IN ACCESS EXCLUSIVE MODE")
            database.learn()


def test_the_server_knows_of_advisories_after_their_update(postgresql: Server, tmp_path: Path) -> None:
    place = postgresql.make()
    records = [advisory(f"CVE-2026-{n:04}", "Debian:sid", f"p{n}", "1-1", HIGH) for n in range(200)]
    desk = Desk(tmp_path / "home")
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", *records), ENVSCOUT_STORE=place)
    with Database(place) as database:
        assert known(database.connection, "vrange") == 200
        assert known(database.connection, "advisory") == 200
