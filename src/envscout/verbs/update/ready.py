"""A feed on its way into the store, and what became of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from envscout.advisories.bundles.manifest import Entry
from envscout.advisories.sources import Feed
from envscout.errors import FeedError
from envscout.names.address import shown
from envscout.store.advisories import Change

Progress = Callable[[str, int, int], None]
"""Called with what is done at the moment, how many records of it are done, and how many there are (0: not known)."""


class FeedResult(msgspec.Struct, frozen=True):
    """What an update did to one feed. error: why it was left as it was, "" if it was not. problems: in this reading.

    size: bytes that were fetched. after: seconds that its server asked us to wait.
    """

    name: str
    location: str
    records: int = 0
    change: Change = Change()
    unchanged: bool = False
    problems: int = 0
    error: str = ""
    next_step: str = ""
    size: int = 0
    after: float = 0.0


class Ready(msgspec.Struct):
    """A feed whose bytes are on disk, and what is counted while they are read. as_of: the moment it speaks for.

    entry: what it is in the bundle that brings it. every: microseconds within which the next state is promised.
    """

    feed: Feed
    path: Path
    as_of: int
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    same: bool = False
    feed_id: int = 0
    before: dict[str, bytes] = {}
    seen: set[str] = set()
    staged: set[str] = set()
    problems: int = 0
    size: int = 0
    rows: Sequence[tuple[Any, ...]] = ()
    newest: int = 0
    entry: Entry | None = None
    every: int = 0


def failure(feed: Feed, error: FeedError) -> FeedResult:
    """Return what became of a feed that was left as it was."""
    name = feed.name or shown(feed.location)
    return FeedResult(name, feed.location, error=error.cause, next_step=error.next_step, after=error.after)
