"""Which cataloguer reads which path: most paths of an image are refused by three look-ups in dictionaries."""

import re
from collections.abc import Iterable
from functools import cache

from envscout.inventory.cataloguer import Cataloguer
from envscout.inventory.table import CATALOGUERS

_Row = tuple[re.Pattern[str], Cataloguer]


class Selector:
    """Finds the row for a path among some rows; the earlier row wins where the same look-up finds two."""

    def __init__(self, rows: Iterable[Cataloguer]) -> None:
        self._names: dict[str, list[_Row]] = {}
        self._endings: dict[str, list[_Row]] = {}
        self._folders: dict[str, list[_Row]] = {}
        for row in rows:
            for pattern in row.patterns:
                self._add(pattern, row)

    def row(self, path: str) -> Cataloguer | None:
        """Return who reads this path, None where nobody does; path as in model.File."""
        folder, _, name = path.rpartition("/")
        if name in self._names and (row := _fitting(self._names[name], path)):
            return row
        ending = name.rpartition(".")[2]
        if ending in self._endings and (row := _fitting(self._endings[ending], path)):
            return row
        return _fitting(self._folders[folder], path) if folder in self._folders else None

    def kind(self, path: str) -> str:
        """Return the name of who reads this path, "" where nobody does."""
        row = self.row(path)
        return row.name if row else ""

    def _add(self, pattern: str, row: Cataloguer) -> None:
        folder, _, name = pattern.rpartition("/")
        ending = name.rpartition(".")[2]
        if "*" not in name:
            place = self._names.setdefault(name, [])
        elif "." in name and "*" not in ending:
            place = self._endings.setdefault(ending, [])
        elif "*" not in folder:
            place = self._folders.setdefault(folder, [])
        else:
            raise ValueError(f"{row.name}: the pattern {pattern} has neither a plain name, ending nor folder")
        place.append((re.compile(expression(pattern), re.S), row))


def _fitting(rows: list[_Row], path: str) -> Cataloguer | None:
    for pattern, row in rows:
        if pattern.fullmatch(path):
            return row
    return None


def expression(pattern: str) -> str:
    """Translate one pattern into a regular expression for `fullmatch`."""
    anywhere = "(?:.*/)?" if pattern.startswith("**/") else ""
    return anywhere + "[^/]*".join(map(re.escape, pattern.removeprefix("**/").split("*")))


@cache
def selector(*, projects: bool) -> Selector:
    """Return the selector of all cataloguers, with or without those for source trees."""
    return Selector(row for row in CATALOGUERS if projects or not row.project)
