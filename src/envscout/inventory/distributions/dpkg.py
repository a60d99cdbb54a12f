"""The package databases of Debian and its kin: `status`, and the `status.d` of distroless images.

Formats: deb-control(5), dpkg-query(1) and dpkg's own `status`. Which distribution it is, this module does not know.
"""

import re
from itertools import chain

from envscout.inventory import deb822
from envscout.inventory.distributions import dpkg_files
from envscout.inventory.record import Reading, damaged, merged, record, text
from envscout.names.bounds import shown

_FIELDS = deb822.pattern(("Package", "Version", "Status", "Architecture", "Source"))
_SOURCE = re.compile(r"(\S+)(?:\s*\(([^()\s]+)\))?")

PRESENT = frozenset({b"installed", b"unpacked", b"half-configured", b"triggers-awaited", b"triggers-pending"})
"""States in which all files of the package are on disk; `config-files` and `not-installed` are not."""
ABSENT = frozenset({b"not-installed", b"config-files"})


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a status file or of one file of status.d."""
    if path.endswith(".md5sums"):
        return dpkg_files.read(path, data)
    distroless = "/status.d/" in path
    readings = (_package(path, deb822.fields(stanza, _FIELDS), distroless) for stanza in deb822.stanzas(data))
    is_cut = not distroless and bool(data) and not data.endswith(b"\n")
    cut = (damaged(path, "the last line is cut short; packages may be missing"),) if is_cut else ()
    return merged(chain((Reading(problems=cut),), readings))


def _package(path: str, found: deb822.Fields, distroless: bool) -> Reading:
    """Return one stanza's package if its files are on disk."""
    name = text(found.get(b"package", b""))
    if not name:
        return Reading(problems=(damaged(path, "a stanza names no package"),))
    state = found.get(b"status", b"").split()
    if not distroless and (len(state) != 3 or state[2] not in PRESENT):
        return _unfinished(path, name, state)
    return record(
        "deb",
        name,
        text(found.get(b"version", b"")),
        path,
        source=_source(text(found.get(b"source", b""))),
        architecture=text(found.get(b"architecture", b"")),
    )


def _unfinished(path: str, name: str, state: list[bytes]) -> Reading:
    """Return nothing for a removed package, a problem for one whose state does not say whether its files are there."""
    if len(state) == 3 and state[2] in ABSENT:
        return Reading()
    words = shown(text(b" ".join(state[:3])))
    return Reading(problems=(damaged(path, f"package {shown(name)} is in the state {words!r} and is not listed"),))


def _source(words: str) -> tuple[str, str]:
    """Split `openssl (3.0.11-1)`; "" for what is not said."""
    found = _SOURCE.match(words)
    return (found[1], found[2] or "") if found else ("", "")
