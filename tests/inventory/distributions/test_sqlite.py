"""The reader of SQLite files against SQLite itself, and against files that lead it in circles."""

import sqlite3
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.inventory.distributions.damage import Damage, DamagedError
from envscout.inventory.distributions.sqlite import Database, Row


def rows(data: bytes, table: str = "t") -> tuple[list[Row], str]:
    """Return the rows and what is damaged."""
    damage = Damage("x")
    try:
        found = list(Database(data, damage).rows(table))
    except DamagedError as error:
        return [], str(error)
    return found, "; ".join(problem.message for problem in damage.problems)


def made(page_size: int, values: list[tuple[object, ...]], encoding: str = "UTF-8") -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute(f"PRAGMA page_size = {page_size}")
    connection.execute(f"PRAGMA encoding = '{encoding}'")
    connection.execute("CREATE TABLE other (a)")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)")
    connection.execute("CREATE INDEX i ON t (a)")
    connection.executemany("INSERT INTO t (a, b) VALUES (?, ?)", values)
    connection.commit()
    data = connection.serialize()
    connection.close()
    return data


COLUMN = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.binary(max_size=3000),
)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([512, 1024, 65536]), st.lists(st.tuples(COLUMN, COLUMN), max_size=30))
def test_rows_are_those_that_were_written(page_size: int, values: list[tuple[object, ...]]) -> None:
    found, damage = rows(made(page_size, values))
    assert damage == ""
    assert [row[1:] for row in found] == values


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_encodings(encoding: str) -> None:
    assert rows(made(512, [("größe", "x")], encoding)) == ([(None, "größe", "x")], "")


def test_many_rows_in_a_deep_tree_after_others_were_deleted(tmp_path: Path) -> None:
    random = Random(7)
    connection = sqlite3.connect(tmp_path / "file")
    connection.execute("PRAGMA page_size = 512")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("CREATE TABLE T (id INTEGER PRIMARY KEY, a)")
    values = [(random.randbytes(random.choice((5, 90, 500, 5000))),) for _ in range(2000)]
    connection.executemany("INSERT INTO T (a) VALUES (?)", values)
    connection.execute("DELETE FROM T WHERE id % 3 = 0")
    connection.commit()
    expected = [row[0] for row in connection.execute("SELECT a FROM T ORDER BY id")]
    connection.close()
    found, damage = rows((tmp_path / "file").read_bytes())
    assert damage == ""
    assert [row[1] for row in found] == expected


def test_a_table_that_is_not_there() -> None:
    assert rows(made(512, []), "u") == ([], "x: it has no table u")


def test_a_row_cut_by_the_end_of_the_file() -> None:
    data = made(512, [(b"y" * 90, 2), (b"x" * 5000, 1)])
    found, damage = rows(data[: len(data) - 512])
    assert "beyond the end of the file" in damage
    assert [row[2] for row in found] == [2]


BLOBS: list[tuple[object, ...]] = [(bytes([number]) * 1500, number) for number in range(40)]


@pytest.mark.parametrize("page", range(2, 60, 3))
def test_pages_that_lead_to_any_page_end(page: int) -> None:
    data = bytearray(made(512, BLOBS))
    for target in (0, 1, page, page + 1, 2**32 - 1):
        for at in (0, 8, 508):
            start = 512 * (page - 1) + at
            data[start : start + 4] = target.to_bytes(4, "big")
            found, _ = rows(bytes(data))
            assert len(found) <= len(BLOBS)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(16, 40_000), st.integers(0, 255)), min_size=1, max_size=20))
def test_no_change_of_bytes_does_harm(changes: list[tuple[int, int]]) -> None:
    data = bytearray(made(512, BLOBS[:10]))
    for at, value in changes:
        data[at % len(data)] = value
    found, _ = rows(bytes(data))
    assert sum(len(value) for row in found for value in row if isinstance(value, bytes)) <= len(data)


def test_cells_that_share_their_bytes_are_not_read_for_ever() -> None:
    data = bytearray(made(65536, [(b"x" * 60_000, 1)]))
    page = max(at for at in range(0, len(data), 65536) if data[at] == 13)
    cell = bytes(data[page + 8 : page + 10])
    data[page + 3 : page + 5] = (1000).to_bytes(2, "big")
    data[page + 8 : page + 2008] = cell * 1000
    found, damage = rows(bytes(data))
    assert len(found) <= len(data) // 60_000
    assert "a row is longer than the file" in damage
