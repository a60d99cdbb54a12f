"""What the store keeps, and giving back what nobody needs."""

import msgspec

from envscout.store import Database, layers, vex
from envscout.store import images as stored_images


class Usage(msgspec.Struct, frozen=True):
    """Inventories that no record names, layers kept, and the size of the store on disk in bytes."""

    store: str
    store_bytes: int
    layers: int
    layer_bytes: int
    unused: tuple[stored_images.UnusedImage, ...]


class Pruned(msgspec.Struct, frozen=True):
    """How many images and layers were forgotten, and the bytes the store shrank by."""

    images: int
    layers: int
    bytes: int


def usage(database: Database) -> Usage:
    """Return what could be pruned."""
    with database.read() as connection:
        unused = tuple(stored_images.unused(connection))
        count, size = layers.usage(connection)
    return Usage(database.name, database.size(), count, size, unused)


def prune(database: Database) -> Pruned:
    """Forget images that no record names, everything only they held, and what is kept of layers."""
    before = database.size()
    with database.write() as connection:
        unused = stored_images.unused(connection)
        stored_images.drop(connection, [each.image_id for each in unused])
        vex.forget_orphans(connection)
        count, _ = layers.usage(connection)
        layers.evict(connection, 0)
    database.compact()
    return Pruned(len(unused), count, max(0, before - database.size()))
