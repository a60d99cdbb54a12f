"""Feeds of OSV records on disk -> batches of advisories, in one process or several.

A member's name is mostly `<id>.json`; then an unchanged record costs no more than unpacking and hashing it. Members of
other names are held back to the end of the feed, where those of one id are merged. Nobody knows the id of one that
cannot be read, unless it is named after a stored record: then no stored record leaves the feed this time.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from envscout.advisories.batch import Batch, merge
from envscout.advisories.members import Source, list_members
from envscout.advisories.pool import Pool
from envscout.advisories.sources import Feed
from envscout.advisories.work import Outcome, Task
from envscout.errors import FeedError
from envscout.model import Advisory, Problem

_MEMBERS = 500
_BYTES = 4 << 20

Known = Callable[[Feed], Mapping[str, bytes]]
"""id -> digest of the records that are stored of a feed, b"" for one that has left it."""


def read(feeds: Iterable[Feed], known: Known, workers: int = 0) -> Iterator[Batch]:
    """Yield the records of OSV feeds (their locations are paths), feed by feed; the last batch of each says `done`.

    known is asked once per feed. workers: processes beside this one, 0 for none. They are started by "spawn", and only
    where there is work for them. A feed that cannot be read ends with `Batch.error`, and the next one goes on.
    Raises FeedError where a worker process was ended from outside.
    """
    with Pool(workers) as pool:
        waiting: deque[tuple[_Reading, Callable[[], Outcome] | None]] = deque()
        for feed in feeds:
            reading = _Reading(feed, known(feed))
            for task in reading.tasks():
                waiting.append((reading, pool.submit(task)))
                while len(waiting) > pool.ahead:
                    yield _settle(*waiting.popleft())
            waiting.append((reading, None))
        while waiting:
            yield _settle(*waiting.popleft())


def _settle(reading: "_Reading", outcome: Callable[[], Outcome] | None) -> Batch:
    return reading.finish() if outcome is None else reading.take(outcome)


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".json")


class _Reading:
    """One feed while it is read."""

    def __init__(self, feed: Feed, known: Mapping[str, bytes]) -> None:
        self._feed = feed
        self._known = known
        self._total = 0
        self._error: FeedError | None = None
        self._shared: set[str] = set()
        self._held: dict[str, list[tuple[str, bytes, Advisory]]] = defaultdict(list)
        self._given: set[str] = set()
        self._kept: set[str] = set()
        self._nameless = 0
        self._read = 0

    def tasks(self) -> Iterator[Task]:
        """List the feed's members in handy parts."""
        try:
            members = list(list_members(Path(self._feed.location)))
        except FeedError as error:
            self._error = error
            return
        self._total = len(members)
        stems = [_stem(name) for name, _, _ in members]
        self._shared = {stem for stem, count in Counter(stems).items() if count > 1}
        part: list[tuple[str, bytes, Source]] = []
        size = 0
        for stem, (name, length, source) in zip(stems, members, strict=True):
            part.append((name, b"" if stem in self._shared else self._known.get(stem, b""), source))
            size += length
            if len(part) >= _MEMBERS or size >= _BYTES:
                yield Task(self._feed.location, tuple(part))
                part, size = [], 0
        if part:
            yield Task(self._feed.location, tuple(part))

    def take(self, outcome: Callable[[], Outcome]) -> Batch:
        """Turn what became of a part into a batch; what may have to be merged is held back."""
        if self._error is not None:
            return Batch(self._feed.name, total=self._total)
        try:
            done = outcome()
        except FeedError as error:
            self._error = error
            return Batch(self._feed.name, total=self._total)
        records = []
        for name, digest, advisory in done.records:
            if advisory.id == _stem(name) and advisory.id not in self._shared:
                records.append((advisory, digest))
            else:
                self._held[advisory.id].append((name, digest, advisory))
        unchanged = [_stem(name) for name in done.unchanged]
        kept = {stem for name in done.failed if self._known.get(stem := _stem(name))}
        self._nameless += sum(_stem(name) not in self._known for name in done.failed)
        self._kept |= kept
        self._given.update(unchanged, (advisory.id for advisory, _ in records))
        self._read += len(done.records) + len(done.unchanged)
        size = len(done.records) + len(done.unchanged) + len(done.failed)
        return Batch(
            self._feed.name, tuple(records), (*unchanged, *kept), tuple(done.problems), members=size, total=self._total
        )

    def finish(self) -> Batch:
        """Merge what was held back, and keep what may be in what could not be read."""
        if self._error is None and not self._read:
            text = f"{self._feed.location} holds no record that could be read"
            self._error = FeedError(text, "fetch the feed again")
        if self._error is not None:
            return Batch(self._feed.name, total=self._total, done=True, error=self._error)
        records, left, problems = [], [], []
        for id_, parts in self._held.items():
            if id_ in self._kept:
                continue
            if id_ in self._given:
                problems.append(_twice(id_, parts))
                continue
            advisory, digest = merge([(advisory, digest) for _, digest, advisory in parts])
            if self._known.get(id_) == digest:
                left.append(id_)
            else:
                records.append((advisory, digest))
        if unseen := self._unseen():
            problems.append(_kept_back(len(unseen), self._nameless))
            left += unseen
        return Batch(self._feed.name, tuple(records), tuple(left), tuple(problems), total=self._total, done=True)

    def _unseen(self) -> list[str]:
        """Return the ids of stored records that were not met, if one may be in a member that could not be read."""
        if not self._nameless:
            return []
        stored = {id_ for id_, digest in self._known.items() if digest}
        return sorted(stored - self._given - self._kept - self._held.keys())


def _twice(id_: str, parts: Iterable[tuple[str, bytes, Advisory]]) -> Problem:
    names = ", ".join(name for name, _, _ in parts)
    return Problem("duplicate-id", f"left out, as {id_}.json holds the record of that id: {names}"[:500], id_)


def _kept_back(records: int, members: int) -> Problem:
    text = (
        f"{records} stored records that were not met stay, for {members} members that could not be read may hold them"
    )
    return Problem("kept-records", text)
