"""Repositories: what their tags stood for, which are to be indexed unasked, and the registries to be watched."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from envscout.model import Image
from envscout.store.database import FOREVER, Connection, queries
from envscout.store.sql import listed

_SQL = queries("repositories")
MAX_TAGS = 2_000


class Sighting(msgspec.Struct, frozen=True):
    """A tag and an image it stood for, the last time since a moment in microseconds."""

    tag: str
    at: int
    image_id: int


class Named(msgspec.Struct, frozen=True):
    """A name that somebody recorded. reference: as it was recorded. at: when it was last, in microseconds."""

    organization: str
    service: str
    reference: str
    at: int


class Integration(msgspec.Struct, frozen=True):
    """A registry to be watched, as somebody described it. at: microseconds."""

    organization: str
    type: str
    name: str
    parameters: Mapping[str, str]
    at: int


def see(connection: Connection, repository: str, tag: str, image_id: int, at: int) -> None:
    """Note that a tag stands for an image since a moment, unless it was seen to do so already.

    at: microseconds, a past moment too. A row is added for each time that a tag came to stand for another image of a
    platform, however often somebody looks.
    """
    row = {"repository": repository, "tag": tag, "image_id": image_id, "at": at}
    connection.execute(_SQL["see"], row)


def seen_last(connection: Connection, repository: str, tag: str, platform: str = "") -> int | None:
    """Return the number of the image that a tag stood for when it was seen last, None where nobody saw it.

    platform: of the image, "" for any; one that does not say its platform is of each.
    """
    row = {"repository": repository, "tag": tag, "platform": platform, "tenant": connection.tenant}
    found = connection.execute(_SQL["seen_last"], row).fetchone()
    return int(found[0]) if found else None


def was_seen(connection: Connection, repository: str, tag: str, image_id: int) -> bool:
    """Tell whether a tag was ever seen to stand for an image."""
    row = {"repository": repository, "tag": tag, "image_id": image_id}
    return connection.execute(_SQL["was_seen"], row).fetchone() is not None


def sightings(connection: Connection, repository: str) -> list[Sighting]:
    """Return what the tags of a repository stood for, each image once, what was seen last first.

    Only images whose content is known.
    """
    rows = connection.execute(_SQL["tags"], {"repository": repository, "most": MAX_TAGS, "tenant": connection.tenant})
    return [Sighting(*row) for row in rows]


def stood_for(
    connection: Connection, repository: str, tag: str, platform: str, at: int | None = None
) -> tuple[Image, int] | None:
    """Return the image that a tag was last seen to stand for up to a moment, and when that was, None for none."""
    moment = FOREVER if at is None else at
    row = {"repository": repository, "tag": tag, "platform": platform, "at": moment, "tenant": connection.tenant}
    found = connection.execute(_SQL["stood_for"], row).fetchone()
    return (msgspec.json.decode(found[0], type=Image), int(found[1])) if found else None


class Ran(NamedTuple):
    """An image that runs under a tag."""

    repository: str
    tag: str
    image_id: int


def stand_for(connection: Connection, ran: Sequence[Ran]) -> list[str]:
    """Return the digest that each tag was last seen to stand for on the platform of the image, "" for none."""
    rows = listed([{"number": number, **each._asdict()} for number, each in enumerate(ran)])
    found = dict(connection.execute(_SQL["stand_for"], {"rows": rows, "tenant": connection.tenant}))
    return [found.get(number) or "" for number in range(len(ran))]


def recorded(connection: Connection) -> list[Named]:
    """Return the names that were recorded."""
    return [Named(*row) for row in connection.execute(_SQL["names_recorded"], {"tenant": connection.tenant})]


def enrolled(connection: Connection) -> list[tuple[str, str, int]]:
    """Return (organization, repository, moment) of the repositories that were enrolled."""
    return list(connection.execute(_SQL["enrolled"], {"tenant": connection.tenant}))


def seen(connection: Connection) -> list[tuple[str, int, int]]:
    """Return (repository, moment, images) of the repositories whose images were read."""
    return list(connection.execute(_SQL["repositories_seen"], {"tenant": connection.tenant}))


def switches(connection: Connection) -> dict[str, bool]:
    """Return the last word on each repository that anybody switched."""
    rows = connection.execute(_SQL["switches"], {"tenant": connection.tenant})
    return {repository: bool(enabled) for repository, enabled in rows}


def is_enabled(connection: Connection, repository: str) -> bool:
    """Return whether a repository, in full (`docker.io/library/nginx`), may be indexed unasked: unless switched off."""
    row = connection.execute(_SQL["last_switch"], {"repository": repository, "tenant": connection.tenant}).fetchone()
    return row is None or bool(row[0])


def switch(connection: Connection, repository: str, enabled: bool, at: int) -> None:
    """Append whether a repository is to be indexed unasked."""
    row = {"repository": repository, "enabled": enabled, "at": at, "tenant": connection.tenant}
    connection.execute(_SQL["switch"], row)


def put_integration(connection: Connection, integration: Integration) -> None:
    """Keep an integration; one of the same organization, type and name is replaced."""
    row = msgspec.structs.asdict(integration)
    connection.execute(
        _SQL["put_integration"], {**row, "parameters": msgspec.json.encode(integration.parameters).decode()}
    )


def drop_integration(connection: Connection, organization: str, type_: str, name: str = "") -> int:
    """Forget integrations of a type, one of them if it is named; return how many."""
    row = {"organization": organization, "type": type_, "name": name}
    return connection.execute(_SQL["drop_integration"], row).rowcount


def integrations(connection: Connection, organization: str = "") -> list[Integration]:
    """Return the integrations of an organization, "" for all."""
    return [
        Integration(org, type_, name, msgspec.json.decode(parameters, type=dict[str, str]), at)
        for org, type_, name, parameters, at in connection.execute(_SQL["integrations"], {"organization": organization})
    ]
