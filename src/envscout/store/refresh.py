"""How it goes with each feed: when it was asked for, when again, what was refused of it. Trouble is told once."""

from collections.abc import Iterable

import msgspec

from envscout.model import AsOf, News, NewsFacts
from envscout.store import news, tasks
from envscout.store.database import Connection, queries

_SQL = queries("refresh")
FARTHEST = 2 * 24 * 3600 * 1_000_000
"""Microseconds for which no feed waits to be asked for."""


class Health(msgspec.Struct, frozen=True):
    """One feed. Moments are microseconds, 0 = never. failures: in a row. took: microseconds.

    told: somebody was told of its trouble. stale: it is older than it may be. due: not to be asked before.
    """

    name: str
    location: str
    attempted_at: int = 0
    succeeded_at: int = 0
    problem: str = ""
    failures: int = 0
    told: bool = False
    stale: bool = False
    due: int = 0
    bytes: int = 0
    took: int = 0
    held_until: int = 0


class Quarantine(msgspec.Struct, frozen=True):
    """A document that was not applied. digest: of it as it is read. lost: of the records before."""

    name: str
    location: str
    digest: str
    etag: str
    last_modified: str
    at: int
    records: int
    before: int
    lost: int
    reason: str
    released_at: int = 0


def health(connection: Connection) -> list[Health]:
    """Return every feed that was ever refreshed."""
    return [_health(*row) for row in connection.execute(_SQL["health"])]


def _health(name: str, location: str, attempted: int, succeeded: int, problem: str, *rest: int) -> Health:
    failures, told, stale, *times = rest
    return Health(name, location, attempted, succeeded, problem, failures, bool(told), bool(stale), *times)


def take(connection: Connection, feeds: Iterable[tuple[str, str]], holder: str, at: int, until: int) -> list[str]:
    """Take those feeds (name, location) that are due and that nobody else holds; return their names.

    holder: a worker. What one held that was killed is free, and so is what it itself could not let go of before.
    """
    taken = []
    times = {"at": at, "until": until, "far": at + FARTHEST, "since": at - tasks.ALIVE}
    for name, location in feeds:
        connection.execute(_SQL["know"], {"name": name, "location": location})
        if connection.execute(_SQL["take"], {"name": name, "holder": holder, **times}).rowcount:
            taken.append(name)
    return taken


def let_go(connection: Connection, holder: str) -> None:
    """Hold nothing any more."""
    connection.execute(_SQL["let_go"], {"holder": holder})


def succeed(connection: Connection, name: str, location: str, size: int, took: int, at: int) -> None:
    """Write down that a feed was applied, or had not changed; tell it where there was trouble."""
    before = _known(connection, name, location)
    connection.execute(_SQL["succeed"], {"name": name, "bytes": size or before.bytes, "took": took, "at": at})
    if before.told:
        news.append(connection, [_news("feed-recovered", "better", name, "it can be read again", at)])


def fail(connection: Connection, name: str, location: str, problem: str, took: int, at: int) -> int:
    """Write down that a feed could not be applied; tell it the first time. Return how often that was, in a row."""
    before = _known(connection, name, location)
    connection.execute(_SQL["fail"], {"name": name, "problem": problem[:2_000], "took": took, "at": at})
    if not before.told:
        news.append(connection, [_news("feed-trouble", "worse", name, problem, at)])
    return before.failures + 1


def _known(connection: Connection, name: str, location: str) -> Health:
    connection.execute(_SQL["know"], {"name": name, "location": location})
    return next(each for each in health(connection) if each.name == name)


def _news(kind: str, direction: str, name: str, text: str, at: int) -> News:
    facts = NewsFacts(about=name, text=text[:1_000])
    return News(kind=kind, at=at, direction=direction, cause="feed", facts=facts)  # type: ignore[arg-type]


def postpone(connection: Connection, name: str, due: int) -> None:
    """Write down when a feed is to be asked for again."""
    connection.execute(_SQL["postpone"], {"name": name, "due": due})


def hurry(connection: Connection) -> None:
    """Have every feed asked for at the next opportunity."""
    connection.execute(_SQL["hurry"])


def grow_stale(connection: Connection, at: int, max_age: int) -> int:
    """Tell which feeds have become older than they may be, once; return how many. max_age: microseconds."""
    told = 0
    for name, stale, as_of, every in connection.execute(_SQL["ages"]).fetchall():
        bound = AsOf(as_of, every).lasts(max_age)
        is_stale = at - as_of > bound
        if is_stale != bool(stale):
            connection.execute(_SQL["grow_stale"], {"name": name, "stale": int(is_stale)})
            kind, way = ("unknown-coverage", "worse") if is_stale else ("feed-recovered", "better")
            text = f"its advisories are older than {_span(bound)}" if is_stale else "it is up to date"
            told += news.append(connection, [_news(kind, way, name, text, at)])
    return told


def _span(microseconds: int) -> str:
    hours = microseconds // 3_600_000_000
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"


def quarantined(connection: Connection) -> dict[str, Quarantine]:
    """Return what was not applied, by the name of the feed."""
    return {row[0]: Quarantine(*row) for row in connection.execute(_SQL["quarantined"])}


def put_quarantine(connection: Connection, refused: Quarantine) -> None:
    """Write down a document that was not applied."""
    connection.execute(_SQL["put_quarantine"], msgspec.structs.asdict(refused))


def release(connection: Connection, name: str, at: int) -> bool:
    """Say that a document is to be applied all the same; return whether there was one."""
    return connection.execute(_SQL["release"], {"name": name, "at": at}).rowcount > 0


def clear_quarantine(connection: Connection, name: str) -> None:
    """Forget what was refused of a feed: another document was applied."""
    connection.execute(_SQL["clear_quarantine"], {"name": name})
