"""Where messages go, and which news go there. Terms and rules are JSON that whoever asks understands."""

import msgspec

from envscout.store.database import Connection, queries

_SQL = queries("channels")


class ChannelRow(msgspec.Struct, frozen=True):
    """A channel. address and secrets are what must not be shown. state: active, paused or gone.

    failures: in a row; next_try: microseconds, not to be tried before.
    """

    channel_id: int
    organization: str
    name: str
    kind: str
    address: str
    secrets: tuple[str, ...]
    terms: str
    state: str = "active"
    problem: str = ""
    failures: int = 0
    next_try: int = 0
    created_at: int = 0

    def __repr__(self) -> str:
        """Return what may be in a log."""
        return f"ChannelRow({self.organization!r}, {self.name!r})"


class RuleRow(msgspec.Struct, frozen=True):
    """A rule, as JSON. after_news: the number of the last news before it, which are none of its business."""

    rule_id: int
    channel_id: int
    organization: str
    name: str
    document: str
    after_news: int


def add(connection: Connection, row: ChannelRow, at: int) -> int | None:
    """Add a channel; return its number, None if there is one of that name. Needs the write lock."""
    found = connection.execute(_SQL["add"], {**_fields(row), "at": at}).fetchone()
    return int(found[0]) if found else None


def change(connection: Connection, row: ChannelRow) -> None:
    """Keep where a channel leads, its keys and its terms. Needs the write lock."""
    connection.execute(_SQL["change"], _fields(row))


def find(connection: Connection, organization: str, name: str) -> ChannelRow | None:
    """Return the channel of a name."""
    values = {"organization": organization, "every": False, "name": name}
    return next((_channel(*row) for row in connection.execute(_SQL["channels"], values)), None)


def by_number(connection: Connection, channel_id: int) -> ChannelRow | None:
    """Return a channel."""
    row = connection.execute(_SQL["channel"], {"channel_id": channel_id}).fetchone()
    return _channel(*row) if row else None


def channels(connection: Connection, organization: str | None = None) -> list[ChannelRow]:
    """Return the channels of an organization, None for all."""
    values = {"organization": organization or "", "every": organization is None, "name": ""}
    return [_channel(*row) for row in connection.execute(_SQL["channels"], values)]


def set_state(connection: Connection, channel_id: int, state: str, problem: str = "") -> None:
    """Note that a channel is active, paused or gone. Needs the write lock."""
    connection.execute(_SQL["set_state"], {"channel_id": channel_id, "state": state, "problem": problem})


def set_health(connection: Connection, channel_id: int, failures: int, next_try: int, problem: str) -> None:
    """Note how a channel does. Needs the write lock."""
    values = {"channel_id": channel_id, "failures": failures, "next_try": next_try, "problem": problem}
    connection.execute(_SQL["set_health"], values)


def remove(connection: Connection, channel_id: int) -> int:
    """Remove a channel with its rules; return how many messages went with it. Needs the write lock."""
    values = {"channel_id": channel_id}
    gone = connection.execute(_SQL["remove_messages"], values).rowcount
    connection.execute(_SQL["remove_rules"], values)
    connection.execute(_SQL["remove"], values)
    return gone


def add_rule(connection: Connection, row: RuleRow) -> int | None:
    """Add a rule; return its number, None if there is one of that name. Needs the write lock."""
    found = connection.execute(_SQL["add_rule"], msgspec.structs.asdict(row)).fetchone()
    return int(found[0]) if found else None


def change_rule(connection: Connection, row: RuleRow) -> None:
    """Keep what a rule asks for and where it leads. Needs the write lock."""
    connection.execute(_SQL["change_rule"], msgspec.structs.asdict(row))


def rules(connection: Connection, organization: str | None = None) -> list[RuleRow]:
    """Return the rules of an organization, None for all."""
    values = {"organization": organization or "", "every": organization is None}
    return [RuleRow(*row) for row in connection.execute(_SQL["rules"], values)]


def remove_rule(connection: Connection, organization: str, name: str) -> bool:
    """Remove a rule; return whether there was one. Needs the write lock."""
    return connection.execute(_SQL["remove_rule"], {"organization": organization, "name": name}).rowcount > 0


def _fields(row: ChannelRow) -> dict[str, str | int]:
    fields = msgspec.structs.asdict(row)
    return {**fields, "secrets": msgspec.json.encode(row.secrets).decode()}


def _channel(
    channel_id: int, organization: str, name: str, kind: str, address: str, secrets: str, terms: str, state: str,
    problem: str, failures: int, next_try: int, created_at: int,
) -> ChannelRow:  # fmt: skip
    keys = msgspec.json.decode(secrets, type=tuple[str, ...])
    return ChannelRow(
        channel_id, organization, name, kind, address, keys, terms, state, problem, failures, next_try, created_at
    )
