"""Copying a whole store into another one, on whichever engine: table by table, resumable, summed up on both sides.

A copy reads one state of its source. How far it has come is noted in the target, in the transaction that brought the
rows; until all is there and compared, nobody else opens the target.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from envscout.errors import StoreError
from envscout.store import catalog
from envscout.store.catalog import Sum, Table
from envscout.store.database import Connection, Database

Progress = Callable[[str, int, int], None]
"""Called with a table, how many tables are done, and how many there are."""


class Copied(msgspec.Struct, frozen=True):
    """What was copied. resumed: tables that an earlier run had brought. anew: the source had changed since then."""

    tables: int
    rows: int
    resumed: int = 0
    anew: bool = False


class _Noted(msgspec.Struct):
    """How far a copy has come: what each table that was brought holds."""

    source: str
    sums: dict[str, Sum] = {}


def copy(source: Database, target: Database, on_progress: Progress) -> Copied:
    """Copy everything into a store in which nothing is, or go on with doing so. Raise StoreError.

    target: opened with half=True.
    """
    with target.alone("copy"), source.read() as reading:
        wanted = _shared(catalog.tables(reading), target)
        noted, anew = _begun(source, target, wanted), False
        resumed = len(noted.sums)
        for name, before in list(noted.sums.items()):
            table = next((each for each in wanted if each.name == name), None)
            if table is None or catalog.summed(reading, table, table.columns) != before:
                noted, resumed, anew = _anew(source, target, wanted), 0, True
                break
        for done, table in enumerate(wanted):
            on_progress(table.name, done, len(wanted))
            if table.name not in noted.sums:
                _bring(reading, target, table, noted)
        on_progress("comparing", len(wanted), len(wanted))
        _compare(target, wanted, noted)
        given = catalog.numbers(reading)
    with target.unchecked(), target.write() as writing:
        catalog.number_from(writing, given)
        catalog.note(writing, "")
        target.set_half(False)
    return Copied(len(wanted), sum(each.rows for each in noted.sums.values()), resumed, anew)


def _shared(wanted: list[Table], target: Database) -> list[Table]:
    """Return the tables, which both stores must have alike."""
    with target.read() as connection:
        there = {each.name: set(each.columns) for each in catalog.tables(connection)}
    if there != {each.name: set(each.columns) for each in wanted}:
        raise StoreError(
            f"{target.name} has other tables than the source",
            "use one version of envscout for both; nothing was copied",
        )
    return wanted


def _begun(source: Database, target: Database, wanted: list[Table]) -> _Noted:
    """Close an empty target to everybody else, or read how far an earlier run came."""
    with target.write() as writing:
        if not target.is_half:
            seeded = _seeded()
            full = [each.name for each in wanted if each.name not in seeded and not catalog.is_empty(writing, each)]
            if full:
                raise StoreError(f"{target.name} is not empty: there are rows in {full[0]}", "name an empty store")
            noted = _Noted(source.name)
            catalog.note(writing, _text(noted))
            target.set_half(True)
            return noted
        noted = msgspec.json.decode(catalog.progress(writing), type=_Noted)
    if noted.source != source.name:
        raise StoreError(
            f"{target.name} is a half-done copy of {noted.source}", "go on from there, or name an empty store"
        )
    return noted


def _seeded() -> set[str]:
    """Return the tables that are not empty in a new store."""
    with tempfile.TemporaryDirectory() as folder, Database(Path(folder) / "new.db") as new, new.read() as connection:
        return {each.name for each in catalog.tables(connection) if not catalog.is_empty(connection, each)}


def _text(noted: _Noted) -> str:
    return msgspec.json.encode(noted).decode()


def _anew(source: Database, target: Database, wanted: list[Table]) -> _Noted:
    """Throw away what was brought: it is of a state that is past."""
    noted = _Noted(source.name)
    with target.unchecked(), target.write() as writing:
        for table in reversed(wanted):
            catalog.replace(writing, table, table.columns, ())
        catalog.note(writing, _text(noted))
    return noted


def _bring(reading: Connection, target: Database, table: Table, noted: _Noted) -> None:
    """Copy one table, and note it, in one transaction."""
    summing = catalog.Summing()
    with target.unchecked(), target.write() as writing:
        found = catalog.rows(reading, table, table.columns)
        catalog.replace(writing, table, table.columns, summing.through(found))
        noted.sums[table.name] = summing.sum
        catalog.note(writing, _text(noted))


def _compare(target: Database, wanted: list[Table], noted: _Noted) -> None:
    """Raise StoreError where a table does not hold what its source held."""
    different = _different(target, wanted, noted)
    if different:
        raise StoreError(
            f"{different[0].name} is not the same in {target.name}: the copy is not used",
            "run it again into an empty store, and tell us if that does not help",
        )


def _different(target: Database, wanted: list[Table], noted: _Noted) -> list[Table]:
    with target.read() as connection:
        there = {each.name: each for each in catalog.tables(connection)}
        return [
            each
            for each in wanted
            if catalog.summed(connection, there[each.name], each.columns) != noted.sums[each.name]
        ]
