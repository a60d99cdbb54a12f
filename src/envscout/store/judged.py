"""What policies say of what runs in each environment, counted: computed aside, for those who watch over many."""

from collections.abc import Mapping

import msgspec

from envscout.store.database import Connection, queries

_SQL = queries("judged")
SETTLED = 15 * 60 * 1_000_000
"""Microseconds for which a count stands, whatever is written meanwhile: to judge takes long, and many write often."""
OLD = 6 * 3600 * 1_000_000
"""After which it is made anew though nothing was written: images and advisories age."""


class Count(msgspec.Struct, frozen=True):
    """What one policy says: of how many images, and of how many that they meet it. Unknown is not met."""

    policy: str
    title: str
    evaluated: int
    compliant: int


class Due(msgspec.Struct, frozen=True):
    """An environment that is to be judged, and the generations that the judgement will rest on."""

    env_id: int
    organization: str
    name: str
    known: int
    ran: int


class Judged(msgspec.Struct, frozen=True):
    """An environment that was judged. at: microseconds."""

    organization: str
    environment: str
    at: int
    counts: tuple[Count, ...]


class Images(msgspec.Struct, frozen=True):
    """What of one environment was judged. at: microseconds.

    failing: of each image, by its number, ids of the policies that it does not meet, or is not known to.
    """

    at: int
    failing: Mapping[int, tuple[str, ...]]


def due(connection: Connection, at: int) -> Due | None:
    """Return the environment that is to be judged next, None where all that is kept still holds."""
    row = connection.execute(_SQL["due"], {"old": at - OLD, "settled": at - SETTLED}).fetchone()
    return Due(*row) if row else None


def put(
    connection: Connection, judged: Due, at: int, counts: tuple[Count, ...], failing: Mapping[int, tuple[str, ...]]
) -> None:
    """Keep what policies say of an environment. failing: see `Images`."""
    said, images = (msgspec.json.encode(each).decode() for each in (counts, failing))
    row = {"env_id": judged.env_id, "known": judged.known, "ran": judged.ran, "at": at}
    connection.execute(_SQL["put"], {**row, "policies": said, "images": images})


def images(connection: Connection, organization: str, environment: str) -> Images | None:
    """Return what policies said last of each image of an environment, None where nobody judged it yet.

    organization: "" where no other one has an environment of that name.
    """
    asked = {"organization": organization, "environment": environment}
    found = connection.execute(_SQL["images"], asked).fetchall()
    if len(found) != 1:
        return None
    return Images(found[0][0], msgspec.json.decode(found[0][1], type=dict[int, tuple[str, ...]]))


def judged(connection: Connection, organization: str = "") -> list[Judged]:
    """Return what policies said last of every environment. organization: "" for all."""
    rows = connection.execute(_SQL["all"], {"organization": organization})
    return [Judged(owner, name, at, _counts(said)) for owner, name, at, said in rows]


def _counts(said: str) -> tuple[Count, ...]:
    return msgspec.json.decode(said, type=tuple[Count, ...])
