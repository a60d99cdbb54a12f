"""Who looks at what runs in an environment, when they did last, and what was said to run there."""

from collections.abc import Mapping

import msgspec

from envscout.model import Event, Seen
from envscout.store.database import Connection, queries

_SQL = queries("observed")


class Look(msgspec.Struct, frozen=True):
    """The last look. source: kubernetes or docker. at: microseconds. drifting: kinds of drift by service."""

    source: str
    actor: str
    at: int
    drifting: Mapping[str, str]


def look(connection: Connection, organization: str, environment: str) -> Look | None:
    """Return the last look at an environment, None where nobody ever looked."""
    row = connection.execute(_SQL["look"], {"organization": organization, "environment": environment}).fetchone()
    if row is None:
        return None
    source, actor, at, drifting = row
    return Look(source, actor, at, msgspec.json.decode(drifting, type=dict[str, str]))


def seen(connection: Connection, organization: str, environment: str) -> Seen:
    """Return what ran in an environment by the last look, and lately; nothing where nobody ever looked."""
    row = connection.execute(_SQL["seen"], {"organization": organization, "environment": environment}).fetchone()
    return msgspec.json.decode(row[0], type=dict[str, dict[str, int]]) if row else {}


def put(connection: Connection, organization: str, environment: str, look: Look, seen: Seen) -> None:
    """Note a look, and what was seen. Needs the write lock."""
    values = {
        "organization": organization,
        "environment": environment,
        "source": look.source,
        "actor": look.actor,
        "at": look.at,
        "drifting": msgspec.json.encode(look.drifting).decode(),
        "seen": msgspec.json.encode(seen).decode(),
    }
    connection.execute(_SQL["put"], values)


def declared(connection: Connection, organization: str, environment: str) -> list[Event]:
    """Return what was said of each slot since it was last recorded, by those who do not look; the oldest first."""
    rows = connection.execute(_SQL["declared"], {"organization": organization, "environment": environment})
    return [
        Event(org, env, service, action, at, platform, digest or "", reference, actor, source, commit, run_url)
        for org, env, service, platform, action, digest, reference, at, actor, source, commit, run_url in rows
    ]
