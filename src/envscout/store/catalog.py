"""What a store consists of, as its engine's own catalog tells it: tables, columns, and what refers to what.

The one place where queries are made of names: those of tables and columns, which come from the catalog alone.
"""

import contextlib
import graphlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from envscout.store.database import Connection, queries

_SQL = queries("catalog")
_BATCH = 5_000
_OWN = ("schema", "copy")
_encode = msgspec.msgpack.Encoder().encode


class Table(msgspec.Struct, frozen=True):
    """A table. columns: in order. truths: those of yes and no, where the engine tells them from 1 and 0."""

    name: str
    columns: tuple[str, ...]
    truths: frozenset[str] = frozenset()


class Sum(msgspec.Struct, frozen=True):
    """What a table holds, in whatever order: how many rows, and the sum of their digests."""

    rows: int = 0
    digest: str = ""


def tables(connection: Connection) -> list[Table]:
    """Return every table of a store, each after those that it refers to."""
    columns: dict[str, list[tuple[str, bool]]] = {}
    for table, column, is_truth in connection.execute(_SQL["columns"]):
        columns.setdefault(table, []).append((column, bool(is_truth)))
    order = graphlib.TopologicalSorter[str]({name: set() for name in sorted(columns)})
    for table, other in connection.execute(_SQL["references"]).fetchall():
        if table != other and table in columns:
            order.add(table, other)
    return [
        Table(name, tuple(each for each, _ in columns[name]), frozenset(each for each, truth in columns[name] if truth))
        for name in order.static_order()
    ]


def _quoted(name: str) -> str:
    assert name.replace("_", "").isalnum(), name
    return f'"{name}"'


def _own(table: Table) -> str:
    """Return the condition that leaves out what each store says of itself."""
    return f" WHERE key NOT IN ({', '.join(repr(each) for each in _OWN)})" if table.name == "meta" else ""


def rows(connection: Connection, table: Table, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    """Yield the rows of a table, its columns in this order. Needs a transaction."""
    chosen = (f"CAST({_quoted(each)} AS int)" if each in table.truths else _quoted(each) for each in columns)
    query = f"SELECT {', '.join(chosen)} FROM {_quoted(table.name)}{_own(table)}"
    streamed = getattr(connection, "streamed", None)
    return iter(streamed(query, _BATCH) if streamed else connection.execute(query))


def replace(connection: Connection, table: Table, columns: Sequence[str], found: Iterable[Sequence[Any]]) -> None:
    """Have a table hold these rows alone, without whatever else a change of it brings about. Needs the write lock."""
    with _untriggered(connection, table):
        connection.execute(f"DELETE FROM {_quoted(table.name)}{_own(table)}")
        names = ", ".join(map(_quoted, columns))
        loaded = getattr(connection, "loaded", None)
        if loaded:
            loaded(f"COPY {_quoted(table.name)} ({names}) FROM STDIN", found)
        else:
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {_quoted(table.name)} ({names}) VALUES ({marks})", found)


@contextlib.contextmanager
def _untriggered(connection: Connection, table: Table) -> Iterator[None]:
    """Leave out the triggers of a table for a while, within the transaction."""
    triggers = connection.execute(_SQL["triggers"], {"name": table.name}).fetchall()
    for name, _, without in triggers:
        connection.execute(f"{without} {_quoted(name)}")
    yield
    for _, again, _ in triggers:
        connection.execute(again)


def is_empty(connection: Connection, table: Table) -> bool:
    """Tell whether a table has no row."""
    return connection.execute(f"SELECT 1 FROM {_quoted(table.name)}{_own(table)} LIMIT 1").fetchone() is None


class Summing:
    """Passes rows on, and sums them up. What PostgreSQL has no room for, the character zero, is as it keeps it."""

    def __init__(self) -> None:
        self._count = 0
        self._total = 0

    def through(self, found: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Yield the rows."""
        count = total = 0
        for row in found:
            packed = _encode(tuple(row))
            if b"\0" in packed:
                packed = _encode([each.replace("\0", "\ufffd") if isinstance(each, str) else each for each in row])
            total += int.from_bytes(blake2b(packed, digest_size=16).digest(), "big")
            count += 1
            yield row
        self._count, self._total = count, total

    @property
    def sum(self) -> Sum:
        """Return the sum of what was passed on."""
        return Sum(self._count, f"{self._total % (1 << 128):032x}")


def summed(connection: Connection, table: Table, columns: Sequence[str]) -> Sum:
    """Return the sum of a table."""
    summing = Summing()
    for _ in summing.through(rows(connection, table, columns)):
        pass
    return summing.sum


def numbers(connection: Connection) -> dict[str, int]:
    """Return the highest number that each table ever gave to a row, where it gives none twice."""
    return {name: number for name, number in connection.execute(_SQL["numbers"]) if number is not None}


def number_from(connection: Connection, given: Mapping[str, int]) -> None:
    """Have rows numbered after those that are there, and after the numbers given elsewhere. Needs the write lock."""
    for name, column in connection.execute(_SQL["identities"]).fetchall():
        query = f"SELECT coalesce(max({_quoted(column)}), 0) FROM {_quoted(name)}"
        highest = max(connection.execute(query).fetchone()[0], given.get(name, 0))
        if highest:
            connection.execute(_SQL["number_from"], {"name": name, "column": column, "number": highest})


def progress(connection: Connection) -> str:
    """Return what is noted of a copy that is on its way into this store, "" if nothing."""
    row = connection.execute(_SQL["progress"]).fetchone()
    return str(row[0]) if row else ""


def note(connection: Connection, value: str) -> None:
    """Note how far a copy has come; "" when it is done. Needs the write lock."""
    if value:
        connection.execute(_SQL["put_progress"], {"value": value})
    else:
        connection.execute(_SQL["drop_progress"])
