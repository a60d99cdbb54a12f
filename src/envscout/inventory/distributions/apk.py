"""The package database of Alpine and its kin: one file of one-letter fields (apk-tools, installed database)."""

import re
from binascii import a2b_base64
from collections.abc import Iterator
from itertools import chain

from envscout.inventory.claims import claimable
from envscout.inventory.record import Claim, Reading, damaged, merged, record, text

_FIELDS = re.compile(rb"^([PVAoL]):([^\r\n]*)", re.M)
_FILES = re.compile(rb"^([FRZ]):([^\r\n]*)", re.M)


def read(path: str, data: bytes) -> Reading:
    """Return the packages of an installed database."""
    readings = (_package(path, stanza) for stanza in _stanzas(data))
    is_cut = bool(data) and not data.endswith(b"\n")
    cut = (damaged(path, "the last line is cut short; packages may be missing"),) if is_cut else ()
    return merged(chain((Reading(problems=cut),), readings))


def _claims(stanza: bytes, name: str, architecture: str) -> Iterator[Claim]:
    """Yield the files of a block that could be evidence; `Z:` lines are Q1 and base64 of SHA-1."""
    for file, digest in _files(stanza):
        path = text(file)
        if claimable(path):
            known = _sha1(digest)
            yield Claim("apk", name, architecture, path, "sha1" if known else "", known)


def _sha1(digest: bytes) -> str:
    try:
        return a2b_base64(digest.removeprefix(b"Q1")).hex() if digest.startswith(b"Q1") else ""
    except ValueError:
        return ""


def _files(stanza: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield path and digest ("" if there is none) of every file of a block."""
    folder, file, digest = b"", b"", b""
    for letter, value in map(re.Match.groups, _FILES.finditer(stanza)):
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
    name, architecture = fields[b"P"], fields.get(b"A", "")
    found = record(
        "apk",
        name,
        fields.get(b"V", ""),
        path,
        source=(fields.get(b"o", ""), ""),
        architecture=architecture,
        licenses=(fields.get(b"L", ""),),
    )
    return Reading(found.records, found.problems, tuple(dict.fromkeys(_claims(stanza, name, architecture))))
