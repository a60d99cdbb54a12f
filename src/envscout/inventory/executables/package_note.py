"""The note in an ELF file that names the source package it was built from: all that is left where a database is gone.

Format: https://uapi-group.org/specifications/specs/package_metadata_for_executable_files/.
"""

import re

import msgspec

from envscout.inventory.executables.window import Window
from envscout.inventory.record import Reading, damaged, record

MAX_NOTE = 4096

_TYPES = {"deb": "deb", "rpm": "rpm", "apk": "apk", "arch": "alpm", "alpm": "alpm"}
# namesz, descsz, type 0xcafe1a7e and the owner of a note, in both byte orders.
_NOTES = (
    ("little", re.compile(rb"\x04\0\0\0(.{4})\x7e\x1a\xfe\xcaFDO\0", re.S)),
    ("big", re.compile(rb"\0\0\0\x04(.{4})\xca\xfe\x1a\x7eFDO\0", re.S)),
)


class _Note(msgspec.Struct, frozen=True):
    type: str = ""
    name: str = ""
    version: str = ""
    architecture: str = ""


class PackageNote:
    """Says what the note says; it lies in the head of a file, so there is nothing more to look for."""

    def __init__(self, path: str, note: bytes) -> None:
        self._path = path
        self._note = note

    def feed(self, window: Window) -> None:
        """Look no further."""

    def done(self) -> Reading:
        """Return the package of a known type."""
        try:
            found = msgspec.json.decode(self._note.rstrip(b"\0"), type=_Note)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Reading(problems=(damaged(self._path, "its note about its package is no JSON of the known form"),))
        kind = _TYPES.get(found.type)
        if not kind:
            return Reading()
        return record(kind, found.name, found.version, self._path, architecture=found.architecture)


def find(head: bytes) -> bytes:
    """Return the note's text, given the beginning of an ELF file; b"" if there is none."""
    for order, pattern in _NOTES:
        if b"FDO\0" in head and (found := pattern.search(head)):
            size = int.from_bytes(found[1], order)  # type: ignore[arg-type]
            return head[found.end() : found.end() + size] if size <= MAX_NOTE else b""
    return b""
