"""The package databases of Debian and its kin: `status`, the `status.d` of distroless images, sums of installed files.

Formats: deb-control(5), dpkg-query(1) and dpkg's own `status`. Which distribution it is, this module does not know.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import md5

from envscout.inventory import deb822
from envscout.inventory.record import Reading, damaged, merged, record, text
from envscout.names.bounds import shown

_FIELDS = deb822.pattern(("Package", "Version", "Status", "Architecture", "Source"))
_SOURCE = re.compile(r"(\S+)(?:\s*\(([^()\s]+)\))?")
_FILES = re.compile(r"([^/:]+)(?::([^/:]+))?\.(md5sums|list)\Z")

PRESENT = frozenset({b"installed", b"unpacked", b"half-configured", b"triggers-awaited", b"triggers-pending"})
"""States in which all files of the package are on disk; `config-files` and `not-installed` are not."""
ABSENT = frozenset({b"not-installed", b"config-files"})


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a status file or of one file of status.d."""
    if path.endswith(".md5sums"):
        return Reading()
    distroless = "/status.d/" in path
    readings = [_package(path, deb822.fields(stanza, _FIELDS), distroless) for stanza in deb822.stanzas(data)]
    if not distroless and data and not data.endswith(b"\n"):
        readings.append(Reading(problems=(damaged(path, "the last line is cut short; packages may be missing"),)))
    return merged(readings)


def owned(files: Iterable[tuple[str, bytes]], evidence: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    """Yield (package, architecture or "", path) for evidence that still is, byte for byte, what a package installed.

    files: path and bytes of `NAME[:ARCH].md5sums` and `.list` files; a package without sums owns what its list names.
    evidence: path to bytes.
    """
    lines = {
        "md5sums": {_sum_line(path, data): path for path, data in evidence.items()},
        "list": {b"/" + path.encode("utf-8", "replace"): path for path in evidence},
    }
    named = [(found[1], found[2] or "", found[3], data) for file, data in files if (found := _FILES.search(file))]
    summed = {(name, architecture) for name, architecture, kind, _ in named if kind == "md5sums"}
    for name, architecture, kind, data in named:
        if kind == "md5sums" or (name, architecture) not in summed:
            for line in lines[kind].keys() & data.split(b"\n"):
                yield name, architecture, lines[kind][line]


def _sum_line(path: str, data: bytes) -> bytes:
    """Return the line of md5sum(1) for a file, as packages carry it."""
    return f"{md5(data, usedforsecurity=False).hexdigest()}  {path}".encode("utf-8", "replace")


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
