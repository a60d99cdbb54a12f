"""How far what answers rest on has come: where all of it is the same, so are they. Triggers count it."""

from typing import NamedTuple

import msgspec

from envscout.store.database import FOREVER, Connection, now, queries
from envscout.store.memory import Memory

_SQL = queries("generations")
DAY = 24 * 3600 * 1_000_000


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


class Number(NamedTuple):
    """How far one environment has come."""

    organization: str
    name: str
    env_id: int
    number: int


class Reached(msgspec.Struct, frozen=True):
    """How far everything has come: known, images as above, and every environment, by organization and name."""

    known: int
    images: int
    environments: tuple[Number, ...]


def reached(connection: Connection, organization: str = "", environment: str = "") -> Reached:
    """Return how far everything has come of an organization, or of environments of a name; use inside `read()`.

    organization, environment: "" for all.
    """
    rows = connection.execute(_SQL["reached"], {"organization": organization, "environment": environment}).fetchall()
    single = {kind: number for kind, _, _, env_id, number in rows if not env_id}
    return Reached(single["known"], single["images"], tuple(Number(*row[1:]) for row in rows if row[3]))


def count_known(connection: Connection) -> None:
    """Count that what is known is another thing, where no trigger sees it. Needs the write lock."""
    connection.execute(_SQL["count_known"], {"now": now()})


class Age(NamedTuple):
    """Of what age answers are that rest on what is known alone. Where all of it is the same, so are they.

    turn: the moment at which they change though nothing is written. max_age: of feeds, in days.
    """

    known: int
    turn: int
    day: int
    max_age: int


def age(connection: Connection, memory: Memory, known: int, max_age: int) -> Age:
    """Return the age of answers at this moment. known: the generation."""
    moment = now()
    key = ("turn", known, max_age)
    turn = memory.get(key, lambda: next_turn(connection, moment, max_age * DAY), lambda _: 8)
    if turn <= moment:
        memory.forget(key)
        turn = memory.get(key, lambda: next_turn(connection, moment, max_age * DAY), lambda _: 8)
    return Age(known, turn, moment // DAY, max_age)


def next_turn(connection: Connection, now: int, max_age: int) -> int:
    """Return the first moment after now at which answers change though nothing is written. max_age: microseconds."""
    row = connection.execute(_SQL["next_turn"], {"now": now, "age": max_age}).fetchone()
    return int(row[0]) if row and row[0] is not None else FOREVER
