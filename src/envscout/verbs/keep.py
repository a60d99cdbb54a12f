"""What the store keeps, and giving back what nobody needs."""

from pathlib import Path

import msgspec

from envscout.store import Database
from envscout.store import images as stored_images


class Usage(msgspec.Struct, frozen=True):
    """Inventories that no record names, and the size of the store on disk in bytes."""

    store: str
    store_bytes: int
    unused: tuple[stored_images.UnusedImage, ...]


class Pruned(msgspec.Struct, frozen=True):
    """How many images were forgotten, and the bytes the store shrank by."""

    images: int
    bytes: int


def usage(database: Database) -> Usage:
    """Return what could be pruned."""
    with database.read() as connection:
        unused = tuple(stored_images.unused(connection))
    return Usage(str(database.path), _size(database.path), unused)


def prune(database: Database) -> Pruned:
    """Forget images that no record names, and everything only they held."""
    before = _size(database.path)
    with database.write() as connection:
        unused = stored_images.unused(connection)
        stored_images.drop(connection, [each.image_id for each in unused])
    database.compact()
    return Pruned(len(unused), max(0, before - _size(database.path)))


def _size(path: Path) -> int:
    return sum(part.stat().st_size for part in (path, path.with_name(path.name + "-wal")) if part.exists())
