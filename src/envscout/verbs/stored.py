"""Images by their digests, as the store knows them."""

import msgspec

from envscout.errors import NotFound
from envscout.model import Distribution, Image, Problem
from envscout.store import Database, images


class Stored(msgspec.Struct, frozen=True):
    """An image. indexed_at: microseconds, None where nobody looked into it: what is in it is unknown then."""

    image_id: int
    image: Image
    indexed_at: int | None
    distribution: Distribution | None
    problems: tuple[Problem, ...]
    tools: tuple[str, ...]


def by_digest(database: Database, digest: str) -> Stored:
    """Return an image; where an index is named, the newest that it led to. Raise NotFound."""
    with database.read() as connection:
        found = images.find(connection, digest) or next(iter(images.known_as(connection, digest)), None)
    if found is None:
        raise NotFound(f"there is no image {digest[:200]}", "upload its inventory, or record where it runs")
    return Stored(**{field: getattr(found, field) for field in Stored.__struct_fields__})
