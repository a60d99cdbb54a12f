"""What time alone changes: exceptions that end, or are about to; feeds that were applied since."""

from collections.abc import Iterable

from envscout.store.database import Connection, queries

_SQL = queries("lapse")


def ended(connection: Connection, since: int, until: int) -> list[int]:
    """Return the exceptions that ended by themselves after a moment and up to another."""
    return [row[0] for row in connection.execute(_SQL["ended"], {"since": since, "until": until})]


def expiring(connection: Connection, since: int, until: int) -> list[int]:
    """Return the exceptions that will end between two moments, of which nobody was told."""
    return [row[0] for row in connection.execute(_SQL["expiring"], {"since": since, "until": until})]


def put_told(connection: Connection, exception_ids: Iterable[int], at: int) -> None:
    """Write down that somebody was told that exceptions will end."""
    connection.executemany(_SQL["put_told"], [(number, at) for number in exception_ids])


def last_run(connection: Connection) -> int:
    """Return when a feed was applied last."""
    return int(connection.execute(_SQL["last_run"]).fetchone()[0])
