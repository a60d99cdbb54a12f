"""What is read of lock files beyond their plain form: rules.txt says it, text by text."""

import re
from pathlib import Path

import pytest

from envscout.inventory.projects.table import PROJECTS
from envscout.inventory.record import Reading
from envscout.inventory.select import selector

TEXTS = re.findall(
    r"^#### (\S+) ->([^\n]*)\n(.*?)(?=^#### |\Z)",
    (Path(__file__).parent / "rules.txt").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


def _read(path: str, data: bytes) -> Reading:
    row = selector(projects=True).row(path)
    assert row
    return row.read(path, data)


def _listed(reading: Reading) -> str:
    return ", ".join(sorted(f"{found.name} {found.version}" for found in reading.records)).strip()


@pytest.mark.parametrize(("path", "expected", "text"), TEXTS)
def test_a_lock_file_means_this(path: str, expected: str, text: str) -> None:
    reading = _read(path, text.strip("\n").encode() + b"\n")
    if expected.startswith(" !"):
        assert expected.removeprefix(" ! ") in {problem.code for problem in reading.problems}
    else:
        assert _listed(reading) == expected.strip()


def test_a_byte_order_mark_and_ends_of_lines_of_windows_change_nothing() -> None:
    lock = b'# yarn lockfile v1\r\n\r\n"@s/a@^1", "@s/a@1.x":\r\n  version "1.5.0"\r\n'
    assert _listed(_read("yarn.lock", lock)) == "@s/a 1.5.0"
    assert _read("package-lock.json", b'\xef\xbb\xbf{"lockfileVersion":1}') == Reading()


def test_every_row_has_a_text() -> None:
    read = {row.name for path, _, _ in TEXTS if (row := selector(projects=True).row(path))}
    assert read == {row.name for row in PROJECTS}
