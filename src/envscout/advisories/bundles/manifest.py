"""What a bundle says of itself, and the bounds of it. Pure.

A file, all numbers big-endian:

    "envscout bundle 1\\n"     18 bytes
    length of the manifest    4 bytes
    manifest                  JSON, see `Manifest`
    signature                 1 byte: 0 = none; 1 = Ed25519, then 32 bytes public key, 64 bytes signature
    parts                     zstd, one frame each, one after the other in the order of the manifest

What is signed is the first line and the manifest (`signed`). The manifest holds the SHA-256 of every part, so
nothing can be changed, left out, added or moved.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from typing import Literal

import msgspec

from envscout.errors import FeedError

MAGIC = b"envscout bundle 1\n"
MEDIA_TYPE = "application/vnd.envscout.advisories.v1"
MAX_MANIFEST = 8 << 20
MAX_FILE = 2 << 30
MAX_PARTS = 20_000
MAX_PACKED = 64 << 20
MAX_PLAIN = 96 << 20
MAX_ROWS = 1 << 18
MAX_HELD = 1 << 30
MAX_TOTAL = 32 << 30
MAX_FEEDS = 500
MAX_PASSED = 100_000
NEXT_STEP = "have the bundle made and brought again"

_SEQUENCE = re.compile(r"[0-9a-f]{32}")
_READER = re.compile(r"[a-z]{1,20}-[0-9]{1,9}")
_FARTHEST = 250_000_000_000_000_000
"""Microseconds since 1970, in the year 9892: what lies beyond is no date."""

Holds = Literal["records", "gone", "problems", "epss", "kev", "cve"]


class Part(msgspec.Struct, frozen=True):
    """One frame. holds: what is in it; packed, plain: bytes; sha256: of the packed ones, in hex."""

    holds: Holds
    packed: int
    plain: int
    sha256: str


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One feed. source: where it was fetched from; as_of: when (microseconds). records: that stand in all of it.
    newest: of them, or what the facts say they are of.

    since: the generation that this continues from, 0 where the feed is whole. content: of facts, the digest of their
    parts; where they are what they were at `since`, they have none.
    """

    name: str
    kind: Literal["osv", "epss", "kev", "cve"]
    source: str
    as_of: int
    records: int
    newest: int = 0
    since: int = 0
    content: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """Tell whether these are facts that are as they were."""
        return self.kind != "osv" and not self.parts and self.since > 0


class Manifest(msgspec.Struct, frozen=True):
    """What is in a bundle. sequence: whose states these are; generation: which of them (microseconds, rising).

    reader: the version of the parser that the records were read with. every: microseconds within which the next one is
    promised, 0 where nothing is. passed: the generations between since and this one that the store went through,
    rising; of more than MAX_PASSED, the newest.
    """

    sequence: str
    generation: int
    since: int
    reader: str
    every: int
    feeds: tuple[Entry, ...]
    passed: tuple[int, ...] = ()

    @property
    def as_of(self) -> int:
        """Return the oldest moment that a feed in it is of."""
        return min((each.as_of for each in self.feeds), default=0)


_decoder = msgspec.json.Decoder(Manifest)


def encode(manifest: Manifest) -> bytes:
    """Return the bytes of a manifest: the same for the same."""
    return msgspec.json.encode(manifest, order="deterministic")


def decode(data: bytes) -> Manifest:
    """Return a manifest whose numbers are all within their bounds. Raises FeedError."""
    try:
        found = _decoder.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise FeedError(f"the manifest of the bundle cannot be read: {error}", NEXT_STEP) from error
    wrong = next(_wrong(found), "")
    if wrong:
        raise FeedError(f"the manifest of the bundle is not within its bounds: {wrong}", NEXT_STEP)
    return found


def signed(manifest: bytes) -> bytes:
    """Return what is signed."""
    return MAGIC + manifest


def content(parts: tuple[Part, ...]) -> str:
    """Return the digest of what some parts hold."""
    return sha256(":".join(part.sha256 for part in parts).encode()).hexdigest()


def _wrong(manifest: Manifest) -> Iterator[str]:
    """Yield what is out of bounds."""
    if not _SEQUENCE.fullmatch(manifest.sequence):
        yield "sequence"
    if not _READER.fullmatch(manifest.reader):
        yield "reader"
    if not all(0 <= number < _FARTHEST for number in (manifest.generation, manifest.since, manifest.every)):
        yield "generation"
    if not _is_rising((manifest.since, *manifest.passed, manifest.generation)) or len(manifest.passed) > MAX_PASSED:
        yield "passed"
    if not 0 < len(manifest.feeds) <= MAX_FEEDS or len({each.name for each in manifest.feeds}) < len(manifest.feeds):
        yield "feeds"
    parts = [part for each in manifest.feeds for part in each.parts]
    if len(parts) > MAX_PARTS or sum(part.plain for part in parts) > MAX_TOTAL:
        yield "parts"
    yield from ("a part" for part in parts if not _is_bounded(part))
    yield from (f"the feed {each.name[:100]!r}" for each in manifest.feeds if not _is_sound(each, manifest.since))


def _is_rising(moments: tuple[int, ...]) -> bool:
    return all(one < other for one, other in pairwise(moments))


def _is_bounded(part: Part) -> bool:
    return 0 < part.packed <= MAX_PACKED and 0 <= part.plain <= MAX_PLAIN and len(part.sha256) == 64


def _is_sound(entry: Entry, since: int) -> bool:
    numbers = (entry.as_of, entry.records, entry.newest)
    held = {part.holds for part in entry.parts} - {"problems"}
    # Records alone are stored as they are read.
    whole = sum(part.plain for part in entry.parts if part.holds != "records")
    return (
        all(0 <= number < _FARTHEST for number in numbers)
        and entry.since in (0, since)
        and whole <= MAX_HELD
        and held <= ({"records", "gone"} if entry.kind == "osv" else {entry.kind})
        and _is_named(entry)
    )


def _is_named(entry: Entry) -> bool:
    if entry.kind != "osv":
        return entry.name == entry.kind
    return entry.name.startswith("osv:") and len(entry.name) <= 300 and entry.name.isprintable()
