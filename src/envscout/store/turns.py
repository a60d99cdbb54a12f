"""The moments at which what is known of images changes."""

from envscout.store.database import Connection, queries

_SQL = queries("turns")


def moments(connection: Connection, age: int) -> list[int]:
    """Return them in order. age: microseconds after which what a feed said is stale."""
    return [int(row[0]) for row in connection.execute(_SQL["moments"], {"age": age})]
