"""The audit log: what was done, by whom; and whether all of it is still as it was written."""

import contextlib
from collections.abc import Iterator

import msgspec

from envscout.access import chain
from envscout.access.principal import Principal
from envscout.model.entry import GENESIS, Entry
from envscout.store import Connection, Database, audit, now

MOST = 1_000
MAX_FAULTS = 100


class Act(msgspec.Struct, frozen=True):
    """What somebody is about to do. target: what to, in words that hold no secret. organization: whose it is."""

    who: Principal
    operation: str
    target: str = ""
    request_id: str = ""
    organization: str = ""


class Verified(msgspec.Struct, frozen=True):
    """What came of looking through the log. head: hash of the last entry. faults: at most 100."""

    entries: int
    head: str
    faults: tuple[str, ...]


def listed(
    database: Database, organization: str = "", after: int = 0, most: int = MOST, before: int | None = None
) -> list[Entry]:
    """Return entries with numbers above one, in their order: of an organization, "" for all. most: up to 1000.

    before: those with numbers below another one, instead, the newest first; 0: from the newest of all.
    """
    with database.read() as connection:
        if before is not None:
            return audit.newest(connection, organization, max(before, 0), min(max(most, 1), MOST))
        return audit.entries(connection, organization, max(after, 0), min(max(most, 1), MOST))


def verify(database: Database, anchor: str = "") -> Verified:
    """Look through the whole log. anchor: a hash of an entry that was kept elsewhere, and must be in it."""
    number, head = 0, GENESIS
    found: list[str] = []
    is_anchored = anchor in ("", GENESIS)
    with database.read() as connection:
        while page := audit.entries(connection, after=number):
            found += list(chain.faults(page, number, head))[: MAX_FAULTS - len(found)]
            is_anchored = is_anchored or any(each.hash == anchor for each in page)
            number, head = page[-1].number, page[-1].hash
    if not is_anchored:
        found.append(f"no entry has the hash {anchor[:64]}: entries are missing at the end, or all were replaced")
    return Verified(number, head, tuple(found))


@contextlib.contextmanager
def witnessed(database: Database, *acts: Act) -> Iterator[None]:
    """Append what somebody does, or several do, to the log, in the first transaction that changes anything for it."""
    is_told = False

    def witness(connection: Connection) -> None:
        nonlocal is_told
        if not is_told:
            audit.append(connection, [_entry(act, "done") for act in acts], chain.sealed)
            is_told = True

    database.witness = witness
    try:
        yield
    finally:
        database.witness = None


def tell(database: Database, act: Act, outcome: str) -> None:
    """Append that somebody was refused something, or failed at it; not where the store is busy for long."""

    def append() -> None:
        with database.write_at_once() as connection:
            if connection is not None:
                audit.append(connection, [entry], chain.sealed)

    entry = _entry(act, outcome)
    # Within what is undone because of the refusal, the entry would be undone, too.
    database.outside(append)


def _entry(act: Act, outcome: str) -> Entry:
    who = act.who
    return Entry(
        0, now(), who.subject, who.role, act.organization, act.operation, act.target[:1_000], act.request_id, outcome
    )
