"""Reading some members of one feed: what a worker process does. Its arguments and results are plain bytes."""

import gc
from pathlib import Path

import msgspec

from envscout.advisories import osv
from envscout.advisories.archive import BrokenMemberError
from envscout.advisories.batch import digest
from envscout.advisories.members import Contents, Source
from envscout.model import Advisory, Problem


class Task(msgspec.Struct, frozen=True):
    """Members of one feed. members: (name, digest stored for the record of that name or b"", source)."""

    path: str
    members: tuple[tuple[str, bytes, Source], ...]


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of them. records: (member name, digest, advisory). unchanged, failed: names of members."""

    records: list[tuple[str, bytes, Advisory]]
    unchanged: list[str]
    failed: list[str]
    problems: list[Problem]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Outcome).decode


def run(task: Task) -> Outcome:
    """Read members; those whose bytes are as stored are not parsed. Raises FeedError where the feed is gone."""
    outcome = Outcome([], [], [], [])
    with Contents(Path(task.path)) as contents:
        for name, stored, source in task.members:
            try:
                data = contents.read(source)
                mark = digest(data)
                if mark == stored:
                    outcome.unchanged.append(name)
                else:
                    outcome.records.append((name, mark, osv.parse(data)))
            except (BrokenMemberError, osv.NotARecordError) as error:
                outcome.failed.append(name)
                outcome.problems.append(Problem("broken-record", f"left out: {error}"[:500], name))
    return outcome


def run_packed(task: Task) -> bytes:
    """Do `run` in another process, its outcome as bytes."""
    # Records form no cycles, and this process does nothing else: looking for cycles took a tenth of its time.
    gc.disable()
    return _encode(run(task))


def unpack(data: bytes) -> Outcome:
    """Return what `run_packed` packed."""
    return _decode(data)
