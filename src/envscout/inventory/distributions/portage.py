"""The database of Portage (Gentoo and its kin): a folder for each package, read from its name and its `CONTENTS`.

Names and versions: Package Manager Specification 8, sections 3.1.2 and 3.2 (https://projects.gentoo.org/pms/8/pms.html).
Slot and licence stand in files of their own and are not read.
"""

import re

from envscout.inventory.claims import claimable
from envscout.inventory.record import Claim, Reading, damaged, record, text

_FOLDER = re.compile(
    r"([A-Za-z0-9_][A-Za-z0-9+_-]{0,254}?)-(\d+(?:\.\d+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)\d*)*(?:-r\d+)?)", re.ASCII
)
_FILE = re.compile(rb"^obj /([^\n]{1,4096}) ([0-9a-f]{32}) [0-9]+$", re.M)
_MERGING = "-MERGING-"
"""Begins the folder of a package that is being installed."""


def read(path: str, data: bytes) -> Reading:
    """Return the package of one folder, and the files it claims."""
    category, folder = path.split("/")[-3:-1]
    found = _FOLDER.fullmatch(folder)
    if not found:
        state = (
            "is not wholly installed"
            if folder.startswith(_MERGING)
            else "has no name and version that Portage would give"
        )
        return Reading(problems=(damaged(path, f"a package {state} and is not listed"),))
    name = f"{category}/{found[1]}"
    reading = record("ebuild", name, found[2], path)
    claims = tuple(
        Claim("ebuild", name, "", file, "md5", digest.decode())
        for each, digest in _FILE.findall(data)
        if claimable(file := text(each))
    )
    problems = (damaged(path, "its last line is cut short"),) if data and not data.endswith(b"\n") else ()
    return Reading(reading.records, reading.problems + problems, claims)
