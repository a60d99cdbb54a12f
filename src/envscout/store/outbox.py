"""Messages to be sent: kept in the transaction in which somebody read the news, leased to be sent, settled after it.

Writers are serial on both engines, so that a lease is never given twice while it lasts.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from envscout.store.database import Connection, queries

_SQL = queries("outbox")
DAY = 24 * 3600 * 1_000_000
KEPT = {"sent": 30 * DAY, "gathered": 30 * DAY, "dead": 90 * DAY}
"""State -> microseconds that a message is kept in it."""


class New(NamedTuple):
    """A message to be kept. state: waiting or held. document: JSON."""

    channel_id: int
    event: str
    identity: str
    subject: str
    at: int
    due: int
    state: str
    document: str


class Row(msgspec.Struct, frozen=True):
    """A message. identity: what the receiver knows it by. at: microseconds, since when it could be sent."""

    message_id: int
    channel_id: int
    event: str
    identity: str
    at: int
    due: int
    state: str
    attempts: int
    sent_at: int
    problem: str
    document: str


class Listed(NamedTuple):
    """A message, and its channel."""

    row: Row
    organization: str
    channel: str


class Settled(NamedTuple):
    """What became of a message that was leased: state waiting, sent or dead."""

    message_id: int
    lease: str
    state: str
    attempts: int
    due: int
    sent_at: int
    problem: str


class Count(msgspec.Struct, frozen=True):
    """How many messages of a channel are in a state."""

    organization: str
    channel: str
    state: str
    count: int


def put(connection: Connection, new: New) -> int | None:
    """Keep a message; return its number, None if its event was told to its channel before. Needs the write lock."""
    row = connection.execute(_SQL["put"], new._asdict()).fetchone()
    return int(row[0]) if row else None


def put_all(connection: Connection, new: Iterable[New]) -> None:
    """Keep messages, but for those whose event was told to its channel before. Needs the write lock."""
    connection.executemany(_SQL["put_all"], new)


def joinable(connection: Connection, channel_id: int, subjects: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Return number and document of messages that further news of their subjects may join."""
    values = {"channel_id": channel_id, "subjects": msgspec.json.encode(list(subjects)).decode()}
    return {
        subject: (int(number), document) for subject, number, document in connection.execute(_SQL["joinable"], values)
    }


def join(connection: Connection, changed: Iterable[tuple[int, str]]) -> None:
    """Change what messages, by their numbers, say. Needs the write lock."""
    connection.executemany(_SQL["join"], [{"message_id": number, "document": text} for number, text in changed])


def used(connection: Connection, channel_id: int, since: int) -> tuple[int, int]:
    """Return how many messages a channel was given after a moment, and when the first of them was."""
    row = connection.execute(_SQL["used"], {"channel_id": channel_id, "since": since}).fetchone()
    return int(row[0]), int(row[1])


def held(connection: Connection, channel_id: int, at: int, most: int) -> list[tuple[int, str]]:
    """Return numbers and documents of what is to be gathered now."""
    return list(connection.execute(_SQL["held"], {"channel_id": channel_id, "at": at, "most": most}))


def held_since(connection: Connection, channel_id: int) -> int:
    """Return since when something is to be gathered."""
    return int(connection.execute(_SQL["held_since"], {"channel_id": channel_id}).fetchone()[0])


def release(connection: Connection, message_id: int, at: int) -> None:
    """Let one that was held be sent as it is. Needs the write lock."""
    connection.execute(_SQL["release"], {"message_id": message_id, "at": at})


def gather(connection: Connection, new: New, last: int) -> None:
    """Keep a message that stands for those held up to a number. Needs the write lock."""
    number = put(connection, new)
    values = {"channel_id": new.channel_id, "at": new.at, "last": last, "gathered_in": number}
    connection.execute(_SQL["gather"], values)


def hold_on(connection: Connection, channel_id: int, at: int, due: int) -> None:
    """Keep what is held for longer. Needs the write lock."""
    connection.execute(_SQL["hold_on"], {"channel_id": channel_id, "at": at, "due": due})


def hold(connection: Connection, channel_id: int, at: int) -> int:
    """Have what waits gathered; return how much that is. Needs the write lock."""
    return connection.execute(_SQL["hold"], {"channel_id": channel_id, "at": at}).rowcount


AHEAD = 600 * 1_000_000
FARTHEST = 2 * 24 * 3600 * 1_000_000
"""Microseconds that the clock of whoever made a message may be ahead; and for which no message waits to be tried."""


def oversleeps(connection: Connection, at: int) -> bool:
    """Tell whether something waits for a moment that was written while the clock was far ahead."""
    return bool(
        connection.execute(_SQL["oversleeping"], {"ahead": at + AHEAD, "farthest": at + FARTHEST}).fetchone()[0]
    )


def wake(connection: Connection, at: int) -> None:
    """Have that sent now. Needs the write lock."""
    values = {"at": at, "ahead": at + AHEAD, "farthest": at + FARTHEST}
    connection.execute(_SQL["wake"], values)
    connection.execute(_SQL["wake_channels"], values)


def ready(connection: Connection, at: int) -> list[int]:
    """Return channels that may be told something now."""
    return [int(row[0]) for row in connection.execute(_SQL["ready"], {"at": at})]


def lease(connection: Connection, channel_id: int, at: int, name: str, until: int, most: int) -> list[Row]:
    """Return what a channel is to be told now; nobody else gets it until a moment. Needs the write lock."""
    values = {"channel_id": channel_id, "at": at, "most": most, "far": 2 * until - at}
    rows = [Row(*row) for row in connection.execute(_SQL["due"], values)]
    if rows:
        connection.executemany(
            _SQL["lease"], [{"message_id": each.message_id, "lease": name, "until": until} for each in rows]
        )
    return rows


def settle(connection: Connection, done: Iterable[Settled]) -> None:
    """Note what became of messages. Needs the write lock."""
    rows = [each._asdict() for each in done]
    if rows:
        connection.executemany(_SQL["settle"], rows)


def give_back(connection: Connection, lease_name: str, numbers: Iterable[int]) -> None:
    """Give back what was leased and not tried. Needs the write lock."""
    rows = [{"message_id": each, "lease": lease_name} for each in numbers]
    if rows:
        connection.executemany(_SQL["give_back"], rows)


def next_due(connection: Connection) -> int:
    """Return when there is something to do next, 0 if there is nothing."""
    return int(connection.execute(_SQL["next_due"]).fetchone()[0])


def messages(
    connection: Connection,
    organization: str | None = None,
    state: str = "",
    message_id: int = 0,
    most: int = 1000,
    before: int = 0,
) -> list[Listed]:
    """Return messages, the newest first. organization: None for all. state: "" for any. message_id: 0 for any.

    before: only those with lower numbers, 0 for all.
    """
    values = {
        "before": before,
        "organization": organization or "",
        "every": organization is None,
        "state": state,
        "message_id": message_id,
        "most": most,
    }
    return [Listed(Row(*row[:11]), row[11], row[12]) for row in connection.execute(_SQL["messages"], values)]


def resend(connection: Connection, organization: str | None, message_id: int, at: int) -> int:
    """Send one message again, or (0) all that are dead; return how many. Needs the write lock."""
    values = {
        "organization": organization or "", "every": organization is None, "message_id": message_id, "at": at,
    }  # fmt: skip
    return connection.execute(_SQL["resend"], values).rowcount


def counts(connection: Connection) -> list[Count]:
    """Return how many messages of which channel are in which state."""
    return [Count(*row) for row in connection.execute(_SQL["counts"])]


def forget(connection: Connection, at: int, most: int = 20_000) -> int:
    """Give up what waits for too long, and forget some of what is done with; return how much. Needs the write lock."""
    connection.execute(_SQL["give_up"], {"at": at, "before": at - KEPT["dead"], "most": most})
    return sum(
        connection.execute(_SQL["forget"], {"state": state, "before": at - age, "most": most}).rowcount
        for state, age in KEPT.items()
    )
