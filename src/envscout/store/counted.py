"""Numbers of each environment, counted over its history: computed aside, as that takes long where much runs."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from envscout.model import Counted, Numbers
from envscout.store.database import FOREVER, Connection, queries
from envscout.store.sql import listed

_SQL = queries("counted")
SETTLED = 10 * 1_000_000
"""Microseconds for which a count stands, whatever is written meanwhile."""
OLD = 6 * 3600 * 1_000_000
"""After which it is made anew though nothing was written: what is open ages."""


class Due(NamedTuple):
    """An environment that is to be counted, and the generations that the count will rest on."""

    env_id: int
    organization: str
    name: str
    known: int
    ran: int


class Said(NamedTuple):
    """What was said last of an environment."""

    organization: str
    environment: str
    service: str
    reference: str
    at: int
    actor: str
    action: str


def due(connection: Connection, at: int) -> Due | None:
    """Return the environment that is to be counted next, None where all that is kept still holds."""
    row = connection.execute(_SQL["due"], {"old": at - OLD, "settled": at - SETTLED}).fetchone()
    return Due(*row) if row else None


def put(connection: Connection, counted: Due, at: int, numbers: Numbers) -> None:
    """Keep the numbers of an environment."""
    row = {"env_id": counted.env_id, "known": counted.known, "ran": counted.ran, "at": at}
    connection.execute(_SQL["put"], {**row, "document": msgspec.json.encode(numbers).decode()})


def counted(connection: Connection, organization: str = "") -> list[Counted]:
    """Return what was counted last of every environment. organization: "" for all."""
    rows = connection.execute(_SQL["all"], {"organization": organization})
    return [
        Counted(owner, name, created, at, bool(fresh), msgspec.json.decode(text, type=Numbers) if text else None)
        for owner, name, created, at, text, fresh in rows
    ]


def stays(connection: Connection, env_id: int, since: int) -> list[tuple[int, int, int | None]]:
    """Return number, begin and end (None: it runs) of images that ran in an environment since a moment."""
    rows = connection.execute(_SQL["stays"], {"env_id": env_id, "since": since})
    return [(image_id, begin, None if end == FOREVER else end) for image_id, begin, end in rows]


def times(connection: Connection) -> tuple[dict[int, int], dict[int, int]]:
    """Return since when each vulnerability was public, and since when it is known here."""
    rows = connection.execute(_SQL["times"]).fetchall()
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}


def last_said(connection: Connection, organization: str = "") -> list[Said]:
    """Return what was said last of every environment. organization: "" for all."""
    return [Said(*row) for row in connection.execute(_SQL["last"], {"organization": organization})]


class Ran(NamedTuple):
    """An image in a service from since until (None: it runs)."""

    organization: str
    environment: str
    service: str
    platform: str
    image_id: int
    reference: str
    since: int
    until: int | None
    actor: str


def stays_of(connection: Connection, image_ids: Iterable[int], organization: str, most: int) -> list[Ran]:
    """Return where some images ran and run, the latest first; organization: "" for all."""
    asked = {"images": listed(list(image_ids)), "organization": organization, "most": most}
    rows = connection.execute(_SQL["stays_of"], asked)
    return [Ran._make((*row[:7], None if row[7] == FOREVER else row[7], row[8])) for row in rows]


def times_of(connection: Connection, name: str) -> tuple[int, int] | None:
    """Return since when a vulnerability was public, and since when it is known here; None where no record stands."""
    public, known = connection.execute(_SQL["times_of"], {"name": name}).fetchone()
    return None if known is None else (public, known)


class Recorded(NamedTuple):
    """An image as it was recorded, when that was last, and in how many places it runs so."""

    reference: str
    digest: str
    at: int
    running: int


def recorded(connection: Connection, prefix: str, organization: str, environment: str, most: int) -> list[Recorded]:
    """Return images whose reference begins so, the latest first; organization, environment: "" for all."""
    asked = {"begin": prefix, "end": f"{prefix}\U0010ffff", "organization": organization, "environment": environment}
    rows = connection.execute(_SQL["recorded"], {**asked, "forever": FOREVER, "most": most, "window": 10 * most})
    return [Recorded(*row) for row in rows]
