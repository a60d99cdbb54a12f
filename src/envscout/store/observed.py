"""Who looks at what runs in an environment, when they did last, and what was said to run there."""

from collections.abc import Mapping

import msgspec

from envscout.model import Event
from envscout.store.database import Connection, queries

_SQL = queries("observed")


class Look(msgspec.Struct, frozen=True):
    """The last look. source: kubernetes or docker. at: microseconds. drifting: kinds of drift by service.

    seen: what ran by then and lately: name -> digest -> when last, microseconds.
    """

    source: str
    actor: str
    at: int
    drifting: Mapping[str, str]
    seen: Mapping[str, Mapping[str, int]] = {}


def look(connection: Connection, organization: str, environment: str) -> Look | None:
    """Return the last look at an environment, None where nobody ever looked."""
    row = connection.execute(_SQL["look"], {"organization": organization, "environment": environment}).fetchone()
    if row is None:
        return None
    source, actor, at, drifting, seen = row
    kinds = msgspec.json.decode(drifting, type=dict[str, str])
    return Look(source, actor, at, kinds, msgspec.json.decode(seen, type=dict[str, dict[str, int]]))


def looked_at(connection: Connection, organization: str, environment: str) -> int | None:
    """Return when somebody looked last, microseconds, None where nobody ever did."""
    row = connection.execute(_SQL["looked_at"], {"organization": organization, "environment": environment}).fetchone()
    return int(row[0]) if row else None


def put(connection: Connection, organization: str, environment: str, look: Look) -> None:
    """Note a look. Needs the write lock."""
    values = {
        "organization": organization,
        "environment": environment,
        "source": look.source,
        "actor": look.actor,
        "at": look.at,
        "drifting": msgspec.json.encode(look.drifting).decode(),
        "seen": msgspec.json.encode(look.seen).decode(),
    }
    connection.execute(_SQL["put"], values)


def declared(connection: Connection, organization: str, environment: str) -> list[Event]:
    """Return what was said of each slot since it was last recorded, by those who do not look; the oldest first."""
    rows = connection.execute(_SQL["declared"], {"organization": organization, "environment": environment})
    return [
        Event(org, env, service, action, at, platform, digest or "", reference, actor, source, commit, run_url)
        for org, env, service, platform, action, digest, reference, at, actor, source, commit, run_url in rows
    ]
