"""What time alone changes: exceptions that end, or are about to; feeds that were applied since; marks of all that."""

from collections.abc import Iterable

from envscout.store import standing
from envscout.store.database import FOREVER, Connection, queries

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


def mark_distribution(connection: Connection, distribution: str) -> None:
    """Mark the services that run images of a distribution, as JSON."""
    connection.execute(_SQL["mark_distribution"], {"distribution": distribution, "forever": FOREVER})


def mark_unserved(connection: Connection) -> None:
    """Mark the services of which nothing could be said for want of a feed."""
    standing.next_turn(connection)
    connection.execute(_SQL["mark_unserved"])


def mark_exploited(connection: Connection, since: str, until: str) -> None:
    """Mark what is in the catalog of exploited vulnerabilities from the days after one until another, YYYY-MM-DD."""
    connection.execute(_SQL["mark_exploited_since"], {"since": since, "until": until})


def distributions(connection: Connection) -> list[str]:
    """Return the distributions of what runs, as JSON."""
    return [row[0] for row in connection.execute(_SQL["distributions"], {"forever": FOREVER})]
