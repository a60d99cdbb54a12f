"""How far what answers rest on has come: where all of it is the same, so are they. Triggers count it."""

import msgspec

from envscout.store.database import FOREVER, Connection, queries

_SQL = queries("generations")


class Generations(msgspec.Struct, frozen=True):
    """known: feeds, exceptions, VEX, policies. images: what is in any. ran: what runs anywhere, and what is in it.

    environments: the same of single environments, by their numbers.
    """

    known: int
    images: int
    ran: int
    environments: tuple[tuple[int, int], ...]


def generations(connection: Connection, organization: str = "", environment: str = "") -> Generations:
    """Return the present ones. environment: which is asked about, "" for none."""
    asked = {"organization": organization, "environment": environment}
    rows = connection.execute(_SQL["generations"], asked).fetchall()
    single = {kind: number for kind, env_id, number in rows if not env_id}
    return Generations(
        single["known"],
        single["images"],
        single["ran"],
        tuple((env_id, number) for _, env_id, number in rows if env_id),
    )


def next_turn(connection: Connection, now: int, max_age: int) -> int:
    """Return the first moment after now at which answers change though nothing is written. max_age: microseconds."""
    row = connection.execute(_SQL["next_turn"], {"now": now, "age": max_age}).fetchone()
    return int(row[0]) if row and row[0] is not None else FOREVER
