"""Feeds: where advisories came from, how old they are, what of them could not be used; and facts about CVEs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from envscout.model import AsOf
from envscout.store import standing, summaries
from envscout.store.database import FOREVER, Connection, queries

_SQL = queries("feeds")
_Row = TypeVar("_Row", bound=tuple[object, ...])


class FeedState(msgspec.Struct, frozen=True):
    """What lets a later update tell that nothing changed. digest: of the whole file as last applied."""

    feed_id: int
    name: str
    kind: str
    location: str
    etag: str = ""
    last_modified: str = ""
    digest: str = ""


class Run(msgspec.Struct, frozen=True):
    """One feed applied at a moment. as_of: the moment whose knowledge it holds. All times microseconds.

    every: within which its source promised the next state, 0 where it promised nothing.
    """

    feed_id: int
    at: int
    as_of: int
    records: int
    newest: int
    added: int
    changed: int
    withdrawn: int
    every: int = 0


class Trouble(msgspec.Struct, frozen=True):
    """How often one kind of thing could not be used, with an example."""

    code: str
    count: int
    record: str
    message: str


class Status(msgspec.Struct, frozen=True):
    """One feed as `db status` shows it. records: standing ones; newest: their latest change, never in the future."""

    name: str
    kind: str
    location: str
    run: Run
    problems: tuple[Trouble, ...]


def reserve(connection: Connection, name: str, kind: str, location: str) -> int:
    """Return the number of the feed of this name, taking one where it is new. Needs the write lock."""
    row = {"name": name, "kind": kind, "location": location}
    return int(connection.execute(_SQL["reserve"], row).fetchone()[0])


def state_at(connection: Connection, location: str) -> FeedState | None:
    """Return what is known of the feed that last came from this location, None if none did."""
    row = connection.execute(_SQL["state_at"], {"location": location}).fetchone()
    return FeedState(*row) if row else None


def state_of(connection: Connection, name: str) -> FeedState | None:
    """Return what is known of the feed of a name, None if it was never applied."""
    row = connection.execute(_SQL["state_of"], {"name": name}).fetchone()
    return FeedState(*row) if row else None


def last_moment(connection: Connection) -> int:
    """Return when any feed was last applied."""
    return int(connection.execute(_SQL["last_moment"]).fetchone()[0])


def put_state(connection: Connection, state: FeedState) -> None:
    """Remember what the feed was like. Needs the write lock."""
    connection.execute(_SQL["put_state"], msgspec.structs.asdict(state))


def put_run(connection: Connection, run: Run) -> None:
    """Append a run. Needs the write lock."""
    connection.execute(_SQL["put_run"], msgspec.structs.asdict(run))


def osv_totals(connection: Connection, feed_id: int, at: int) -> tuple[int, int]:
    """Return how many records of a feed stand, and when the newest of them changed."""
    records, newest = connection.execute(_SQL["osv_totals"], {"feed_id": feed_id, "at": at}).fetchone()
    return records, newest


def last_totals(connection: Connection, feed_id: int) -> tuple[int, int]:
    """Return records and newest of the last run, zeros if there was none."""
    row = connection.execute(_SQL["last_totals"], {"feed_id": feed_id}).fetchone()
    return row or (0, 0)


def status(connection: Connection, at: int | None = None) -> list[Status]:
    """Return every feed as of a moment."""
    troubles: dict[int, list[Trouble]] = defaultdict(list)
    for feed_id, *row in connection.execute(_SQL["problems"]):
        troubles[feed_id].append(Trouble(*row))
    return [
        Status(name, kind, location, Run(feed_id, *run), tuple(troubles[feed_id]))
        for feed_id, name, kind, location, *run in connection.execute(
            _SQL["status"], {"at": FOREVER if at is None else at}
        )
    ]


def coverage(connection: Connection, at: int | None = None) -> dict[str, AsOf]:
    """Return ecosystem -> moment up to which its advisories were known; an ecosystem without a feed is missing.

    Where several feeds speak of it, the ecosystem's own (`osv:PyPI`) counts; without one, the newest.
    """
    known: dict[str, tuple[bool, AsOf]] = {}
    for ecosystem, feed, as_of, every in connection.execute(
        _SQL["coverage"], {"at": FOREVER - 1 if at is None else at}
    ):
        own = feed == f"osv:{ecosystem.partition(':')[0]}"
        known[ecosystem] = max(known.get(ecosystem, (False, AsOf(0))), (own, AsOf(as_of, every)))
    return {ecosystem: as_of for ecosystem, (_, as_of) in known.items()}


def kinds(connection: Connection, at: int | None = None) -> set[str]:
    """Return which kinds of feeds (osv, epss, kev, cve) were applied by a moment."""
    return {row[0] for row in connection.execute(_SQL["kinds"], {"at": FOREVER - 1 if at is None else at})}


def replace_epss(connection: Connection, rows: Iterable[tuple[str, float, float]]) -> None:
    """Replace all EPSS scores: (cve, score, percentile)."""
    connection.execute(_SQL["drop_epss"])
    connection.executemany(_SQL["put_epss"], _once(rows))
    standing.mark_signals(connection)


def replace_kev(connection: Connection, rows: Iterable[tuple[str, str, str, bool]]) -> None:
    """Replace the known exploited vulnerabilities: (cve, date added, due date, used by ransomware)."""
    connection.execute(_SQL["drop_kev"])
    connection.executemany(_SQL["put_kev"], _once(rows))
    standing.mark_signals(connection)


def replace_cve(connection: Connection, rows: Iterable[tuple[str, str, float | None, str, str, str]]) -> None:
    """Replace facts about CVEs: (cve, description, score, vector, distribution's priority, cwes)."""
    summaries.forget(connection)
    standing.keep_cve(connection)
    connection.execute(_SQL["drop_cve"])
    connection.executemany(_SQL["put_cve"], _once(rows))
    standing.mark_cve(connection)


def replace(connection: Connection, kind: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Replace all facts of one kind: epss, kev or cve."""
    _REPLACE[kind](connection, rows)


_REPLACE: Mapping[str, Callable[[Connection, Iterable[Any]], None]] = {
    "epss": replace_epss,
    "kev": replace_kev,
    "cve": replace_cve,
}


def _once(rows: Iterable[_Row]) -> Iterable[_Row]:
    """Return the last row of each CVE: so they can be put without looking for another one."""
    return {row[0]: row for row in rows}.values()
