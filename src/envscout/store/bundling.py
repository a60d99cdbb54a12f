"""What the store holds of feeds, as it could be staged again: records as `advisories.Stage` takes them, and facts."""

import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from envscout.model import Advisory, Problem, Range
from envscout.store.database import FOREVER, Connection, queries
from envscout.store.sql import listed, parts

_SQL = queries("bundling")
_AT_ONCE = 1_000
EVERYTHING = -1
"""Before any moment at which a record was written."""

Record = tuple[Advisory, bytes]


def sequence(connection: Connection) -> str:
    """Return the name of the sequence of states that this store goes through, "" where it was given none."""
    row = connection.execute(_SQL["sequence"]).fetchone()
    return str(row[0]) if row else ""


def name_sequence(connection: Connection) -> str:
    """Return the same, giving it a name where it has none. Needs the write lock."""
    connection.execute(_SQL["put_sequence"], {"value": new_name()})
    return sequence(connection)


def rename_sequence(connection: Connection, name: str) -> None:
    """Give it another name: what was made under the old one is continued no more. Needs the write lock."""
    connection.execute(_SQL["replace_sequence"], {"value": name})


def new_name() -> str:
    """Return a name that no sequence has: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def was_applied_at(connection: Connection, moment: int) -> bool:
    """Tell whether a feed was applied at exactly this moment, so that the store was in that state."""
    return connection.execute(_SQL["was_applied_at"], {"at": moment}).fetchone() is not None


def passed(connection: Connection, since: int, until: int, most: int) -> tuple[int, ...]:
    """Return the moments in between at which a feed was applied, rising; where they are more than most, the newest."""
    found = connection.execute(_SQL["passed"], {"since": since, "until": until, "most": most})
    return tuple(sorted(at for (at,) in found))


def first_run(connection: Connection, feed_id: int) -> int:
    """Return when a feed was first applied."""
    return int(connection.execute(_SQL["first_run"], {"feed_id": feed_id}).fetchone()[0])


def records(connection: Connection, feed_id: int, since: int = EVERYTHING) -> Iterator[Record]:
    """Yield the records of a feed that were written after a moment, in the order of their ids, with their digests.

    What is staged of them leaves the store as it was where they were read from the feed itself.
    """
    problems: dict[str, list[Problem]] = defaultdict(list)
    for record, code, message in connection.execute(_SQL["problems"], {"feed_id": feed_id}).fetchall():
        problems[record].append(Problem(code, message))
    numbers = connection.execute(_SQL["changed"], {"feed_id": feed_id, "since": since}).fetchall()
    for some in parts((number for _, number in numbers), _AT_ONCE):
        yield from _some(connection, some, problems)


def _some(connection: Connection, numbers: list[int], problems: Mapping[str, list[Problem]]) -> Iterator[Record]:
    of = {name: _by_number(connection, name, numbers) for name in ("aliases", "vulnerabilities", "unassessed")}
    ranges = _by_number(connection, "ranges", numbers, forever=FOREVER)
    for number, *row, named, withdrawn in connection.execute(_SQL["records"], {"numbers": listed(numbers)}).fetchall():
        id_, digest, published, modified, severity, vectors, score, summary, details, cwes, refs = row
        names = (of["aliases"][number], of["vulnerabilities"][number])
        # Of a withdrawn record, nothing but that is staged.
        aliases, upstream = ((), ()) if withdrawn else _names(id_, named, *names)
        advisory = Advisory(
            id_, aliases, upstream, published, modified, bool(withdrawn), summary, details, severity,
            tuple(vectors.split()), score, tuple(cwes.split()), tuple(refs.split("\n")) if refs else (),
            tuple(Range(*each) for each in ranges[number]), tuple(problems.get(id_, ())),
            tuple((ecosystem, name) for ecosystem, name in of["unassessed"][number]),
        )  # fmt: skip
        yield advisory, bytes(digest)


def _by_number(connection: Connection, name: str, numbers: list[int], **more: int) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for number, *row in connection.execute(_SQL[name], {"numbers": listed(numbers), **more}):
        found[number].append(tuple(row))
    return found


def _names(
    id_: str, named: bool, aliases: list[tuple[str, bool]], shown: list[tuple[str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return aliases and what a record covers, from which `names.vulnerability.own` makes what it made before."""
    own = tuple(name for name, covers in aliases if not covers)
    if not named:
        return tuple(name for name in own if name != id_), tuple(name for name, covers in aliases if covers)
    return own, tuple(name for (name,) in shown if name != id_ and name not in own)


def gone(connection: Connection, feed_id: int, since: int) -> list[str]:
    """Return the ids of the records that left a feed after a moment, in order."""
    return [row[0] for row in connection.execute(_SQL["gone"], {"feed_id": feed_id, "since": since})]


def problems(connection: Connection, feed_id: int) -> Iterator[Problem]:
    """Yield what of a feed could not be used and stands in no record of it."""
    kept = {id_ for id_, _ in connection.execute(_SQL["changed"], {"feed_id": feed_id, "since": EVERYTHING})}
    for record, code, message in connection.execute(_SQL["problems"], {"feed_id": feed_id}).fetchall():
        if record not in kept:
            yield Problem(code, message, record)


def facts(connection: Connection, kind: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of one kind of facts about CVEs: epss, kev or cve, in the order of their CVEs."""
    for row in connection.execute(_SQL[kind]):
        yield (*row[:3], bool(row[3])) if kind == "kev" else tuple(row)
