"""What of a file is kept: not its bytes but what its cataloguer read in them, so that layers stay small in memory."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from envscout.inventory import claims
from envscout.inventory.record import Reading, damaged
from envscout.inventory.select import selector
from envscout.model import File

if TYPE_CHECKING:
    from envscout.inventory.executables.probe import Probe

MAX_READ = 32 << 20
"""Bytes of a file that is read, unless its row says that it may be large: no list of packages is as long."""


def kinds(*, projects: bool) -> Callable[[str], str]:
    """Return a function that names the cataloguer of a path, "" where nobody reads it. projects: lock files as well."""
    return selector(projects=projects).kind


def kind(path: str, *, projects: bool) -> str:
    """Return the name of the cataloguer that reads one path, "" where nobody does."""
    return selector(projects=projects).kind(path)


def reduce(path: str, data: bytes, *, projects: bool) -> bytes:
    """Return what is kept of a file that a cataloguer wants: its Reading, encoded."""
    row = selector(projects=projects).row(path)
    if not row:
        return b""
    if len(data) > MAX_READ and not row.large:
        said = damaged(path, f"it has {len(data):,} bytes; at most {MAX_READ:,} are read")
        return pack(path, data, Reading(problems=(said,)))
    return pack(path, data, row.read(path, data))


def prober() -> "Callable[[str, bytes, int], Probe | None]":
    """Return who looks into files whose names say nothing: given path, first bytes and size, a probe or None."""
    from envscout.inventory.executables.probe import probe

    return probe


def pack(path: str, data: bytes, reading: Reading) -> bytes:
    """Encode a reading of these bytes."""
    if reading.records and not any(record.type in DISTRIBUTED for record in reading.records):
        reading = msgspec.structs.replace(reading, sums=claims.sums(path, data))
    return _encode(reading)


def unpack(kept: bytes) -> Reading:
    """Return a reading that was packed."""
    return _decode(kept)


def statements(files: Iterable[File]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of the VEX documents that a container sees, given what `reduce` kept of its files."""
    for file in files:
        row = selector(projects=True).row(file.path)
        if row and row.name == "vex" and file.contents:
            document = unpack(file.data).document
            if document:
                yield file.path, document


DISTRIBUTED = frozenset({"deb", "apk", "rpm", "alpm", "ebuild"})
"""purl types of packages of distributions; other packages may be owned by one of these."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Reading).decode
