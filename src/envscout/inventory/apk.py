"""The package database of Alpine and its kin: one file of one-letter fields (apk-tools, installed database)."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha1

from envscout.inventory.record import Reading, damaged, merged, record, text

_FIELDS = re.compile(rb"^([PVAoL]):([^\r\n]*)", re.M)
_FILES = re.compile(rb"^([FRZ]):([^\r\n]*)", re.M)


def read(path: str, data: bytes) -> Reading:
    """Return the packages of an installed database."""
    readings = [_package(path, stanza) for stanza in _stanzas(data)]
    if data and not data.endswith(b"\n"):
        readings.append(Reading(problems=(damaged(path, "the last line is cut short; packages may be missing"),)))
    return merged(readings)


def owned(files: Iterable[tuple[str, bytes]], evidence: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    """Yield (package, architecture, path) for evidence that still is, byte for byte, what a package installed.

    files: path and bytes of installed databases. evidence: path to bytes. A file listed without sum counts by its path.
    """
    sums = {path.encode("utf-8", "replace"): (path, _sum(data)) for path, data in evidence.items()}
    for _, data in files:
        for stanza in _stanzas(data):
            fields = _header(stanza)
            for file, digest in _files(stanza):
                path, expected = sums.get(file, ("", b""))
                if path and digest in (b"", expected):
                    yield text(fields.get(b"P", b"")), text(fields.get(b"A", b"")), path


def _sum(data: bytes) -> bytes:
    """Return the digest of a file as `Z:` lines write it: Q1 and base64 of SHA-1."""
    return b"Q1" + b64encode(sha1(data, usedforsecurity=False).digest())


def _files(stanza: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield path and digest ("" if there is none) of every file of a block."""
    folder, file, digest = b"", b"", b""
    for letter, value in _FILES.findall(stanza):
        if letter == b"Z":
            digest = value
            continue
        if file:
            yield file, digest
        file, digest = b"", b""
        if letter == b"F":
            folder = value
        else:
            file = folder + b"/" + value if folder else value
    if file:
        yield file, digest


def _stanzas(data: bytes) -> Iterator[bytes]:
    """Yield the packages' blocks; an empty line parts them."""
    return (stanza for stanza in data.split(b"\n\n") if stanza.strip())


def _header(stanza: bytes) -> dict[bytes, bytes]:
    """Return the fields that stand before the list of files."""
    return dict(_FIELDS.findall(stanza.partition(b"\nF:")[0]))


def _package(path: str, stanza: bytes) -> Reading:
    """Return one block's package."""
    fields = {letter: text(value.strip()) for letter, value in _header(stanza).items()}
    if not fields.get(b"P"):
        return Reading(problems=(damaged(path, "a block names no package"),))
    return record(
        "apk",
        fields[b"P"],
        fields.get(b"V", ""),
        path,
        source=(fields.get(b"o", ""), ""),
        architecture=fields.get(b"A", ""),
        licenses=(fields.get(b"L", ""),),
    )
