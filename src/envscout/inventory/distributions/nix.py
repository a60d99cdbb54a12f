"""The database of Nix: which paths of the store are valid, in SQLite; a package is told by the name of its path.

`/nix/store/HASH-NAME-VERSION[-OUTPUT]`: the version begins at the first dash without a letter behind it (Nix manual,
parseDrvName), the output is what a path has more than the derivation it was built from. What has no version (wrappers,
settings), derivations, and what was only put into the store (sources) is no package.
"""

import re

from envscout.inventory.distributions.damage import Damage, DamagedError
from envscout.inventory.distributions.sqlite import Database, Row
from envscout.inventory.record import Reading, merged, record

MAX_PATHS = 200_000
"""Paths of one store that are read."""

_PATH = re.compile(r"/(?:[^/]+/){1,20}([0-9a-z]{32})-([^/]{1,255})")
_VERSION = re.compile(r"(.+?)-([^a-zA-Z].*)", re.S)
_OUTPUT = re.compile(r"-(bin|dev|devdoc|debug|dist|doc|info|lib|man|out|static)\Z")
_DERIVATION = ".drv"
_PATH_COLUMN, _ORIGIN_COLUMN, _ADDRESS_COLUMN = 1, 4, 8


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a store."""
    damage = Damage(path)
    readings = []
    try:
        for number, row in enumerate(Database(data, damage).rows("ValidPaths")):
            if number == MAX_PATHS:
                raise DamagedError(f"only its first {MAX_PATHS} paths are read")
            readings.append(_package(path, row))
    except DamagedError as error:
        damage.add(error)
    found = merged(readings)
    return Reading(found.records, damage.problems + found.problems)


def _package(where: str, row: Row) -> Reading:
    """Return the package of one valid path, if it is one."""
    stored = _PATH.fullmatch(_word(row, _PATH_COLUMN))
    if not stored or stored[2].endswith(_DERIVATION) or _word(row, _ADDRESS_COLUMN):
        return Reading()
    whole, output = _split(stored[2], _word(row, _ORIGIN_COLUMN))
    named = _VERSION.fullmatch(whole)
    if not named:
        return Reading()
    qualifiers = (("output", output),) if output else ()
    return record("nix", named[1], named[2], where, qualifiers=(*qualifiers, ("outputhash", stored[1])))


def _split(name: str, origin: str) -> tuple[str, str]:
    """Split a path's name into that of its derivation and the output; by habit where the derivation is not known."""
    derivation = _PATH.fullmatch(origin.removesuffix(_DERIVATION))
    if derivation and (name == derivation[2] or name.startswith(f"{derivation[2]}-")):
        return derivation[2], name[len(derivation[2]) + 1 :]
    output = _OUTPUT.search(name)
    return (name[: output.start()], output[1]) if output else (name, "")


def _word(row: Row, column: int) -> str:
    value = row[column] if column < len(row) else None
    return value if isinstance(value, str) else ""
