"""Installed Python distributions: `METADATA` and `PKG-INFO` (packaging.python.org, core metadata) wherever they lie."""

import re

from envscout.inventory import deb822
from envscout.inventory.record import Reading, damaged, record, text

MAX_HEADER = 1 << 20
"""Bytes of metadata that are searched for fields; descriptions may follow."""

_FIELDS = deb822.pattern(("Name", "Version", "License-Expression", "License"))
_CLASSIFIER = re.compile(rb"^Classifier[ \t]*:[ \t]*License ::(?:[^\r\n]*::)?[ \t]*([^\r\n:]+)", re.M | re.I)
_END = re.compile(rb"\r?\n\r?\n")
_FOLDER = re.compile(r"([^/]+?)(?:-([^/-]+)(?:-[^/]*)?)?\.(?:dist|egg)-info(?:/[^/]*)?\Z")


def read(path: str, data: bytes) -> Reading:
    """Return the distribution one metadata file describes; where it does not say, the folder's name does."""
    header = _END.split(data[:MAX_HEADER].removeprefix(b"\xef\xbb\xbf"), maxsplit=1)[0]
    fields = deb822.fields(header, _FIELDS)
    # Names of files have at most 255 bytes; a longer part is no name of a distribution.
    folder = _FOLDER.search("/".join(part[-255:] for part in path.rsplit("/", 2)[-2:]))
    name = text(fields.get(b"name", b"")) or (folder[1] if folder else "")
    version = text(fields.get(b"version", b"")) or (folder[2] or "" if folder else "")
    reading = record("pypi", name, version, path, licenses=_licenses(fields, header))
    if fields.get(b"name") and fields.get(b"version"):
        return reading
    return Reading(reading.records, (damaged(path, "the metadata lacks Name or Version"), *reading.problems))


def _licenses(fields: deb822.Fields, header: bytes) -> tuple[str, ...]:
    """Return the licence expression, else the licence field, else the classifiers."""
    for field in (b"license-expression", b"license"):
        word = text(fields.get(field, b""))
        if word and word.upper() != "UNKNOWN":
            return (word,)
    return tuple(text(word.strip()) for word in _CLASSIFIER.findall(header))
