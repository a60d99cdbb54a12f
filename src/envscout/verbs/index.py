"""Look into an image: read it once, keep its inventory, and never read the same digest again."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from envscout import images, inventory, sbom
from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.findings.severity import best_score
from envscout.model import Content, File, Image, Inventory
from envscout.names.reference import Reference
from envscout.store import Database, findings, now
from envscout.store import images as stored_images

Progress = Callable[[int, int], None]
"""Called with bytes read so far and bytes in all (0 where that is not known)."""

MAX_SBOM_BYTES = 256 * 1024 * 1024


class Indexed(msgspec.Struct, frozen=True):
    """An image the store knows the content of. fresh: it was read just now, not found in the store."""

    image_id: int
    image: Image
    packages: int
    fresh: bool


def index(
    database: Database,
    reference: Reference,
    *,
    platform: str = "",
    archive_ref: str = "",
    on_progress: Progress | None = None,
) -> Indexed:
    """Return the stored image a reference names, reading it first if its digest is new. Raise SourceError, NotFound."""
    if reference.prefix == "sbom":
        return _keep(database, *_from_sbom(reference))
    with images.open_image(reference, platform=platform, archive_ref=archive_ref) as opened:
        known = _known(database, opened.image.digest)
        if known:
            return known
        contents = opened.read(lambda path: bool(inventory.kind(path, projects=False)), on_progress)
        files = [
            File(file.path, tuple(Content(c.layer, inventory.reduce(file.path, c.data)) for c in file.contents))
            for file in contents.files
        ]
        found = inventory.build(files, contents.problems)
        return _keep(database, opened.image, found)


def resolve(reference: Reference, *, platform: str = "") -> Image:
    """Return the digest of an image without looking into it; what cannot be reached is named by its reference."""
    try:
        return images.resolve(reference, platform=platform)
    except (SourceError, NotFound):
        return Image(digest=reference.digest or f"unresolved:{reference.canonical}", platform=platform)


def _known(database: Database, digest: str) -> Indexed | None:
    """Return the image of a digest, unless reading it again may show more: with other cataloguers, or all layers."""
    if not digest:
        return None
    with database.read() as connection:
        stored = stored_images.find(connection, digest)
        if stored is None or stored.indexed_at is None or stored.tools != inventory.TOOLS:
            return None
        if any(problem.code == "damaged-layer" for problem in stored.problems):
            return None
        packages = stored_images.inventory_of(connection, stored).packages
    return Indexed(stored.image_id, stored.image, len(packages), fresh=False)


def _keep(database: Database, image: Image, found: Inventory) -> Indexed:
    if not image.digest:
        # What has no manifest is named by what is in it, and by what could not be read: that must not pass for whole.
        digest = hashlib.sha256(msgspec.json.encode(found)).hexdigest()
        image = msgspec.structs.replace(image, digest=f"sha256:{digest}")
    with database.write() as connection:
        at = now()
        image_id, fresh = stored_images.put(connection, image, found, at)
        findings.match_packages(connection, fresh, at, best_score)
    return Indexed(image_id, image, len(found.packages), fresh=True)


def _from_sbom(reference: Reference) -> tuple[Image, Inventory]:
    data = _read_bounded(reference.location)
    found, subject = sbom.read(data)
    # The digest that a document claims is not believed: it must not stand for an image that we looked into ourselves.
    return msgspec.structs.replace(subject.image, digest=""), found


def _read_bounded(location: str) -> bytes:
    try:
        if location in ("", "-"):
            if sys.stdin is None:
                raise SourceError("there is no SBOM on standard input: it is closed", "name a file: sbom://FILE")
            data = sys.stdin.buffer.read(MAX_SBOM_BYTES + 1)
        else:
            with Path(location).open("rb") as file:
                data = file.read(MAX_SBOM_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read the SBOM {location}: {error.strerror}", "check the path") from error
    if len(data) > MAX_SBOM_BYTES:
        raise LimitExceeded(f"the SBOM {location or 'on stdin'} is larger than {MAX_SBOM_BYTES >> 20} MiB")
    return data
