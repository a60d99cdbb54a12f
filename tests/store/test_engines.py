"""What must hold on both engines alike, and what is told where PostgreSQL cannot be used."""

import contextlib
import itertools
import re
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from envscout.errors import StoreBusy, StoreError
from envscout.model import Image, Inventory, Package
from envscout.store import Connection, Database, Place, feeds, images, sqlite
from envscout.store.known import Wanted, known
from envscout.store.postgresql import SCHEMA, spelt
from envscout.store.sql import queries
from tests.servers.postgresql import Server

MODULES = sorted(each.stem for each in Path(sqlite.__file__).parent.glob("*.sql"))

COLUMNS = {
    "sqlite": """
        SELECT t.name, c.name, c.type, c."notnull" OR c.pk > 0
          FROM sqlite_schema t CROSS JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'""",
    "postgresql": """
        SELECT table_name, column_name, data_type, is_nullable = 'NO' FROM information_schema.columns
         WHERE table_schema = current_schema()""",
}
UNIQUE = {
    "sqlite": """
        SELECT t.name, group_concat(c.name), l."unique" FROM sqlite_schema t CROSS JOIN pragma_index_list(t.name) l
         CROSS JOIN pragma_index_info(l.name) c WHERE t.type = 'table' GROUP BY t.name, l.name""",
    "postgresql": """
        SELECT x.indrelid::regclass::text, (SELECT string_agg(a.attname, ',' ORDER BY k.n)
                  FROM unnest(x.indkey) WITH ORDINALITY k (number, n)
                  JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number), x.indisunique
          FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
         WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())""",
}
TYPES = {
    "INTEGER": {"bigint", "boolean"},
    "TEXT": {"text"},
    "BLOB": {"bytea"},
    "REAL": {"double precision"},
}


@pytest.fixture
def both(tmp_path: Path, postgresql: Server) -> Iterator[dict[str, Connection]]:
    """Return a connection to an empty store of each engine."""
    with Database(tmp_path / "store.db") as ours, Database(postgresql.make()) as theirs:
        yield {"sqlite": ours.connection, "postgresql": theirs.connection}


def test_both_schemas_have_the_same_columns(both: dict[str, Connection]) -> None:
    ours, theirs = (
        {(row[0], row[1]): (row[2], bool(row[3])) for row in both[engine].execute(COLUMNS[engine])}
        for engine in COLUMNS
    )
    assert ours.keys() == theirs.keys()
    for column, (type_, is_needed) in ours.items():
        assert theirs[column][0] in TYPES[type_], column
        assert theirs[column][1] == is_needed, column


def test_both_schemas_have_the_same_indexes(both: dict[str, Connection]) -> None:
    ours, theirs = ({(row[0], row[1], bool(row[2])) for row in both[each].execute(UNIQUE[each])} for each in UNIQUE)
    # SQLite keeps such a key in the table itself.
    rowids = {key for key in theirs - ours if key[2] and "," not in key[1] and key[1].endswith("_id")}
    assert theirs - rowids - HASHED == ours - WHOLE


WHOLE = {
    ("set_component", "set_id,comp_id,locations", True),
    ("image_vex", "image_id,place,path,document_id,k_from", True),
}
HASHED = {("set_component", "set_id,comp_id", True), ("image_vex", "image_id,place,document_id,k_from", True)}
"""An index of PostgreSQL has no room for long texts, so that there such a column is in it by its digest."""


def test_each_migration_has_its_twin() -> None:
    assert [each.name for each in SCHEMA] == [each.name for each in sqlite.SCHEMA]


@pytest.mark.parametrize("module", MODULES)
def test_every_query_is_one_that_postgresql_can_plan(module: str, postgresql: Server) -> None:
    with Database(postgresql.make()) as database:
        connection = database.connection
        for name in ("ask", "ask_vulnerability", "hits_now"):
            connection.execute(queries("findings")[name])
        for script in ("want", "hit"):
            connection.execute(queries("summaries")[script])
        for statement in queries("advisories")["stage"].split(";"):
            connection.execute(statement)
        for statement in [
            *queries("standing")["room"].split(";"),
            *queries("standing")["room_to_keep"].split(";"),
            queries("standing")["keep_cve"],
        ]:
            connection.execute(statement)
        for name in ("number_staged", "new_ranges", "all_nameless"):
            connection.execute(queries("advisories")[name], {})
        for name, query in queries(module).items():
            if spelt(query).lstrip().split()[0] in {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}:
                try:
                    connection.execute(f"PREPARE planned AS {numbered(spelt(query))}")
                    connection.execute("DEALLOCATE planned")
                except psycopg.Error as error:
                    pytest.fail(f"{module}: {name}: {error}")


def numbered(text: str) -> str:
    """Return a query with the server's own placeholders."""
    numbers = itertools.count(1)
    named: defaultdict[str, int] = defaultdict(lambda: next(numbers))
    moments = re.sub(r"%\((at|forever)\)s", r"CAST(%(\1)s AS bigint)", text)
    return re.sub(r"%(?:s|\((\w+)\)s)", lambda it: f"${named[it[1]] if it[1] else next(numbers)}", moments)


def test_a_reader_sees_one_state(place: Callable[[str], Place]) -> None:
    with Database(place("store")) as reader, Database(place("store")) as writer:
        with reader.read() as connection:
            assert feeds.last_moment(connection) == 0
            with writer.write() as writing:
                feed = feeds.reserve(writing, "osv:x", "osv", "here")
                feeds.put_run(writing, feeds.Run(feed, 5, 5, 0, 0, 0, 0, 0))
            assert feeds.last_moment(connection) == 0
        with reader.read() as connection:
            assert feeds.last_moment(connection) == 5


def test_writers_take_turns_and_see_what_was_written_before(place: Callable[[str], Place]) -> None:
    def count(times: int) -> None:
        with Database(place("store")) as database:
            for _ in range(times):
                with database.write() as connection:
                    feed = feeds.reserve(connection, "osv:x", "osv", "here")
                    at = feeds.last_moment(connection) + 1
                    feeds.put_run(connection, feeds.Run(feed, at, at, 0, 0, 0, 0, 0))

    # Made first: what two processes do to an empty place is told of below.
    with Database(place("store")) as database:
        writers = [threading.Thread(target=count, args=(25,)) for _ in range(4)]
        for each in writers:
            each.start()
        for each in writers:
            each.join()
        with database.read() as connection:
            assert feeds.last_moment(connection) == 100


def test_several_may_make_the_same_store_at_once(place: Callable[[str], Place]) -> None:
    where, failures = place("store"), []

    def make() -> None:
        try:
            Database(where).close()
        except StoreError as error:
            failures.append(error)

    makers = [threading.Thread(target=make) for _ in range(6)]
    for each in makers:
        each.start()
    for each in makers:
        each.join()
    assert failures == []


def test_what_can_wait_does_not(place: Callable[[str], Place]) -> None:
    with Database(place("store")) as one, Database(place("store")) as other:
        with one.write(), other.write_at_once() as connection:
            assert connection is None
        with other.write_at_once() as connection:
            assert connection is not None


def test_a_busy_store_is_told_of(postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    place = postgresql.make()
    with Database(place) as one, Database(place) as other:
        other.connection.execute("SET lock_timeout = 50")
        with one.write(), pytest.raises(StoreBusy, match="writing"), other.write():
            pass
        with other.write() as connection:
            assert feeds.last_moment(connection) == 0


def test_nothing_of_a_transaction_is_kept_that_failed_within(place: Callable[[str], Place]) -> None:
    with Database(place("store")) as database:
        with pytest.raises(ZeroDivisionError):
            _fail(database)
        assert database.connection.execute("SELECT count(*) FROM feed").fetchone() == (0,)


def _fail(database: Database) -> None:
    with database.write() as connection:
        feeds.reserve(connection, "osv:x", "osv", "here")
        raise ZeroDivisionError


def test_a_failure_that_was_swallowed_is_not_taken_for_success(postgresql: Server) -> None:
    with Database(postgresql.make()) as database:
        with pytest.raises(StoreError, match="before its end"):
            _swallow(database)
        assert database.connection.execute("SELECT count(*) FROM feed").fetchone() == (0,)


def _swallow(database: Database) -> None:
    with database.write() as connection:
        feeds.reserve(connection, "osv:x", "osv", "here")
        with contextlib.suppress(psycopg.Error):
            connection.execute("SELECT 1 / 0")


def test_a_writer_that_is_killed_leaves_nothing_and_holds_nothing(place: Callable[[str], Place]) -> None:
    where = place("store")
    Database(where).close()
    argument = f"Path({str(where)!r})" if isinstance(where, Path) else repr(where)
    program = f"""if True:
        import os, signal
        from pathlib import Path
        from envscout.store import Database, feeds
        with Database({argument}) as database, database.alone("update"), database.write() as connection:
            feeds.reserve(connection, "osv:x", "osv", "here")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with Database(where) as database, database.alone("update"), database.write() as connection:
        assert connection.execute("SELECT count(*) FROM feed").fetchone() == (0,)


HOSTILE = ("a\0b", "'; DROP TABLE image; --", "%s %(x)s %", ":name ?", "\U0001f40d", "x" * 20_000)


def test_hostile_names_are_only_names(database: Database) -> None:
    packages = tuple(
        Package("pypi", "name", str(number), f"pkg:pypi/{number}", each, "1", locations=(each,) * 3)
        for number, each in enumerate(HOSTILE)
    )
    with database.write() as connection:
        images.put(connection, Image("sha256:1"), Inventory(packages), 1)
        stored = images.find(connection, "sha256:1")
        assert stored
        found = images.inventory_of(connection, stored).packages
    sources = {each.source_name.replace("\0", "\ufffd") for each in found}
    assert sources == {each.replace("\0", "\ufffd") for each in HOSTILE}


def test_names_are_offered_from_either(database: Database) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO vulnerability (id) VALUES ('CVE-2026-1'), ('CVE-2026-2'), ('GHSA-1')")
    assert known(database.place)("vulnerabilities", Wanted("CVE-")) == ["CVE-2026-1", "CVE-2026-2"]
    for query in ("environments", "organizations", "services", "references", "exceptions", "packages"):
        assert known(database.place)(query, Wanted("a")) == []


def test_no_server_no_names(tmp_path: Path) -> None:
    assert known(f"postgresql:///x?host={tmp_path}")("packages", Wanted("a")) == []


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot use the store postgresql://me:\\*\\*\\*@/x") as told:
        Database(f"postgresql://me:s3cret@/x?host={tmp_path}")
    assert "s3cret" not in str(told.value) + told.value.next_step


def test_a_wrong_password_is_told_of_and_not_shown(postgresql: Server) -> None:
    postgresql.ask("CREATE ROLE guest LOGIN PASSWORD 'right'")
    with pytest.raises(StoreError, match="password authentication failed") as told:
        Database(postgresql.place("postgres", "guest", "wr0ng"))
    assert "wr0ng" not in str(told.value) + told.value.next_step


@pytest.mark.parametrize(
    "place", ["postgresql://u:p/wd@h/db", "postgresql://u:pwd@h:port/db", "postgresql://u:%zz@h/x"]
)
def test_an_address_that_cannot_be_read(place: str) -> None:
    with pytest.raises(StoreError) as told:
        Database(place)
    assert not {"p/wd", "pwd", "%zz", "wd@"} & set(str(told.value).split())
    assert "pwd" not in str(told.value)


def test_a_newer_store_is_refused(postgresql: Server) -> None:
    place = postgresql.make()
    with Database(place) as database:
        database.connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
    with pytest.raises(StoreError, match="newer envscout"):
        Database(place)


def test_a_user_who_may_not_make_tables(postgresql: Server) -> None:
    place = postgresql.make()
    postgresql.ask("CREATE ROLE reader LOGIN PASSWORD 'right'")
    with pytest.raises(StoreError, match="permission denied"):
        Database(place.replace("postgres@", "reader:right@"))


def test_two_stores_in_one_database_do_not_wait_for_each_other(postgresql: Server) -> None:
    place = postgresql.make()
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA one")
        connection.execute("CREATE SCHEMA other")
    first, second = (f"{place}&options=-csearch_path%3D{each}" for each in ("one", "other"))
    with Database(first) as one, Database(second) as other, one.write(), other.write_at_once() as connection:
        assert connection is not None


def test_the_library_is_loaded_for_postgresql_alone(tmp_path: Path) -> None:
    program = f"""if True:
        import sys
        from pathlib import Path
        from envscout.store import Database
        Database(Path({str(tmp_path / "x.db")!r})).close()
        assert "psycopg" not in sys.modules
        sys.modules["psycopg"] = None
        from envscout.errors import UsageError
        try:
            Database("postgresql:///x")
        except UsageError as error:
            assert "envscout[postgresql]" in error.next_step
        else:
            raise AssertionError
    """
    subprocess.run([sys.executable, "-c", program], check=True)
