"""Names that the store knows, for a shell that completes them: read only, at once, and nothing where that cannot be."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import quote

from envscout.errors import StoreError, UsageError
from envscout.store.database import Connection, Place, queries
from envscout.store.sql import Values

LIMIT = 100
"""Most names that are told: more than a person reads, and no more than a shell shows without asking."""

# Seconds to wait for a lock; readers need none while others write.
_PATIENCE = 0.05
# Seconds to wait for a server; the driver takes no fewer.
_SECONDS = 2


class Wanted(NamedTuple):
    """What a name begins with, and what it belongs to; "" = all."""

    prefix: str = ""
    environment: str = ""
    organization: str = ""


Ask = Callable[[str, Wanted], list[str]]
"""A query of known.sql, what is wanted -> names in order."""


def known(store: Place) -> Ask:
    """Return a function that asks a store. It makes no store, changes none, and raises nothing for one that is broken.

    Of too many names it tells the first and the last, so that what all of them begin with can still be seen.
    """
    rows = _of_server if isinstance(store, str) else _of_file

    def ask(query: str, wanted: Wanted) -> list[str]:
        return [name for (name,) in rows(store, queries("known")[query], _values(wanted, ""))]

    return ask


def told(connection: Connection, query: str, wanted: Wanted) -> list[str]:
    """Return what a query tells whoever has the store open."""
    return [name for (name,) in connection.execute(queries("known")[query], _values(wanted, connection.tenant))]


def _values(wanted: Wanted, tenant: str) -> Values:
    return {**wanted._asdict(), "end": f"{wanted.prefix}\U0010ffff", "limit": LIMIT, "tenant": tenant}


def _of_file(store: Place, query: str, values: Values) -> list[Any]:
    address = f"file:{quote(str(store))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None)) as connection:
            return connection.execute(query, values).fetchall()
    except sqlite3.Error:
        return []


def _of_server(store: Place, query: str, values: Values) -> list[Any]:
    try:
        from envscout.store import postgresql

        with postgresql.translated(str(store)), closing(postgresql.connect(str(store), _SECONDS)) as connection:
            return connection.execute(query, values).fetchall()
    except (StoreError, UsageError):
        return []
