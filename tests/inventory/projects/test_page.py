"""The page on lock files against the table of those that are read."""

import re
from pathlib import Path

from envscout.inventory.projects.table import PROJECTS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "projects.md"


def test_the_page_names_what_is_read_and_nothing_else() -> None:
    cells = re.findall(r"^\| (`.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    said = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert said == {pattern.removeprefix("**/") for row in PROJECTS for pattern in row.patterns}
