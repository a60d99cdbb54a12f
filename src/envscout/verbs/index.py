"""Keep what was found in images: an inventory, the VEX in it and at it, and what tags stand for."""

import hashlib
from collections.abc import Iterable

import msgspec

from envscout.errors import LimitExceeded
from envscout.model import Document, Hung, Image, Indexed, Looked, Problem
from envscout.names import bounds, moment
from envscout.store import Connection, Database, inventories, now, policies, repositories, vex
from envscout.store import images as stored_images

MAX_VEX = 64
"""VEX documents of an image, and what all of them may say: each question hears it again."""
MAX_SAID = 100_000
MAX_MEANT = 500_000
"""Products of all of them."""
MAX_PACKAGES = 500_000
MAX_TYPES = 1_000


def known(database: Database, digest: str, source: str, tools: tuple[str, ...]) -> Indexed | None:
    """Return the image of a digest, unless reading it again may show more: by others, or of all layers.

    source: who says what is in it, one of look.SBOM_SOURCES. tools: that whoever asks would look with.
    """
    with database.read() as connection:
        stored = stored_images.find(connection, digest)
        if stored is None or stored.indexed_at is None or not _serves(stored.tools, source, tools):
            return None
        if any(problem.code == "damaged-layer" for problem in stored.problems):
            return None
        packages = stored_images.packages_in(connection, stored)
    return Indexed(stored.image_id, stored.image, packages, fresh=False)


def _serves(there: tuple[str, ...], source: str, tools: tuple[str, ...]) -> bool:
    """Return whether an inventory that some tools made is of a source."""
    if source == "index":
        return there == tools
    from envscout.sbom.attached import is_of

    return is_of(there, tools)


def keep(database: Database, looked: Looked) -> Indexed:
    """Keep what was found in an image. Raise LimitExceeded for more than any image has."""
    from envscout.findings.severity import best_score

    found = looked.inventory
    if len(found.packages) > MAX_PACKAGES or len(looked.types or ()) > MAX_TYPES:
        raise LimitExceeded("an inventory is larger than that of any image", f"at most {MAX_PACKAGES:,} packages")
    image = looked.image if looked.image.digest else _named_by_content(looked)
    with database.write() as connection:
        at = now()
        image_id = inventories.keep(connection, image, found, at, best_score)
        if looked.vex is not None:
            # What an image holds itself it always did, whenever that was found out.
            _keep_vex(connection, image_id, _read("image", looked.vex, image), 0)
        if looked.types is not None:
            policies.put_look(connection, image_id, at, looked.types)
    return Indexed(image_id, image, len(found.packages), fresh=True)


def _named_by_content(looked: Looked) -> Image:
    """Return an image without a manifest, named by what is in it, and by what could not be read: that is not whole."""
    digest = hashlib.sha256(msgspec.json.encode(looked.inventory)).hexdigest()
    return msgspec.structs.replace(looked.image, digest=f"sha256:{digest}")


def renew(
    database: Database,
    image_id: int,
    hung: Hung,
    repository: str = "",
    tag: str = "",
    *,
    copied: bool = False,
    index_digest: str = "",
) -> None:
    """Keep what hangs on an image by now, and note what a tag of a repository stands for, each where that is news.

    copied: a local engine has the image under that name, and it may be an old copy: see `_is_news`. index_digest: of
    the index that led there this time, "" for none; it is kept beside the image's own.
    """
    _keep_index(database, image_id, bounds.layer(index_digest))
    if hung.documents is not None:
        _renew_vex(database, image_id, hung.documents, whole=not hung.problems)
    if not repository or not tag:
        return
    with database.read() as connection:
        if not _is_news(connection, image_id, repository, tag, copied=copied):
            return
    with database.write() as connection:
        repositories.see(connection, repository, tag, image_id, now())


def _keep_index(database: Database, image_id: int, index_digest: str) -> None:
    if not index_digest:
        return
    with database.read() as connection:
        own = stored_images.get(connection, image_id).image.index_digest
        there = stored_images.also_led(connection, [image_id]).get(image_id, frozenset())
    if index_digest not in there | {own}:
        with database.write() as connection:
            stored_images.lead(connection, image_id, index_digest)


def _is_news(connection: Connection, image_id: int, repository: str, tag: str, *, copied: bool) -> bool:
    """Tell whether a tag came to stand for an image: on its platform, it was seen to stand for another one last.

    A copy is no news where it is the same build, is known to be older, or is what the tag stood for before: it may have
    been pulled then.
    """
    image = stored_images.get(connection, image_id).image
    last = repositories.seen_last(connection, repository, tag, image.platform)
    if last is None or last == image_id or not copied:
        return last != image_id
    other = stored_images.get(connection, last).image
    is_same = not image.digests.isdisjoint(other.digests)
    return not (is_same or _is_older(image, other) or repositories.was_seen(connection, repository, tag, image_id))


def _is_older(image: Image, other: Image) -> bool:
    one, than = moment.told(image.created), moment.told(other.created)
    return one is not None and than is not None and one < than


def _renew_vex(database: Database, image_id: int, hung: tuple[Document, ...], *, whole: bool) -> None:
    from envscout.vex import READER

    with database.read() as connection:
        documents = _read("attached", hung, stored_images.get(connection, image_id).image)
        is_kept = vex.is_kept(connection, image_id, "attached", documents, READER)
    if not is_kept:
        with database.write() as connection:
            _keep_vex(connection, image_id, documents, now(), whole=whole, place="attached")


def _keep_vex(
    connection: Connection,
    image_id: int,
    documents: tuple[vex.Document, ...],
    at: int,
    *,
    whole: bool = True,
    place: str = "image",
) -> None:
    from envscout.vex import READER

    vex.put(connection, image_id, place, documents, READER, at, all_of=whole)


def _read(place: str, found: Iterable[Document], image: Image) -> tuple[vex.Document, ...]:
    """Return documents in or at an image with what they say."""
    from envscout.sbom.envelope import opened
    from envscout.vex import Source, read

    subjects = frozenset(filter(None, (image.digest, image.index_digest)))
    documents: list[vex.Document] = []
    count = meant = 0
    for each in found:
        said = read(each.data, Source(place, each.path, image.digest, subjects), opened)
        count += len(said.statements)
        meant += sum(len(one.products) for one in said.statements)
        if len(documents) >= MAX_VEX or count > MAX_SAID or meant > MAX_MEANT:
            problem = Problem(
                "unread-vex", f"{each.path} and what comes after it is not read: the image has too much VEX", each.path
            )
            documents.append(vex.Document(place, each.path, "", b"", vex.Reading((), (problem,))))
            break
        documents.append(
            vex.Document(place, each.path, said.author, each.data, vex.Reading(said.statements, said.problems))
        )
    return tuple(documents)
