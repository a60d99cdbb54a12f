"""No cataloguer raises, whatever it is given: real files cut, flipped and repeated, and files made to be slow."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.inventory.cataloguer import Cataloguer
from envscout.inventory.keeping import pack, unpack
from envscout.inventory.record import Reading
from envscout.inventory.table import CATALOGUERS
from tests.inventory.fixtures import HERE, fixtures

FIXTURES = fixtures()
MUTATIONS = 24
MAX_MUTATED = 100 << 10
SLOW = [
    b"", b"\0" * 100_000, b"\xff" * 100_000, b" " * 100_000, b"\n" * 100_000, b"a" * 100_000, b"1" * 100_000,
    b"[" * 100_000, b'{"a":' * 50_000, b'"' * 100_000, b"'" * 100_000, b"(" * 100_000, b"\\" * 100_000, b"-" * 100_000,
    b"# stub: " * 20_000, b"{ " * 50_000, b"{application,a,[" * 10_000, b"name:\n " * 20_000, b"a:9:{" * 20_000,
    b"PK\1\2" * 25_000, b"PK\5\6" * 25_000, b"- - " * 25_000, b"<a>" * 30_000, b"&a;" * 30_000, b"a = [" * 20_000,
]  # fmt: skip


def rows(group: str) -> list[Cataloguer]:
    """Return the rows of one group of cataloguers: its folder's name."""
    return [row for row in CATALOGUERS if row.module.split(".")[0] == group or f".{group}." in row.module]


def places(row: Cataloguer, name: str) -> Iterator[str]:
    """Return a path for each pattern of a row, with parts of a file's own name where anything may stand."""
    for pattern in row.patterns:
        folder, _, last = pattern.removeprefix("**/").rpartition("/")
        last = last.replace("*", name.partition(".")[0])
        yield f"{folder.replace('*', 'x-1.0')}/{last}" if folder else last


def read(row: Cataloguer, path: str, data: bytes) -> Reading:
    """Return a reading after it went through what keeps it."""
    reading = row.read(path, data)
    assert isinstance(reading, Reading)
    for found in reading.records:
        assert found.name
        assert found.version.isprintable()
    return unpack(pack(path, data, reading))


def mutated(data: bytes, seed: str) -> Iterator[bytes]:
    """Return a file cut short, with flipped bytes, with a piece taken out or repeated; the same ones each time."""
    chance = random.Random(seed)
    for number in range(MUTATIONS):
        at, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        match number % 4:
            case 0:
                yield data[:at]
            case 1:
                changed = bytearray(data)
                for _ in range(chance.randint(1, 8)):
                    changed[chance.randrange(len(data))] = chance.randrange(256)
                yield bytes(changed)
            case 2:
                yield data[:at] + data[end:]
            case _:
                yield data[:end] + data[at:]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: str(path.relative_to(HERE)).replace("/fixtures", ""))
def test_a_real_file_in_pieces_is_read_or_said_to_be_damaged(path: Path) -> None:
    data = path.read_bytes()
    for row in rows(path.relative_to(HERE).parts[0]):
        for place in places(row, path.name):
            reading = read(row, place, data)
            if data and len(data) <= MAX_MUTATED and (reading.records or reading.claims):
                for piece in mutated(data, path.name + place):
                    read(row, place, piece)


@pytest.mark.parametrize("row", CATALOGUERS, ids=lambda row: row.name)
def test_what_would_be_slow_to_read_is_read(row: Cataloguer) -> None:
    for place in places(row, "a"):
        for data in SLOW:
            read(row, place, data)


@given(row=st.sampled_from(CATALOGUERS), data=st.binary(max_size=300), name=st.text(max_size=20))
def test_anything_is_read(row: Cataloguer, data: bytes, name: str) -> None:
    for place in places(row, name.replace("/", "") or "a"):
        read(row, place, data)
