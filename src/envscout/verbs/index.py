"""Look into an image: read it once, keep its inventory, and never read the same digest again."""

import hashlib
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from envscout import images
from envscout.config import SETTINGS
from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.inventory.table import TOOLS
from envscout.model import Image, Inventory, Problem
from envscout.names.reference import OFFICIAL, Reference
from envscout.store import Connection, Database, findings, layers, now, policies, repositories, vex
from envscout.store import images as stored_images

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

# What `sha256:0123...`, the id of an image of an engine, is read as.
_BY_ID = f"{OFFICIAL}/sha256"

MAX_SBOM_BYTES = 256 * 1024 * 1024
MAX_VEX = 64
"""VEX documents of an image, and what all of them may say: each question hears it again."""
MAX_SAID = 100_000
MAX_MEANT = 500_000
"""Products of all of them."""


class Indexed(msgspec.Struct, frozen=True):
    """An image the store knows the content of. fresh: it was read just now, not found in the store.

    problems: what of VEX attached to it could not be fetched.
    """

    image_id: int
    image: Image
    packages: int
    fresh: bool
    problems: tuple[Problem, ...] = ()


def index(
    database: Database,
    reference: Reference,
    *,
    platform: str = "",
    archive_ref: str = "",
    on_progress: Progress | None = None,
    layer_cache_mb: int = LAYER_CACHE_MB,
    sbom_source: str = "index",
    credentials: images.Credentials | None = None,
) -> Indexed:
    """Return the stored image a reference names, reading it first if its digest is new. Raise SourceError, NotFound.

    layer_cache_mb: mebibytes that what is kept of layers may take in the store. sbom_source: one of SBOM_SOURCES; an
    image known from another source is read anew. NotFound is raised, too, where an attached SBOM is asked for in vain.
    credentials: for a registry, instead of what `docker login` left.
    """
    if reference.prefix == "sbom":
        return _keep(database, *_from_sbom(reference))
    with images.open_image(reference, platform=platform, archive_ref=archive_ref, credentials=credentials) as opened:
        found = _look(database, reference, opened, on_progress, layer_cache_mb, sbom_source)
    if reference.repository and reference.tag and not reference.digest and reference.path != _BY_ID:
        _note(database, reference, found.image_id)
    return found


def stages(
    database: Database,
    reference: Reference,
    *,
    platform: str = "",
    archive_ref: str = "",
    credentials: images.Credentials | None = None,
) -> dict[str, Indexed]:
    """Return what the builder attached of the stages that an image was built in, by their names; {} for nothing.

    Each is kept as an inventory of its own. Raise SourceError, NotFound.
    """
    from envscout.images.attestations import SBOM
    from envscout.sbom import attached

    with images.open_image(reference, platform=platform, archive_ref=archive_ref, credentials=credentials) as opened:
        there = opened.attached((SBOM,))
        documents = [attached.Document(each.subject, each.data) for each in there.documents]
        found = attached.stages(documents, opened.image)
        described = Image(digest="", platform=opened.image.platform)
    return {name: _keep(database, described, inventory) for name, inventory in found.items()}


def _note(database: Database, reference: Reference, image_id: int) -> None:
    """Note what the tag stands for, where that is news."""
    with database.read() as connection:
        if repositories.seen_last(connection, reference.repository, reference.tag) == image_id:
            return
    with database.write() as connection:
        repositories.see(connection, reference.repository, reference.tag, image_id, now())


def _look(
    database: Database,
    reference: Reference,
    opened: images.OpenImage,
    on_progress: Progress | None,
    layer_cache_mb: int,
    sbom_source: str,
) -> Indexed:
    hung = _Hung.on(opened)
    known = _known(database, opened.image.digest, sbom_source)
    if known:
        return hung.renewed(database, known)
    there = _attached(opened, sbom_source)
    claimed = _claim(there, opened.image) if sbom_source != "index" else None
    if sbom_source == "attached":
        found = _instead(claimed, opened, reference)
        kept = _keep(database, *_with_provenance(opened.image, there, found))
        return hung.renewed(database, _noted(database, kept, there))
    from envscout.inventory import build, statements

    cache = _Layers(database, layer_cache_mb << 20)
    contents = opened.read(_interest(projects=reference.prefix == "fs"), cache, on_progress)
    found = msgspec.structs.replace(build(contents.files, contents.problems), tools=OURS)
    if claimed:
        from envscout.sbom import attached

        found = attached.beside(found, claimed, opened.image)
    inside = _vex("image", statements(contents.files), opened.image)
    kept = _keep(database, *_with_provenance(opened.image, there, found), cache, inside)
    return hung.renewed(database, _noted(database, kept, there) if sbom_source != "index" else kept)


def _noted(database: Database, kept: Indexed, there: "Attached") -> Indexed:
    """Remember which kinds of documents were found at an image, where everything that hangs on it was looked for."""
    if not there.problems:
        types = tuple(dict.fromkeys(word for each in there.documents for word in (each.kind, each.type)))
        with database.write() as connection:
            policies.put_look(connection, kept.image_id, now(), types)
    return kept


class _Hung(msgspec.Struct, frozen=True):
    """VEX that hangs on an image, None where its place keeps no account of that, and what could not be read of it."""

    documents: tuple[vex.Document, ...] | None = None
    problems: tuple[Problem, ...] = ()

    @classmethod
    def on(cls, opened: images.OpenImage) -> "_Hung":
        """Look for it, for an image that is known as well: anybody may have attached something since."""
        if not opened.keeps_attestations:
            return cls()
        from envscout.images.attestations import UNSAID, VEX

        there = opened.attached((VEX,))
        said = _vex(
            "attached", ((each.subject, each.data) for each in there.documents if each.kind == VEX), opened.image
        )
        other = ((each.subject, each.data) for each in there.documents if each.kind == UNSAID)
        unsaid = (each for each in _vex("attached", other, opened.image) if each.reading.statements)
        return cls((*said, *unsaid), there.problems)

    def renewed(self, database: Database, known: Indexed) -> Indexed:
        """Keep it with an image, and say what is not known of it."""
        documents = self.documents
        if documents is None:
            return known
        from envscout.vex import READER

        with database.read() as connection:
            is_kept = vex.is_kept(connection, known.image_id, "attached", documents, READER)
        if not is_kept:
            with database.write() as connection:
                whole = not self.problems
                vex.put(connection, known.image_id, "attached", documents, READER, now(), all_of=whole)
        return msgspec.structs.replace(known, problems=self.problems)


def _vex(place: str, found: Iterable[tuple[str, bytes]], image: Image) -> tuple[vex.Document, ...]:
    """Return documents in or at an image, given as path and content, with what they say."""
    from envscout.sbom.envelope import opened
    from envscout.vex import Source, read

    subjects = frozenset(filter(None, (image.digest, image.index_digest)))
    documents: list[vex.Document] = []
    count = meant = 0
    for path, data in found:
        said = read(data, Source(place, path, image.digest, subjects), opened)
        count += len(said.statements)
        meant += sum(len(each.products) for each in said.statements)
        if len(documents) >= MAX_VEX or count > MAX_SAID or meant > MAX_MEANT:
            problem = Problem(
                "unread-vex", f"{path} and what comes after it is not read: the image has too much VEX", path
            )
            documents.append(vex.Document(place, path, "", b"", vex.Reading((), (problem,))))
            break
        documents.append(vex.Document(place, path, said.author, data, vex.Reading(said.statements, said.problems)))
    return tuple(documents)


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


class _Layers:
    """What the store keeps of layers, as images ask for it; what is new is written with the image."""

    def __init__(self, database: Database, bound: int) -> None:
        self._database = database
        self._bound = bound
        self._tools = layer_tools()
        self._used: list[str] = []
        self._fresh: dict[str, bytes] = {}

    def get(self, digest: str) -> bytes | None:
        with self._database.read() as connection:
            found = layers.get(connection, digest, self._tools)
        if found is not None:
            self._used.append(digest)
        return found

    def put(self, digest: str, data: bytes) -> None:
        self._fresh[digest] = data

    def write(self, connection: Connection, at: int) -> None:
        """Keep what is new, as far as there is room."""
        layers.touch(connection, self._used, self._tools, at)
        layers.put(connection, self._fresh.items(), self._tools, at)
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


def _known(database: Database, digest: str, sbom_source: str) -> Indexed | None:
    """Return the image of a digest, unless reading it again may show more: by others, or of all layers."""
    if not digest:
        return None
    with database.read() as connection:
        stored = stored_images.find(connection, digest)
        if stored is None or stored.indexed_at is None or not _serves(stored.tools, sbom_source):
            return None
        if any(problem.code == "damaged-layer" for problem in stored.problems):
            return None
        packages = stored_images.packages_in(connection, stored)
    return Indexed(stored.image_id, stored.image, packages, fresh=False)


def _serves(tools: tuple[str, ...], sbom_source: str) -> bool:
    """Return whether an inventory that these tools made is of a source."""
    if sbom_source == "index":
        return tools == OURS
    from envscout.sbom.attached import is_of

    return is_of(tools, OURS if sbom_source == "both" else ())


def _keep(
    database: Database,
    image: Image,
    found: Inventory,
    cache: _Layers | None = None,
    inside: tuple[vex.Document, ...] | None = None,
) -> Indexed:
    from envscout.findings.severity import best_score

    if not image.digest:
        # What has no manifest is named by what is in it, and by what could not be read: that must not pass for whole.
        digest = hashlib.sha256(msgspec.json.encode(found)).hexdigest()
        image = msgspec.structs.replace(image, digest=f"sha256:{digest}")
    with database.write() as connection:
        at = now()
        image_id, fresh = stored_images.put(connection, image, found, at)
        findings.match_packages(connection, fresh, at, best_score)
        if cache:
            cache.write(connection, at)
        if inside is not None:
            _keep_inside(connection, image_id, inside)
    return Indexed(image_id, image, len(found.packages), fresh=True)


def _keep_inside(connection: Connection, image_id: int, documents: tuple[vex.Document, ...]) -> None:
    """Keep what an image holds itself: it always did, whenever that was found out."""
    from envscout.vex import READER

    vex.put(connection, image_id, "image", documents, READER, 0)


def _from_sbom(reference: Reference) -> tuple[Image, Inventory]:
    from envscout import sbom

    found, subject = sbom.read(_read_bounded(reference.location))
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
