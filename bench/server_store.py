"""A durable PostgreSQL of the benchmark's own, and the fleet of bench/synthetic.py in it."""

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sql import queries

from envscout.store import Database

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.servers.postgresql import Server, command, initialise
from tests.servers.program import running

_SQL = queries("server")
_SETTINGS = (
    "listen_addresses=",
    "max_connections=500",
    "shared_buffers=1GB",
    "work_mem=8MB",
    "max_parallel_workers_per_gather=0",
    "max_wal_size=8GB",
    "random_page_cost=1.1",
    "effective_cache_size=8GB",
)
ADVISORIES = (
    "name", "feed", "feed_run", "feed_ecosystem", "advisory", "alias", "vulnerability", "advisory_vulnerability",
    "vrange",
)  # fmt: skip
ALL = (
    *ADVISORIES, "package", "component", "package_set", "set_component", "set_pkg", "image", "image_set", "finding",
    "environment", "service", "event", "deployment",
)  # fmt: skip
"""Tables that the fleet fills, what others refer to first."""


@contextmanager
def server() -> Iterator[Server]:
    """Run a server that keeps what it was told, on a machine that it has for itself, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="envscout-bench-", dir="/tmp"))
    try:
        initialise(folder)
        made = Server(folder)
        with running(command(folder, _SETTINGS), folder / "log", made.is_ready):
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy(fleet: Path, place: str, tables: Sequence[str]) -> None:
    """Copy some tables of the fleet from a file into an empty store."""
    Database(place).close()
    with psycopg.connect(place) as target, sqlite3.connect(f"file:{fleet}?mode=ro", uri=True) as source:
        # What was checked in the fleet is not checked again, nor counted row by row.
        target.execute("SET session_replication_role = replica")
        found = target.execute(_SQL["columns"]).fetchall()
        for table in tables:
            theirs = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
            columns = [(name, numbered) for of, name, numbered in found if of == table and name in theirs]
            _copy(source, target, table, [name for name, _ in columns])
            for name in (name for name, numbered in columns if numbered):
                target.execute(
                    sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), (SELECT max({}) FROM {}))").format(
                        sql.Literal(table), sql.Literal(name), sql.Identifier(name), sql.Identifier(table)
                    )
                )
        target.commit()
        target.autocommit = True
        target.execute("VACUUM (ANALYZE)")
        target.execute("CHECKPOINT")


def _copy(
    source: sqlite3.Connection, target: "psycopg.Connection[tuple[object, ...]]", table: str, columns: list[str]
) -> None:
    words = sql.SQL(", ").join(map(sql.Identifier, columns))
    target.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    with target.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), words)) as into:
        for row in source.execute(f"SELECT {', '.join(columns)} FROM {table}"):
            into.write_row(row)


def prepare(place: str) -> list[str]:
    """Make what bare SQL needs beside the fleet; return CVEs that are asked about."""
    with psycopg.connect(place, autocommit=True) as connection:
        (count,) = connection.execute("SELECT count(*) FROM vulnerability").fetchone() or (0,)
        names = [row[0] for row in connection.execute(_SQL["some_cves"], {"step": max(1, count // 2000)})]
        connection.execute(_SQL["asked"])
        with connection.cursor().copy("COPY asked FROM STDIN") as into:
            for row in enumerate(names, 1):
                into.write_row(row)
        connection.execute(_SQL["bare_environments"])
        connection.execute("VACUUM (ANALYZE)")
    return names


def memory(pid: int) -> tuple[float, float]:
    """Return MiB that a process has in memory: resident, and its share of them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    found = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return found["Rss:"], found["Pss:"]


def environment(home: Path, place: str) -> dict[str, str]:
    """Return the environment of envscout's processes."""
    return {
        "ENVSCOUT_HOME": str(home),
        "HOME": str(home),
        "ENVSCOUT_STORE": place,
        "ENVSCOUT_REQUESTS_PER_SECOND": "0",
        "PATH": os.environ["PATH"],
    }
