"""Our own tables of every scheme's rules and pitfalls."""

import pytest

from envscout.versions import SCHEMES, key
from tests.versions.orders import holds, tables

TABLES = dict(tables())
LINES = [(scheme, line) for scheme, lines in TABLES.items() for line in lines if line[0] != "none"]
UNKEYABLE = [(scheme, " ".join(line[1:])) for scheme, lines in TABLES.items() for line in lines if line[0] == "none"]


def test_every_scheme_has_a_table() -> None:
    assert set(TABLES) == set(SCHEMES)


@pytest.mark.parametrize(
    ("scheme", "line"), LINES, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_order(scheme: str, line: list[str]) -> None:
    left, op, right = line
    assert holds(key(scheme, left), op, key(scheme, right))


@pytest.mark.parametrize(("scheme", "version"), UNKEYABLE)
def test_no_place_in_the_order(scheme: str, version: str) -> None:
    assert key(scheme, version) is None
