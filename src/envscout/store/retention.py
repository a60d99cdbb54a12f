"""Forgetting what is old: one function for each kind of thing, so many at a time."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from envscout.store import images, vex
from envscout.store.database import Connection, queries

_SQL = queries("retention")


class Kind(NamedTuple):
    """What can be forgotten. Both take a moment, before which things are old; `forget` also takes how many at most.

    left: return how many there are.
    """

    forget: Callable[[Connection, int, int], int]
    left: Callable[[Connection, int], int]


def _rows(name: str) -> Kind:
    """Return how rows are forgotten that nothing else refers to."""

    def forget(connection: Connection, before: int, most: int) -> int:
        return connection.execute(_SQL[name], {"before": before, "most": most}).rowcount

    def count(connection: Connection, before: int) -> int:
        return int(connection.execute(_SQL[f"count_{name}"], {"before": before}).fetchone()[0])

    return Kind(forget, count)


def _unused(connection: Connection, before: int) -> list[int]:
    return [each.image_id for each in images.unused(connection) if (each.indexed_at or 0) < before]


def _drop_images(connection: Connection, before: int, most: int) -> int:
    """Forget images that no environment names or ever named, with all that only they held."""
    unused = _unused(connection, before)[:most]
    if unused:
        images.drop(connection, unused)
        vex.forget_orphans(connection)
    return len(unused)


KINDS: Mapping[str, Kind] = {
    "requests": _rows("requests"),
    "feed_runs": _rows("feed_runs"),
    "images": Kind(_drop_images, lambda connection, before: len(_unused(connection, before))),
}
"""What may be forgotten, each by the setting `retain_<name>_days`."""
