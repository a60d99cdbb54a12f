"""Exceptions: what somebody decided not to count, added and removed but never changed."""

import msgspec

from envscout.model import Product, Statement
from envscout.store import findings
from envscout.store.database import FOREVER, Connection, queries
from envscout.store.standing import mark_names

_SQL = queries("exceptions")


class Entry(msgspec.Struct, frozen=True):
    """An exception as it is kept. removed_at: microseconds, None while nobody took it back."""

    number: int
    statement: Statement
    added_by: str
    removed_at: int | None = None
    removed_by: str = ""
    removed_why: str = ""


def add(connection: Connection, statement: Statement, actor: str, at: int) -> int:
    """Keep an exception about one vulnerability and one product; return its number. Needs the write lock."""
    (product,) = statement.products
    row = {
        "vulnerability": statement.names[0],
        "kind": statement.kind,
        "justification": statement.justification,
        "owner": statement.who,
        "reason": statement.why,
        "organization": product.organization,
        "environment": product.environment,
        "service": product.service,
        "digest": product.digest,
        "package": "\n".join(product.packages),
        "until": statement.until,
        "on_fix": statement.on_fix,
        "on_kev": statement.on_kev,
    }
    number = int(connection.execute(_SQL["put"], row).fetchone()[0])
    _say(connection, number, "added", at, actor, "")
    mark_names(connection, findings.resolve(connection, statement.names[0]))
    return number


def remove(connection: Connection, number: int, actor: str, reason: str, at: int) -> None:
    """Take an exception back; needs the write lock. The moment is moved forward where the clock ran backwards."""
    (last,) = connection.execute(_SQL["last_moment"], {"exception_id": number}).fetchone()
    _say(connection, number, "removed", max(at, last + 1), actor, reason)
    for each in entries(connection, number=number, removed=True):
        mark_names(connection, findings.resolve(connection, each.statement.names[0]))


def _say(connection: Connection, number: int, action: str, at: int, actor: str, reason: str) -> None:
    row = {"exception_id": number, "action": action, "at": at, "actor": actor, "reason": reason}
    connection.execute(_SQL["put_event"], row)


def entries(connection: Connection, at: int | None = None, number: int = 0, *, removed: bool = False) -> list[Entry]:
    """Return the exceptions that had been added at a moment (None: now), those taken back by then only if asked for.

    number: of the only one that is wanted.
    """
    row = {"at": FOREVER if at is None else at, "all": removed, "exception_id": number, "tenant": connection.tenant}
    return [_entry(*each) for each in connection.execute(_SQL["entries"], row)]


def standing(connection: Connection, at: int | None = None) -> list[Statement]:
    """Return what nobody had taken back at a moment (None: now); it may have ended by itself."""
    return [each.statement for each in entries(connection, at)]


def _entry(
    number: int, vulnerability: str, kind: str, justification: str, owner: str, reason: str, organization: str,
    environment: str, service: str, digest: str, package: str, until: int | None, on_fix: int, on_kev: int,
    added_at: int, added_by: str, removed_at: int | None, removed_by: str | None, removed_why: str | None,
) -> Entry:  # fmt: skip
    statement = Statement(
        source="exception",
        kind=kind,
        names=(vulnerability,),
        products=(
            Product(
                organization=organization,
                environment=environment,
                service=service,
                digest=digest,
                packages=tuple(package.split("\n")) if package else (),
            ),
        ),
        who=owner,
        why=reason,
        justification=justification,
        at=added_at,
        until=until,
        on_fix=bool(on_fix),
        on_kev=bool(on_kev),
        where=str(number),
        place="store",
    )
    return Entry(number, statement, added_by, removed_at, removed_by or "", removed_why or "")
