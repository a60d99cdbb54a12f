"""Look into an image where it is: read it, and what hangs on it. A store is asked for layers alone."""

import hashlib
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from envscout import images
from envscout.config import SETTINGS
from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.inventory.table import TOOLS
from envscout.model import Document, Hung, Image, Inventory, Looked, Problem
from envscout.names.reference import Reference
from envscout.store import Database, layers, now

if TYPE_CHECKING:
    from envscout.images.attestations import Attached
    from envscout.sbom.attached import Claim

Progress = Callable[[int, int], None]
"""Called with bytes read so far and bytes in all (0 where that is not known)."""

SBOM_SOURCES = ("index", "attached", "both")
"""Who says what is in an image: our own look, an SBOM attached to it, or both."""

LAYER_CACHE_MB = int(SETTINGS["layer_cache_mb"].default)
OURS = (*TOOLS, f"layers@{images.KEPT}")
"""What our own look at an image rests on: an image that was looked at by others is read anew."""

MAX_SBOM_BYTES = 256 * 1024 * 1024


def tools(sbom_source: str) -> tuple[str, ...]:
    """Return what an inventory of a source rests on beside attached SBOMs."""
    return () if sbom_source == "attached" else OURS


def look(
    opened: images.OpenImage,
    reference: Reference,
    *,
    sbom_source: str = "index",
    kept: "Layers | None" = None,
    on_progress: Progress | None = None,
) -> Looked:
    """Return what is in an image. kept: of layers that were read before. Raise SourceError, NotFound."""
    there = _attached(opened, sbom_source)
    types = _types(there) if sbom_source != "index" else None
    claimed = _claim(there, opened.image) if sbom_source != "index" else None
    if sbom_source == "attached":
        return Looked(*_with_provenance(opened.image, there, _instead(claimed, opened, reference)), None, types)
    from envscout.inventory import build, statements

    contents = opened.read(_interest(projects=reference.prefix == "fs"), kept, on_progress)
    found = msgspec.structs.replace(build(contents.files, contents.problems), tools=OURS)
    if claimed:
        from envscout.sbom import attached

        found = attached.beside(found, claimed, opened.image)
    inside = tuple(Document(path, data) for path, data in statements(contents.files))
    return Looked(*_with_provenance(opened.image, there, found), inside, types)


def _types(there: "Attached") -> tuple[str, ...] | None:
    """Return which kinds of documents are at an image, None where not all of them could be looked for."""
    if there.problems:
        return None
    return tuple(dict.fromkeys(word for each in there.documents for word in (each.kind, each.type)))


def hung(opened: images.OpenImage) -> Hung:
    """Look for VEX that hangs on an image, one that is known as well: anybody may have attached something since."""
    if not opened.keeps_attestations:
        return Hung()
    from envscout.images.attestations import UNSAID, VEX

    there = opened.attached((VEX,))
    said = [Document(each.subject, each.data) for each in there.documents if each.kind == VEX]
    other = [Document(each.subject, each.data) for each in there.documents if each.kind == UNSAID]
    return Hung((*said, *filter(partial(_is_vex, opened.image), other)), there.problems)


def _is_vex(image: Image, document: Document) -> bool:
    from envscout.sbom.envelope import opened
    from envscout.vex import Source, read

    return bool(read(document.data, Source("attached", document.path, image.digest), opened).statements)


def stages(opened: images.OpenImage) -> dict[str, Looked]:
    """Return what the builder attached of the stages that an image was built in, by their names; {} for nothing."""
    from envscout.images.attestations import SBOM
    from envscout.sbom import attached

    there = opened.attached((SBOM,))
    documents = [attached.Document(each.subject, each.data) for each in there.documents]
    described = Image(digest="", platform=opened.image.platform)
    return {name: Looked(described, found) for name, found in attached.stages(documents, opened.image).items()}


def _attached(opened: images.OpenImage, sbom_source: str) -> "Attached":
    """Return what hangs on an image: provenance as far as its index names it, and what the source asks for."""
    from envscout.images.attestations import PROVENANCE, SBOM

    wants = sbom_source != "index"
    return opened.attached((SBOM, PROVENANCE) if wants else (PROVENANCE,), everywhere=wants)


def _claim(there: "Attached", image: Image) -> "Claim":
    """Return what attached SBOMs say; the problems on the way to them are of that claim."""
    from envscout.images.attestations import PROVENANCE, SBOM
    from envscout.sbom.attached import Document, claim

    documents = [
        Document(each.subject, each.data, each.kind == SBOM) for each in there.documents if each.kind != PROVENANCE
    ]
    found = claim(documents, image)
    return msgspec.structs.replace(found, problems=(*there.problems, *found.problems))


def _with_provenance(image: Image, there: "Attached", found: Inventory) -> tuple[Image, Inventory]:
    """Return an image with what its provenance says of the images that it was built on."""
    if not there.documents:
        return image, found
    from envscout import sbom
    from envscout.images import base
    from envscout.images.attestations import PROVENANCE

    bases, problems = image.bases, [*found.problems]
    for each in there.documents:
        if each.kind == PROVENANCE:
            try:
                told = sbom.provenance(each.data)
            except SourceError as error:
                message = f"An attached provenance could not be read: {error.cause}"
                problems.append(Problem("unread-provenance", message, each.subject))
                continue
            if not told.attested or {image.digest, image.index_digest} & set(told.attested):
                bases = (*base.from_materials((one.uri, one.digest) for one in told.bases), *bases)
    kept = msgspec.structs.replace(found, problems=tuple(problems))
    return msgspec.structs.replace(image, bases=tuple(dict.fromkeys(bases))), kept


def _instead(claimed: "Claim | None", opened: images.OpenImage, reference: Reference) -> Inventory:
    from envscout.sbom import attached

    if claimed is None or claimed.found is None:
        why = f" ({claimed.problems[0].message.rstrip('.')})" if claimed and claimed.problems else ""
        raise NotFound(
            f"No SBOM that can be used is attached to {reference.familiar}{why}",
            "--sbom-source index looks into the image; engines, archives and directories have no attachments: "
            "use registry:// or oci-dir://",
        )
    return attached.instead(claimed, opened.image)


def _interest(*, projects: bool) -> images.Interest:
    """Return what is read of an image. projects: lock files as well, which tell what a source tree asks for."""
    from envscout.inventory import kinds, prober, reduce

    return images.Interest(kinds(projects=projects), partial(reduce, projects=projects), prober())


class Layers:
    """What a store keeps of layers, as images ask for it; what is new is written when an image was read."""

    def __init__(self, database: Database, bound: int) -> None:
        """Take a store, and the bytes that what is kept may have in it."""
        self._database = database
        self._bound = bound
        self._tools = layer_tools()
        self._used: list[str] = []
        self._fresh: dict[str, bytes] = {}

    def get(self, digest: str) -> bytes | None:
        """Return what is kept of a layer."""
        with self._database.read() as connection:
            found = layers.get(connection, digest, self._tools)
        if found is not None:
            self._used.append(digest)
        return found

    def put(self, digest: str, data: bytes) -> None:
        """Take what was read of a layer."""
        self._fresh[digest] = data

    def write(self) -> None:
        """Keep what is new, as far as there is room."""
        if not self._used and not self._fresh:
            return
        with self._database.write() as connection:
            layers.touch(connection, self._used, self._tools, now())
            layers.put(connection, self._fresh.items(), self._tools, now())
            if self._fresh:
                layers.evict(connection, self._bound)


def layer_tools() -> str:
    """Return one word for all that decides what is kept of a layer."""
    return hashlib.blake2b("\n".join(OURS).encode(), digest_size=8).hexdigest()


def resolve(reference: Reference, *, platform: str = "") -> Image:
    """Return the digest of an image without looking into it; what cannot be reached is named by its reference."""
    try:
        return images.resolve(reference, platform=platform)
    except (SourceError, NotFound):
        return Image(digest=reference.digest or f"unresolved:{reference.canonical}", platform=platform)


def of_sbom(reference: Reference) -> Looked:
    """Return what an SBOM lists. Raise SourceError, LimitExceeded."""
    from envscout import sbom

    found, subject = sbom.read(_read_bounded(reference.location))
    # The digest that a document claims is not believed: it must not stand for an image that we looked into ourselves.
    return Looked(msgspec.structs.replace(subject.image, digest=""), found)


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
