"""Forget what the rules of retention no longer keep. What ran where, and when, is never forgotten."""

from collections.abc import Mapping

import msgspec

from envscout.config import Settings
from envscout.store import Database, now
from envscout.store.retention import KINDS

_DAY = 24 * 3600 * 1_000_000
BATCH = 500
"""Things of a kind that one transaction forgets, so that other writers need not wait for long."""
BATCHES = 20


class Swept(msgspec.Struct, frozen=True):
    """What was forgotten of one kind, or would be. days: for how long it is kept; 0 for ever."""

    kind: str
    days: int
    forgotten: int


class Sweep(msgspec.Struct, frozen=True):
    """What one sweep did. more: something is left for the next."""

    kinds: tuple[Swept, ...]
    more: bool = False


def rules(settings: Settings) -> dict[str, int]:
    """Return for how many days each kind is kept, 0 for ever."""
    return {kind: int(settings.get(f"retain_{kind}_days")) for kind in KINDS}


def sweep(database: Database, days: Mapping[str, int] | None = None, *, dry_run: bool = False) -> Sweep:
    """Forget what is older than the rules say, in small transactions. days: other rules than those of the settings."""
    at, found, more = now(), [], False
    chosen = rules(Settings()) if days is None else days
    for kind in KINDS:
        kept = chosen.get(kind, 0)
        if kept <= 0:
            found.append(Swept(kind, 0, 0))
            continue
        before = at - kept * _DAY
        if dry_run:
            with database.read() as connection:
                found.append(Swept(kind, kept, KINDS[kind].left(connection, before)))
            continue
        count, is_left = _forget(database, kind, before)
        found.append(Swept(kind, kept, count))
        more = more or is_left
    return Sweep(tuple(found), more)


def _forget(database: Database, kind: str, before: int) -> tuple[int, bool]:
    """Forget what is old of one kind; return how many, and whether some may be left."""
    count = 0
    for _ in range(BATCHES):
        with database.read() as connection:
            if not KINDS[kind].left(connection, before):
                return count, False
        with database.write() as connection:
            done = KINDS[kind].forget(connection, before, BATCH)
        count += done
    return count, True
