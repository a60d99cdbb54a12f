"""The audit log: entries are appended in the transaction that they tell of."""

from collections.abc import Callable, Iterable

from envscout.model.entry import GENESIS, Entry
from envscout.store.database import Connection, queries
from envscout.store.sql import listed

_SQL = queries("audit")

Seal = Callable[[Entry, int, str], Entry]
"""An entry, its number and the hash of the one before -> the entry sealed (access.chain.sealed)."""


def append(connection: Connection, entries: Iterable[Entry], sealed: Seal) -> None:
    """Append entries, sealed. Needs the write lock, which keeps the chain in one piece."""
    number, previous = connection.execute(_SQL["last"]).fetchone() or (0, GENESIS)
    chain: list[Entry] = []
    for each in entries:
        chain.append(sealed(each, int(number) + len(chain) + 1, chain[-1].hash if chain else previous))
    connection.execute(_SQL["append"], {"rows": listed(chain)})


def entries(connection: Connection, organization: str = "", after: int = 0, most: int = 1_000) -> list[Entry]:
    """Return entries in their order, those of an organization ("" = all) with higher numbers than one."""
    values = {"organization": organization, "after": after, "most": most}
    return [Entry(*row) for row in connection.execute(_SQL["rows"], values)]


def newest(connection: Connection, organization: str = "", before: int = 0, most: int = 1_000) -> list[Entry]:
    """Return entries, the newest first, those of an organization ("" = all) with lower numbers than one (0: of all)."""
    values = {"organization": organization, "before": before, "most": most}
    return [Entry(*row) for row in connection.execute(_SQL["newest"], values)]
