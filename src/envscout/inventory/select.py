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
        cut = path.rfind("/") + 1
        name = path[cut:]
        found = self._names.get(name)
        if found and (row := _fitting(found, path)):
            return row
        found = self._endings.get(name[name.rfind(".") + 1 :])
        if found and (row := _fitting(found, path)):
            return row
        found = self._folders.get(path[: cut - 1])
        return _fitting(found, path) if found and cut else None

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
