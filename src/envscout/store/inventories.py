"""Keep what was found in an image, and match it."""

from envscout.model import Image, Inventory
from envscout.store import findings, images
from envscout.store.database import Connection
from envscout.store.findings import Score


def keep(connection: Connection, image: Image, found: Inventory, at: int, score: Score) -> int:
    """Keep an image with its inventory, match what is new in it; return its number. Needs the write lock."""
    image_id, fresh = images.put(connection, image, found, at)
    findings.match_packages(connection, fresh, at, score)
    return image_id
