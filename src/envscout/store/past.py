"""What ever ran in an environment, as it is kept in memory for as long as nothing changes there."""

from array import array
from collections.abc import Collection, Iterator

import msgspec

from envscout.store.database import FOREVER, Connection, queries
from envscout.store.generations import Number
from envscout.store.memory import Memory

_SQL = queries("counted")
_STAY = 3 * 8
"""Bytes of one."""


class Past(msgspec.Struct, frozen=True):
    """Numbers of the images that ran in one environment, and when each began and ended, in the order of beginnings."""

    organization: str
    name: str
    images: "array[int]"
    since: "array[int]"
    until: "array[int]"

    def spells(self, images: Collection[int]) -> Iterator[tuple[int, int | None]]:
        """Yield begin and end (None: it goes on) of each time in which any of some images ran, the first one first."""
        began, ends = 0, -1
        for image, since, until in zip(self.images, self.since, self.until, strict=True):
            if image in images and until > since:
                if since > ends:
                    if ends >= 0:
                        yield began, ends
                    began, ends = since, until
                elif until > ends:
                    ends = until
        if ends >= 0:
            yield began, None if ends == FOREVER else ends


def past(connection: Connection, memory: Memory, environment: Number) -> Past:
    """Return what ran in an environment; use inside `read()`, with a number that was read there."""
    return memory.get(
        ("past", environment), lambda: _read(connection, environment), lambda made: _STAY * len(made.images)
    )


def _read(connection: Connection, environment: Number) -> Past:
    rows = connection.execute(_SQL["stays"], {"env_id": environment.env_id, "since": 0}).fetchall()
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return Past(environment.organization, environment.name, *(array("q", each) for each in columns))
