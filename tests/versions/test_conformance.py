"""Public conformance suites: every line that fails is one we list with its reason, and no other.

apk-ops.tsv is left out: its `~`, `<~` and `!~` are apk's fuzzy matching of dependencies, no order.
"""

import csv
from pathlib import Path

import pytest

from envscout.versions import SCHEMES, key
from tests.versions.orders import HERE, Line, holds, suite

SUITES = sorted({*SCHEMES, "pypi"} - {"bitnami", "pep440"})


def _known(scheme: str) -> set[Line]:
    with (HERE / "known_differences.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert all(row["reason"] for row in rows)
    return {(row["left"], row["op"], row["right"]) for row in rows if row["scheme"] == scheme}


@pytest.mark.parametrize("scheme", SUITES)
def test_only_known_lines_differ(data: Path, scheme: str) -> None:
    lines = suite(data / "versions" / f"{scheme}.tsv")
    assert lines
    failing = {(left, op, right) for left, op, right in lines if not holds(key(scheme, left), op, key(scheme, right))}
    assert failing == _known(scheme).intersection(lines)
