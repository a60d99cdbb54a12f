"""News: appended in the transaction that made them happen, read after a cursor, forgotten when they are old."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from envscout.model import News, NewsFacts
from envscout.store.database import Connection, queries

_SQL = queries("news")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(NewsFacts).decode
NOTIFY = "notify"
"""The reader that makes messages of news."""

KEEP = 90 * 24 * 3600 * 1_000_000
"""Microseconds that news are kept."""

MOST = 2_000_000
"""News that are kept, however young."""

FORGOTTEN_AT_ONCE = 20_000


Values = tuple[str | int, ...]


class Window(msgspec.Struct, frozen=True):
    """Where and when. organization: "" for any. since, until: microseconds. kinds: of news."""

    environment: str
    organization: str
    since: int
    until: int
    kinds: tuple[str, ...]


class Entry(msgspec.Struct, frozen=True):
    """News with their number, which is also the cursor that comes after them."""

    news_id: int
    news: News


def append(connection: Connection, entries: Iterable[News]) -> int:
    """Append what happened; return how much that was. Needs the write lock."""
    return append_values(connection, [values(each) for each in entries])


def append_values(connection: Connection, rows: Sequence[Values]) -> int:
    """Do so with what `values` made of it, which takes longer than to write it."""
    if rows:
        connection.executemany(_SQL["append"], rows)
    return len(rows)


def after(
    connection: Connection, cursor: int, organization: str = "", environments: Collection[str] = (), limit: int = 1000
) -> list[Entry]:
    """Return what was written after a cursor (0: the beginning), the oldest first.

    organization: "" for all, else what concerns it, which includes what concerns all. environments: () for any.
    """
    values = {
        "cursor": cursor,
        "organization": organization,
        "environments": "\n".join(("", *environments, "")) if environments else "",
        "line": "\n",
        "limit": limit,
    }
    return [_entry(*row) for row in connection.execute(_SQL["after"], values)]


def between(connection: Connection, window: Window, limit: int) -> list[Entry]:
    """Return what happened in a window, the newest first."""
    asked = msgspec.structs.asdict(window) | {"kinds": "\n".join(("", *window.kinds, "")), "line": "\n", "limit": limit}
    return [_entry(*row) for row in connection.execute(_SQL["between"], asked)]


def newest(connection: Connection) -> int:
    """Return the number of the last news, 0 if there are none."""
    return int(connection.execute(_SQL["newest"]).fetchone()[0])


def oldest(connection: Connection) -> int:
    """Return the number of the first news that are kept, 0 if there are none: who reads from before it missed some."""
    return int(connection.execute(_SQL["oldest"]).fetchone()[0])


def cursor(connection: Connection, reader: str) -> int:
    """Return how far a reader has come."""
    row = connection.execute(_SQL["cursor"], {"reader": reader}).fetchone()
    return int(row[0]) if row else 0


def advance(connection: Connection, reader: str, news_id: int) -> None:
    """Note how far a reader has come, never less than before. Needs the write lock."""
    connection.execute(_SQL["advance"], {"reader": reader, "news_id": news_id})


def forget(connection: Connection, at: int, keep: int = KEEP, most: int = MOST) -> int:
    """Forget some of what is too old or too much; return how much that was. Needs the write lock."""
    young = connection.execute(_SQL["kept_from"], {"before": at - keep}).fetchone()
    last = newest(connection)
    first = max(int(young[0]) if young else last + 1, last - most + 1)
    return connection.execute(_SQL["forget"], {"first": first, "limit": FORGOTTEN_AT_ONCE}).rowcount


def values(one: News) -> Values:
    """Return news as they are kept."""
    return (
        one.at, one.organization, one.environment, one.service, one.kind, one.vulnerability, one.severity, one.digest,
        one.reference, one.direction, one.cause, _encode(one.facts).decode(),
    )  # fmt: skip


def _entry(
    news_id: int, at: int, organization: str, environment: str, service: str, kind: str, vulnerability: str,
    severity: str, digest: str, reference: str, direction: str, cause: str, document: str,
) -> Entry:  # fmt: skip
    news = News(
        kind=kind,  # type: ignore[arg-type]  # only what `append` took is in the table
        at=at,
        organization=organization,
        environment=environment,
        service=service,
        vulnerability=vulnerability,
        severity=severity,
        digest=digest,
        reference=reference,
        direction=direction,  # type: ignore[arg-type]
        cause=cause,  # type: ignore[arg-type]
        facts=_decode(document),
    )
    return Entry(news_id, news)
