"""Which files a Debian package installed: `NAME[:ARCH].md5sums` and `.list` in dpkg's info folder (dpkg-query(1))."""

import re

from envscout.inventory.claims import claimable
from envscout.inventory.record import Claim, Reading, text

_FILE = re.compile(r"([^/:]+)(?::([^/:]+))?\.(md5sums|list)\Z")
_SUM = re.compile(rb"([0-9a-f]{32})  (.+)")


def read(path: str, data: bytes) -> Reading:
    """Return what a package claims; `.list` names files without digests, which counts where a package has no sums."""
    file = _FILE.search(path)
    if not file:
        return Reading()
    name, architecture = file[1], file[2] or ""
    if file[3] == "list":
        paths = (text(line[1:]) for line in data.split(b"\n"))
        return Reading(claims=tuple(Claim("deb", name, architecture, each) for each in paths if claimable(each)))
    found = (_SUM.fullmatch(line) for line in data.split(b"\n"))
    return Reading(
        claims=tuple(
            Claim("deb", name, architecture, path, "md5", each[1].decode())
            for each in found
            if each and claimable(path := text(each[2]))
        )
    )
