"""Which distribution package installed which files: `/usr/lib/python3/dist-packages/yaml` came with `python3-yaml`."""

from collections.abc import Iterable, Mapping

from envscout.inventory.cataloguers import OWNERSHIP, matcher
from envscout.model import File

_ROWS = tuple((row, matcher(row.patterns)) for row in OWNERSHIP)


def owners(
    files: Iterable[File], evidence: Mapping[str, bytes], purls: Mapping[tuple[str, str, str], str]
) -> dict[str, str]:
    """Return the package URL of the owner of each of these paths that has one.

    evidence: path to bytes; a file that was overwritten since its package installed it has no owner.
    purls: package URL by (type, name, architecture); the architecture "" stands for any. A list whose package is not
    installed owns nothing.
    """
    if not evidence or not purls:
        return {}
    found: dict[str, str] = {}
    for row, fits in _ROWS:
        lists = [(file.path, file.data) for file in files if fits(file.path)]
        for name, architecture, path in row.read(lists, evidence):
            owner = purls.get((row.type, name, architecture)) or purls.get((row.type, name, ""), "")
            if owner:
                found.setdefault(path, owner)
    return found
