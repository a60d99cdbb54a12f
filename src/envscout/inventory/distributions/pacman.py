"""The database of pacman (Arch Linux and its kin): a folder for each package, read from its `desc`.

`desc` holds sections of a `%NAME%` line, the values and an empty line (alpm-db-desc(7)).
"""

import re

from envscout.inventory.record import Reading, damaged, record, text

_SECTION = re.compile(rb"^%([A-Z0-9]{1,20})%\n((?:[^\n]+\n)*)", re.M)


def read(path: str, data: bytes) -> Reading:
    """Return the package of one folder. All packages of one base are built from it, and with one version."""
    sections = {
        name.decode(): [text(line.strip()) for line in lines.splitlines()] for name, lines in _SECTION.findall(data)
    }
    name, version = _first(sections, "NAME"), _first(sections, "VERSION")
    if not name:
        return Reading(problems=(damaged(path, "it names no package"),))
    return record(
        "alpm",
        name,
        version,
        path,
        source=(_first(sections, "BASE"), ""),
        architecture=_first(sections, "ARCH"),
        licenses=sections.get("LICENSE", []),
    )


def _first(sections: dict[str, list[str]], name: str) -> str:
    return next(iter(sections.get(name, ())), "")
