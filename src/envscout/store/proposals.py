"""Exceptions that somebody asked for, until somebody else decides: kept with what was decided."""

from typing import NamedTuple

import msgspec

from envscout.store.database import Connection, queries

_SQL = queries("proposals")


class Kept(NamedTuple):
    """What was asked for, as JSON. decided_at: microseconds, None while nobody decided. why: of who refused."""

    number: int
    organization: str
    environment: str
    document: str
    asked_at: int
    asked_by: str
    decided_at: int | None
    decided_by: str
    approved: bool
    why: str


class Decision(msgspec.Struct, frozen=True):
    """Who decided what, and when."""

    at: int
    actor: str
    approved: bool
    why: str = ""


def put(connection: Connection, organization: str, environment: str, document: str, at: int, actor: str) -> int:
    """Keep what somebody asks for; return its number. Needs the write lock."""
    row = {"organization": organization, "environment": environment, "document": document, "at": at, "actor": actor}
    return int(connection.execute(_SQL["put"], row).fetchone()[0])


def listed(connection: Connection, number: int = 0, *, every: bool = False) -> list[Kept]:
    """Return what waits for somebody's decision; every: what was decided on, too. number: of the only one wanted."""
    row = {"number": number, "every": int(every), "tenant": connection.tenant}
    return [Kept._make((*each[:8], bool(each[8]), each[9])) for each in connection.execute(_SQL["listed"], row)]


def waiting(connection: Connection) -> int:
    """Return how many wait, of everybody."""
    return int(connection.execute(_SQL["waiting"]).fetchone()[0])


def decide(connection: Connection, number: int, decision: Decision) -> bool:
    """Keep what was decided; return False where somebody was faster. Needs the write lock."""
    row = {"number": number, **msgspec.structs.asdict(decision), "approved": int(decision.approved)}
    return connection.execute(_SQL["decide"], row).rowcount == 1
