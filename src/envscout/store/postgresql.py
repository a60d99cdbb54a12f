"""The team's engine: a PostgreSQL database that many machines share. Loads psycopg; nothing imports it for SQLite.

The queries are written in SQLite's spelling. `_SPELLING` is all that tells the two apart wherever a query has no second
text; see docs/adr/0015.
"""

import contextlib
import functools
import re
import select
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from envscout.config import without_password
from envscout.errors import StoreBusy, StoreError, StoreLost, UsageError
from envscout.store.sql import HERE, Cursor, Values

try:
    import psycopg
    from psycopg.pq import TransactionStatus
    from psycopg.types.string import StrDumper
except ImportError as error:
    raise UsageError(
        f"a store on PostgreSQL needs a library that is not here: {error}",
        "pip install 'envscout[postgresql]', or point ENVSCOUT_STORE to a file",
    ) from error

BUSY_SECONDS = 60
CONNECT_SECONDS = 10
STOPPED_SECONDS = 600
OLDEST = 13
SCHEMA = tuple(sorted(HERE.glob("migrations/postgresql/*.sql")))
BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ"

_SPELLING = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"--[^\n]*", ""),
        (r"%", "%%"),
        (r"\bjson_each\((:\w+)\) (\w+)", r"jsonb_array_elements(CAST(\1 AS jsonb)) WITH ORDINALITY \2 (value, key)"),
        (r"\bjson_extract\((\w+)\.value, '\$\.(\w+)'\)", r"(\1.value ->> '\2')"),
        (r"\bjson_extract\((\w+)\.document, '\$\.(\w+)'\)", r"(CAST(\1.document AS json) ->> '\2')"),
        (r"(?<![:\w]):([a-z_]+)", r"%(\1)s"),
        (r"\?", "%s"),
        (r"x'([0-9a-f]*)'", r"'\\x\1'::bytea"),
        (r"\+(?=[a-z])", ""),
        (r" INDEXED BY \w+", ""),
        (r" WITHOUT ROWID", ""),
        (r"\binstr\(", "strpos("),
        (r"\bINDEX temp\.", "INDEX "),
        (r"\btemp\.", "pg_temp."),
        (r"\bINTEGER PRIMARY KEY\b", "BIGINT PRIMARY KEY"),
        (r"\bAS BLOB\)", "AS BYTEA)"),
        (r"(?<!AS )\bTEXT\b", 'TEXT COLLATE "C"'),
    )
)
_BULK = re.compile(r"\s*INSERT INTO (\w+)( \([\w, ]+\))?\s+VALUES \(\?(?:, \?)*\)\s*")


@functools.cache
def spelt(sql: str) -> str:
    """Return a query as PostgreSQL takes it."""
    text: str = getattr(sql, "postgresql", "") or sql
    for pattern, replacement in _SPELLING:
        text = pattern.sub(replacement, text)
    return text


class _Text(StrDumper):
    """Text as a parameter. PostgreSQL has no room for the character zero, which no name or path can mean."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


class Translating:
    """A connection that takes queries in SQLite's spelling."""

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        self.driver = driver
        self.tenant = ""

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open, failed or not."""
        return self.driver.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self.driver.close()

    def execute(self, sql: str, parameters: Values = (), /) -> Cursor:
        """Run one query."""
        return self.driver.execute(spelt(sql), parameters)

    def executemany(self, sql: str, parameters: Iterable[Values], /) -> Cursor:
        """Run one query once for each of the parameters; what only inserts is copied in bulk."""
        cursor = self.driver.cursor()
        bulk = _BULK.fullmatch(sql)
        if bulk is None:
            cursor.executemany(spelt(sql), parameters)
            return cursor
        with cursor.copy(f"COPY {bulk[1]}{bulk[2] or ''} FROM STDIN") as copy:
            for row in parameters:
                copy.write_row(row)  # type: ignore[arg-type]  # a query with question marks is given sequences
        # What was asked for is mostly one row; of a table that nobody looked at, the server expects two thousand.
        if not bulk[2]:
            self.driver.execute(f"ANALYZE {bulk[1]}")
        return cursor

    def streamed(self, sql: str, size: int) -> Iterator[Any]:
        """Yield the rows of a query, a batch at a time: all of them may be more than there is memory for."""
        with self.driver.cursor("streamed") as cursor:
            cursor.itersize = size
            cursor.execute(sql)
            yield from cursor

    def loaded(self, copy: str, rows: Iterable[Any]) -> None:
        """Send rows to a COPY."""
        with self.driver.cursor().copy(copy) as sink:
            for row in rows:
                sink.write_row(row)


_SESSION = "; ".join(
    f"SET {name} = {value}"
    for name, value in {
        "lock_timeout": BUSY_SECONDS * 1000,
        # What a role is bounded to elsewhere would break off an update.
        "statement_timeout": 0,
        # Whoever holds the write lock and is stopped, or whose machine is gone, does not hold it for hours.
        "idle_in_transaction_session_timeout": STOPPED_SECONDS * 1000,
        "tcp_keepalives_idle": 30,
        "tcp_keepalives_interval": 10,
        "tcp_keepalives_count": 3,
        "client_min_messages": "warning",
        "synchronous_commit": "on",
        "bytea_output": "hex",
        "standard_conforming_strings": "on",
        "jit": "off",
        # Tables are named in a good order, for the other engine; to try all others takes longer than most answers.
        "join_collapse_limit": 4,
    }.items()
)
_KEPT_ALIVE: dict[str, Any] = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


def connect(place: str, seconds: int = CONNECT_SECONDS) -> Translating:
    """Open the database. seconds: to wait for an answer of the server."""
    try:
        driver = psycopg.connect(
            place,
            autocommit=True,
            connect_timeout=seconds,
            client_encoding="UTF8",
            fallback_application_name="envscout",
            **_KEPT_ALIVE,
        )
    except psycopg.ProgrammingError:
        # The driver's words quote the address, and with it the password.
        raise StoreError(
            "the address of the store cannot be read",
            "write postgresql://USER@HOST/DATABASE, special characters of a password as %XX; or say it by PGPASSWORD",
        ) from None
    driver.adapters.register_dumper(str, _Text)
    try:
        driver.execute(_SESSION)
    except BaseException:
        driver.close()
        raise
    return Translating(driver)


def close(connection: Translating) -> None:
    """Close the connection; safe to call twice."""
    connection.close()


def is_lost(connection: Translating) -> bool:
    """Tell whether the server went away, as far as that is known without asking it."""
    driver = connection.driver
    if driver.closed:
        return True
    # Of a connection that does nothing, little can be read but its end, after the reason for it. A process with many
    # clients has more files open than `select` has room for.
    readable = select.poll()
    try:
        readable.register(driver.fileno(), select.POLLIN)
        while readable.poll(0):
            driver.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return bool(driver.closed)


def called(place: str) -> str:
    """Return what the place is called in messages."""
    return without_password(place)


_LEARN = """
DO $$ DECLARE name regclass; BEGIN
    FOR name IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = current_schema() AND c.relkind = 'r'
                   AND pg_relation_size(c.oid) > 1.2 * c.relpages * current_setting('block_size')::int
    LOOP EXECUTE format('ANALYZE (SKIP_LOCKED) %s', name); END LOOP;
END $$"""


def learn(connection: Translating) -> None:
    """Have the server learn how much there is of what in tables that grew by a fifth since it last looked.

    It does so by itself, but a minute later, and until then what takes milliseconds may take seconds. Where somebody
    holds a table for longer than a second, that is left to it.
    """
    connection.driver.execute("SET lock_timeout = 1000")
    try:
        with contextlib.suppress(psycopg.errors.LockNotAvailable):
            connection.driver.execute(_LEARN)
    finally:
        with contextlib.suppress(psycopg.OperationalError):
            connection.driver.execute(f"SET lock_timeout = {BUSY_SECONDS * 1000:d}")


def damage(_: Translating) -> list[str]:
    """Return nothing: the server checks its pages, and lets no row refer to nothing."""
    return []


def version(connection: Translating) -> int:
    """Return how many migrations were run."""
    (schema, there) = connection.driver.execute(
        "SELECT current_schema(), to_regclass(quote_ident(current_schema()) || '.meta') IS NOT NULL"
    ).fetchone() or (None, False)
    if schema is None:
        raise StoreError("the store's user has no schema to keep tables in", "create one, and grant it to the user")
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() if there else None
    return int(row[0]) if row else 0


@contextlib.contextmanager
def prepared(connection: Translating) -> Iterator[None]:
    """Refuse a server that cannot hold the store."""
    if connection.driver.info.server_version < OLDEST * 10_000:
        found = connection.driver.info.server_version // 10_000
        raise StoreError(f"the store's server is PostgreSQL {found}", f"use PostgreSQL {OLDEST} or newer")
    (encoding,) = connection.driver.execute("SHOW server_encoding").fetchone() or ("",)
    if encoding != "UTF8":
        raise StoreError(f"the store's database is encoded as {encoding}", "make one with ENCODING 'UTF8'")
    yield


def migrate(connection: Translating, script: str) -> None:
    """Run one migration."""
    connection.driver.execute(script)


def set_version(connection: Translating, number: int) -> None:
    """Note how many migrations were run."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES ('schema', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (str(number),),
    )


_LOCK = "({:d}, (SELECT oid::int FROM pg_namespace WHERE nspname = current_schema()))"
"""A lock of the store in this schema; locks are the database's, and a database may hold several stores."""


def _lock(purpose: str) -> str:
    return _LOCK.format(zlib.crc32(f"envscout {purpose}".encode()) - 2**31)


_WRITE = _lock("write")


def begin_write(connection: Translating) -> None:
    """Begin a transaction that holds the write lock, and sees all that was written under it before."""
    connection.driver.execute(f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock{_WRITE}")


def try_write(connection: Translating) -> bool:
    """Do the same, or return False where that cannot be now."""
    connection.driver.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
    row = connection.driver.execute(f"SELECT pg_try_advisory_xact_lock{_WRITE}").fetchone()
    return bool(row and row[0])


def commit(connection: Translating) -> None:
    """Keep what was written. A transaction in which something failed is not kept, which the server only mentions."""
    if connection.driver.execute("COMMIT").statusmessage != "COMMIT":
        raise psycopg.errors.InFailedSqlTransaction("something failed in the transaction before its end")


@contextlib.contextmanager
def alone(connection: Translating, _: str, purpose: str) -> Iterator[None]:
    """Hold a lock of that name, waiting for as long as it takes."""
    lock = _lock(f"alone {purpose}")
    connection.driver.execute("SET lock_timeout = 0")
    try:
        connection.driver.execute(f"SELECT pg_advisory_lock{lock}")
    finally:
        with contextlib.suppress(psycopg.OperationalError):
            connection.driver.execute(f"SET lock_timeout = {BUSY_SECONDS * 1000:d}")
    try:
        yield
    finally:
        # The server lets go of the locks of a connection that is gone.
        with contextlib.suppress(psycopg.Error):
            connection.driver.execute(f"SELECT pg_advisory_unlock{lock}")


def compact(connection: Translating) -> None:
    """Let what was freed be used again, and learn how much there is of what. The server keeps the files."""
    connection.driver.execute("VACUUM (ANALYZE)")


def size(connection: Translating, _: str) -> int:
    """Return the bytes on the server's disk."""
    row = connection.driver.execute(
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
        " WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND c.relkind = 'r'"
    ).fetchone()
    return int(row[0]) if row else 0


@contextlib.contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn the driver's errors into ours, once."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise StoreBusy(
            f"another process has been writing to {called(place)} for over {BUSY_SECONDS} s",
            "try again when it has finished",
        ) from error
    except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
        raise StoreBusy(f"{called(place)} undid what was written: {_said(error)}", "try again") from error
    except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout) as error:
        raise (StoreLost if _is_of_the_connection(error) else StoreError)(
            f"cannot use the store {called(place)}: {_said(error)}",
            "check that the server runs, and the address, user, database and password (ENVSCOUT_STORE, PGPASSWORD)",
        ) from error
    except psycopg.Error as error:
        raise StoreError(
            f"{called(place)} does not answer as an envscout store: {_said(error)}",
            "check what the user may do there, or point ENVSCOUT_STORE elsewhere",
        ) from error


def _is_of_the_connection(error: psycopg.Error) -> bool:
    """Tell whether the connection failed, and not something in the database: SQLSTATE 08xxx, 57P0x, 25P03."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P0", "25P03"))


def _said(error: psycopg.Error) -> str:
    """Return the driver's words without the rest of a longer report."""
    return (error.diag.message_primary or str(error).strip()).splitlines()[0]
