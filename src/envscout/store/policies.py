"""Policies as they were put in force: appended, never changed; and what was seen attached to images."""

from collections.abc import Iterable

import msgspec

from envscout.store.database import FOREVER, Connection, queries

_SQL = queries("policies")


class AppliedRow(msgspec.Struct, frozen=True):
    """A section of a file, put in force for an organization ("" as environment) or an environment of it.

    at: microseconds. digest: of the file. document: the section as JSON. The rest says who did it, and from where.
    """

    organization: str
    environment: str
    at: int
    digest: str
    document: str
    file: str = ""
    actor: str = ""
    source: str = ""
    commit: str = ""
    run_url: str = ""


def put(connection: Connection, rows: Iterable[AppliedRow], text: str) -> None:
    """Append what one file says of some scopes. Needs the write lock."""
    for row in rows:
        fields = msgspec.structs.asdict(row)
        connection.execute(_SQL["put_file"], {"digest": row.digest, "text": text})
        connection.execute(_SQL["put_applied"], fields)


def last_moment(connection: Connection) -> int:
    """Return when policies were put in force last, 0 for never."""
    return int(connection.execute(_SQL["last_moment"]).fetchone()[0])


def standing(connection: Connection, organization: str, environment: str, at: int | None = None) -> list[AppliedRow]:
    """Return what stood at a moment (None: now) for an organization and one of its environments, at most one each."""
    row = {"organization": organization, "environment": environment, "at": FOREVER - 1 if at is None else at}
    return [AppliedRow(*each) for each in connection.execute(_SQL["standing"], row)]


def applied(
    connection: Connection, organization: str = "", environment: str | None = None, at: int | None = None
) -> list[AppliedRow]:
    """Return what was put in force up to a moment, the newest first. organization: "" for all; environment: None."""
    row = {"organization": organization, "environment": environment, "at": FOREVER - 1 if at is None else at}
    return [AppliedRow(*each) for each in connection.execute(_SQL["applied"], row)]


def texts(connection: Connection, start: str, organization: str = "") -> list[tuple[str, str]]:
    """Return (digest, text) of at most two files whose digest begins so."""
    return connection.execute(_SQL["text"], {"start": start, "organization": organization}).fetchall()


def moments(connection: Connection, organization: str, environment: str, at: int) -> list[int]:
    """Return when what is in force in an environment changed, up to a moment, the oldest first."""
    row = {"organization": organization, "environment": environment, "at": at}
    return [each[0] for each in connection.execute(_SQL["moments"], row)]


def put_look(connection: Connection, image_id: int, at: int, types: Iterable[str]) -> None:
    """Keep what was found attached to an image. Needs the write lock."""
    document = msgspec.json.encode(tuple(types)).decode()
    connection.execute(_SQL["put_look"], {"image_id": image_id, "at": at, "types": document})


def last_look(connection: Connection, image_id: int, at: int | None = None) -> tuple[str, ...] | None:
    """Return what was found attached to an image when somebody looked last, up to a moment; None where nobody did."""
    row = {"image_id": image_id, "at": FOREVER - 1 if at is None else at}
    found = connection.execute(_SQL["last_look"], row).fetchone()
    return msgspec.json.decode(found[0], type=tuple[str, ...]) if found else None
