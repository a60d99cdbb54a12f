"""What happened, after a cursor: for whoever keeps up with it."""

import msgspec

from envscout.errors import UsageError
from envscout.store import Database, news
from envscout.store.news import Entry, Window

MOST = 1_000


class Changes(msgspec.Struct, frozen=True):
    """What happened, the oldest first. next: the cursor after it. missed: some is forgotten that came after the cursor.

    more: there is more already.
    """

    items: tuple[Entry, ...]
    next: int
    missed: bool = False
    more: bool = False


def after(
    database: Database, organization: str = "", environment: str = "", after: int | None = None, most: int = 100
) -> Changes:
    """Return what happened after a cursor; None: only where the end is. Raise UsageError."""
    if not 1 <= most <= MOST or not 0 <= (after or 0) < 1 << 62:
        raise UsageError("no such page", f"ask for 1 to {MOST} after the `next` of the page before")
    with database.read() as connection:
        newest, oldest = news.newest(connection), news.oldest(connection)
        if after is None:
            return Changes((), newest)
        names = (environment,) if environment else ()
        found = news.after(connection, after, organization, names, most + 1)
    shown = tuple(found[:most])
    last = shown[-1].news_id if len(found) > most else max(newest, after if after <= newest else 0)
    return Changes(shown, last, missed=after > newest or (oldest > 0 and after < oldest - 1), more=len(found) > most)


def between(
    database: Database, environment: str, kinds: tuple[str, ...], since: int, until: int, organization: str = ""
) -> list[Entry]:
    """Return what happened in an environment from a moment to another, the newest first: 1,000 at most."""
    with database.read() as connection:
        return news.between(connection, Window(environment, organization, since, until, kinds), MOST)


def newest(database: Database) -> int:
    """Return the cursor of the end."""
    with database.read() as connection:
        return news.newest(connection)
