"""What reading a feed gives, and the merging of records that stand in several members of it. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import msgspec

from envscout.errors import FeedError
from envscout.model import Advisory, Problem

PARSER = b"osv-3"
"""Raised with every change of what `osv.parse` makes of the same bytes, so that stored records are read again."""
_Item = TypeVar("_Item")


class Batch(msgspec.Struct, frozen=True):
    """A part of one feed.

    feed: its name. records: advisories with the digest of what they were read from; no id comes twice in one feed.
    left: ids whose record is to stay as it is stored: unchanged, or unreadable this time. problems: what of the feed
    could not be read (a record's own problems are in the record). members: how many members of the feed's total this
    part stands for. done: it is the feed's last part. error: the feed could not be read to its end; nothing of it
    should be stored.
    """

    feed: str
    records: tuple[tuple[Advisory, bytes], ...] = ()
    left: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    members: int = 0
    total: int = 0
    done: bool = False
    error: FeedError | None = None


def digest(data: bytes) -> bytes:
    """Return the 16 bytes that stand for the content of a member as this version of the parser reads it."""
    return blake2b(data, digest_size=16, person=PARSER).digest()


def file_digest(path: Path) -> str:
    """Return the content address of a feed's file, as this version of the parsers reads it."""
    with path.open("rb") as file:
        return f"{PARSER.decode()}:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def merge(parts: Sequence[tuple[Advisory, bytes]]) -> tuple[Advisory, bytes]:
    """Join records of one id: the union of their ranges and names. The result does not depend on their order."""
    if len(parts) == 1:
        return parts[0]
    ordered = sorted(parts, key=lambda part: part[1])
    advisories = [advisory for advisory, _ in ordered]
    standing = [advisory for advisory in advisories if not advisory.withdrawn]
    first = standing[0] if standing else advisories[0]
    merged = msgspec.structs.replace(
        first,
        aliases=_union(advisory.aliases for advisory in advisories),
        upstream=_union(advisory.upstream for advisory in advisories),
        published=min((a.published for a in advisories if a.published), default=0),
        modified=max(a.modified for a in advisories),
        withdrawn=not standing,
        vectors=_union(advisory.vectors for advisory in standing) or first.vectors,
        references=_union(advisory.references for advisory in advisories),
        ranges=tuple({(r.ecosystem, r.name, r.lo, r.hi): r for a in reversed(standing) for r in a.ranges}.values()),
        problems=_union(advisory.problems for advisory in advisories),
        unassessed=_union(advisory.unassessed for advisory in standing),
    )
    return merged, digest(b"".join(part[1] for part in ordered))


def _union(lists: Iterable[Iterable[_Item]]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(item for items in lists for item in items))
