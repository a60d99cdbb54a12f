"""Keep what somebody else looked into: an inventory that was made where the image is, or a document about it."""

import hashlib

import msgspec

from envscout.errors import LimitExceeded, SourceError, UsageError
from envscout.model import Image, Inventory
from envscout.names.reference import valid_digest
from envscout.store import Database, inventories, now
from envscout.store import images as stored_images

MAX_DOCUMENT = 64 << 20
MAX_PACKAGES = 200_000


class Uploaded(msgspec.Struct, frozen=True):
    """An image whose content is kept now. fresh: it was not before. packages: how many it holds."""

    digest: str
    packages: int
    fresh: bool


def inventory(database: Database, image: Image, inventory: Inventory) -> Uploaded:
    """Keep an inventory of an image, by the digest that is said. Raise UsageError, LimitExceeded."""
    if not valid_digest(image.digest):
        raise UsageError("the image has no digest", "say which it is: sha256:...")
    return _keep(database, image, inventory)


def document(database: Database, data: bytes) -> Uploaded:
    """Keep what an SBOM says (CycloneDX, SPDX, syft, or ours), under a digest that is made of it. Raise UsageError."""
    from envscout import sbom

    if len(data) > MAX_DOCUMENT:
        raise LimitExceeded(f"the SBOM is larger than {MAX_DOCUMENT >> 20} MiB")
    try:
        found, subject = sbom.read(data)
    except LimitExceeded:
        raise
    except SourceError as error:
        raise UsageError(error.cause, error.next_step) from error
    # The digest that a document claims is not believed: it must not stand for an image that was looked into.
    digest = hashlib.sha256(msgspec.json.encode(found)).hexdigest()
    return _keep(database, msgspec.structs.replace(subject.image, digest=f"sha256:{digest}"), found)


def _keep(database: Database, image: Image, found: Inventory) -> Uploaded:
    from envscout.findings.severity import best_score

    if len(found.packages) > MAX_PACKAGES:
        raise LimitExceeded(f"the inventory holds more than {MAX_PACKAGES} packages")
    with database.write() as connection:
        stored = stored_images.find(connection, image.digest)
        if stored and stored.indexed_at is not None and stored.tools == found.tools:
            return Uploaded(image.digest, len(found.packages), fresh=False)
        inventories.keep(connection, image, found, now(), best_score)
    return Uploaded(image.digest, len(found.packages), fresh=True)
