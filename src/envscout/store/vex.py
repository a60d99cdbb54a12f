"""VEX documents found in images or attached to them, what was read in them, and since when that is known."""

import zlib
from collections.abc import Collection, Iterable

import msgspec

from envscout.model import Problem, Statement
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


def put(connection: Connection, image_id: int, place: str, documents: Iterable[Document], reader: str, at: int) -> None:
    """Keep what is in a place of an image from a moment on; what is there no more ends. Needs the write lock.

    reader: name and version of what read them: what another one read is replaced.
    """
    key = {"image_id": image_id, "place": place, "forever": FOREVER, "at": at, "reader": reader}
    before = {(row[1], row[2]): row[3] for row in connection.execute(_SQL["kept"], key)}
    held = {}
    for each in documents:
        held[each.path, _number(connection, each)] = _encode(each.reading)
    for path, number in before.keys() - held.keys():
        connection.execute(_SQL["end"], {**key, "path": path, "document_id": number})
    for (path, number), reading in held.items():
        row = {**key, "path": path, "document_id": number, "reading": reading}
        if (path, number) not in before:
            connection.execute(_SQL["begin"], row)
        elif before[path, number] != reader:
            connection.execute(_SQL["renew"], row)


def _number(connection: Connection, document: Document) -> int:
    # Imported here: it loads OpenSSL, and most commands put nothing.
    import hashlib

    digest = f"sha256:{hashlib.sha256(document.data).hexdigest()}"
    known = connection.execute(_SQL["document_id"], (digest,)).fetchone()
    if known:
        return int(known[0])
    row = (digest, zlib.compress(document.data), document.author)
    return int(connection.execute(_SQL["put_document"], row).fetchone()[0])


def of_images(
    connection: Connection, image_ids: Collection[int], at: int | None = None
) -> dict[int, tuple[Reading, ...]]:
    """Return what the documents said that some images, by their numbers, had at a moment (None: now)."""
    with_any = {row[0] for row in connection.execute(_SQL["images"])} & set(image_ids)
    moment = FOREVER - 1 if at is None else at
    return {
        number: tuple(
            _decode(row[0]) for row in connection.execute(_SQL["of_image"], {"image_id": number, "at": moment})
        )
        for number in with_any
    }


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
