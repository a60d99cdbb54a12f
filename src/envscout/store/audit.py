"""The audit log: entries are appended in the transaction that they tell of."""

from collections.abc import Callable

import msgspec

from envscout.model.entry import GENESIS, Entry
from envscout.store.database import Connection, queries

_SQL = queries("audit")

Seal = Callable[[Entry, int, str], Entry]
"""An entry, its number and the hash of the one before -> the entry sealed (access.chain.sealed)."""


def append(connection: Connection, entry: Entry, sealed: Seal) -> Entry:
    """Append an entry; return it sealed. Needs the write lock, which keeps the chain in one piece."""
    number, previous = connection.execute(_SQL["last"]).fetchone() or (0, GENESIS)
    whole = sealed(entry, int(number) + 1, previous)
    connection.execute(_SQL["append"], msgspec.structs.asdict(whole))
    return whole


def entries(connection: Connection, organization: str = "", after: int = 0, most: int = 1_000) -> list[Entry]:
    """Return entries in their order, those of an organization ("" = all) with higher numbers than one."""
    values = {"organization": organization, "after": after, "most": most}
    return [Entry(*row) for row in connection.execute(_SQL["rows"], values)]
