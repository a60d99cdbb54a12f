"""VEX documents found in images or attached to them, what was read in them, and since when that is known."""

import zlib
from collections.abc import Collection, Iterable

import msgspec

from envscout.model import Problem, Statement
from envscout.store import standing
from envscout.store.database import FOREVER, Connection, queries

_SQL = queries("vex")


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """What a document says, and what of it could not be used."""

    statements: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """One document. place: `image` or `attached`. path: in the image, or the digest of what it is attached to."""

    place: str
    path: str
    author: str
    data: bytes
    reading: Reading = Reading()


def put(
    connection: Connection,
    image_id: int,
    place: str,
    documents: Iterable[Document],
    reader: str,
    at: int,
    *,
    all_of: bool = True,
) -> None:
    """Keep what is in a place of an image from a moment on. Needs the write lock.

    reader: name and version of what read them: what another one read is replaced. all_of: what is not among the
    documents is there no more, and ends.
    """
    key = {"image_id": image_id, "place": place, "forever": FOREVER, "at": at, "reader": reader}
    before = {(row[0], row[1]): row[2] for row in connection.execute(_SQL["kept"], key)}
    held = {(each.path, _digest(each)): each for each in documents}
    if before.keys() != held.keys() or any(each != reader for each in before.values()):
        standing.mark_image(connection, image_id)
    for path, digest in before.keys() - held.keys() if all_of else ():
        connection.execute(_SQL["end"], {**key, "path": path, "digest": digest})
    for (path, digest), each in held.items():
        row = {**key, "path": path, "digest": digest, "reading": _encode(each.reading)}
        if (path, digest) not in before:
            connection.execute(_SQL["put_document"], (digest, zlib.compress(each.data), each.author))
            connection.execute(_SQL["begin"], row)
        elif before[path, digest] != reader:
            connection.execute(_SQL["renew"], row)


def is_kept(connection: Connection, image_id: int, place: str, documents: Iterable[Document], reader: str) -> bool:
    """Tell whether exactly these documents are kept of a place already, as this reader reads them."""
    rows = connection.execute(_SQL["kept"], {"image_id": image_id, "place": place, "forever": FOREVER})
    return {tuple(row) for row in rows} == {(each.path, _digest(each), reader) for each in documents}


def _digest(document: Document) -> str:
    # Imported here: it loads OpenSSL, and most commands put nothing.
    import hashlib

    return f"sha256:{hashlib.sha256(document.data).hexdigest()}"


def of_images(
    connection: Connection, image_ids: Collection[int], at: int | None = None
) -> dict[int, tuple[Reading, ...]]:
    """Return what the documents said that some images, by their numbers, had at a moment (None: now)."""
    if not connection.execute(_SQL["any"]).fetchone()[0]:
        return {}
    moment = FOREVER - 1 if at is None else at
    # Images that share a base share its documents.
    read: dict[bytes, Reading] = {}
    found = {}
    for number in image_ids:
        blobs = [row[0] for row in connection.execute(_SQL["of_image"], {"image_id": number, "at": moment})]
        readings = tuple(read.get(blob) or read.setdefault(blob, _decode(blob)) for blob in blobs)
        if readings:
            found[number] = readings
    return found


def documents(connection: Connection, image_id: int) -> list[Document]:
    """Return the documents of an image themselves, those attached to it last."""
    row = {"image_id": image_id, "forever": FOREVER}
    return [
        Document(place, path, author, zlib.decompress(data))
        for place, path, author, data in connection.execute(_SQL["documents"], row)
    ]


def forget_orphans(connection: Connection) -> None:
    """Drop what only images that were forgotten had."""
    connection.execute(_SQL["drop_orphan_places"])
    connection.execute(_SQL["drop_orphan_documents"])


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Reading).decode
