"""Channels and rules: made, changed, listed without their secrets, and said all at once by a file."""

import secrets
from collections.abc import Sequence

import msgspec

from envscout.errors import NotFound, UsageError
from envscout.notify import declared, rules, target, terms
from envscout.notify.declared import Channel, Declared
from envscout.notify.rules import Rule
from envscout.notify.target import Target
from envscout.notify.terms import Terms
from envscout.store import Connection, Database, channels, news, now, outbox
from envscout.store.channels import ChannelRow, RuleRow

KEY = 32
"""Bytes of a key that signs."""

BUDGET = 60
"""Messages an hour that a channel gets which people read, unless they say otherwise."""

MOST = 1000
"""Channels, and rules, of one organization."""


class Shown(msgspec.Struct, frozen=True):
    """A channel without its secrets. place: where it leads, in part. keys: how many sign. next_try: microseconds."""

    organization: str
    name: str
    kind: str
    place: str
    state: str
    terms: Terms
    keys: int
    problem: str = ""
    failures: int = 0
    next_try: int = 0


class Made(msgspec.Struct, frozen=True):
    """A channel that was made or got another key. secret: that signs from now on, "" where none does; told once."""

    channel: Shown
    secret: str = ""


class Step(msgspec.Struct, frozen=True):
    """What a file changed. what: channel or rule. action: added, changed or removed. secret: see `Made`."""

    what: str
    name: str
    action: str
    secret: str = ""


def add(database: Database, organization: str, channel: Channel) -> Made:
    """Add a channel. Raise UsageError, ForbiddenAddress."""
    with database.write() as connection:
        if channels.find(connection, organization, channel.name):
            raise UsageError(f"there is a channel {channel.name} already", "remove it first, or choose another name")
        row, secret = _added(connection, organization, channel)
    return Made(_shown(row), secret)


def listed(database: Database, organization: str = "") -> list[Shown]:
    """Return the channels of an organization, "" for all."""
    with database.read() as connection:
        return [_shown(each) for each in channels.channels(connection, organization or None)]


def remove(database: Database, organization: str, name: str) -> int:
    """Remove a channel with its rules; return how many messages, sent or not, went with it. Raise NotFound."""
    with database.write() as connection:
        return channels.remove(connection, _found(connection, organization, name).channel_id)


def pause(database: Database, organization: str, name: str) -> Shown:
    """Send nothing to a channel until it is resumed; what there is to tell is kept. Raise NotFound."""
    with database.write() as connection:
        row = _found(connection, organization, name)
        channels.set_state(connection, row.channel_id, "paused")
        return _shown(_found(connection, organization, name))


def resume(database: Database, organization: str, name: str) -> Shown:
    """Send to a channel again. What people would have been told meanwhile comes as one message. Raise NotFound."""
    with database.write() as connection:
        row = _found(connection, organization, name)
        channels.set_state(connection, row.channel_id, "active")
        if msgspec.json.decode(row.terms, type=Terms).budget:
            outbox.hold(connection, row.channel_id, now())
        return _shown(_found(connection, organization, name))


def rotate(database: Database, organization: str, name: str, finish: bool = False) -> Made:
    """Give a web hook another key; the one before signs, too, until the next time or until finish. Raise NotFound."""
    with database.write() as connection:
        row = _found(connection, organization, name)
        if row.kind != "webhook":
            raise UsageError(f"{name} is no web hook: nothing is signed", "only web hooks have keys")
        secret = "" if finish else target.secret(secrets.token_bytes(KEY))
        keys = row.secrets[:1] if finish else (secret, *row.secrets[:1])
        row = msgspec.structs.replace(row, secrets=keys)
        channels.change(connection, row)
    return Made(_shown(row), secret)


def add_rule(database: Database, organization: str, rule: Rule) -> Rule:
    """Add a rule. Raise UsageError, NotFound."""
    with database.write() as connection:
        if any(each.name == rule.name for each in channels.rules(connection, organization)):
            raise UsageError(f"there is a rule {rule.name} already", "remove it first, or choose another name")
        _put_rule(connection, organization, rule, {})
    return rule


def listed_rules(database: Database, organization: str = "") -> list[tuple[str, Rule]]:
    """Return rules with their organizations; organization: "" for all."""
    with database.read() as connection:
        rows = channels.rules(connection, organization or None)
    return [(each.organization, msgspec.json.decode(each.document, type=Rule)) for each in rows]


def remove_rule(database: Database, organization: str, name: str) -> str:
    """Remove a rule; return its name. Raise NotFound."""
    with database.write() as connection:
        if not channels.remove_rule(connection, organization, name):
            raise NotFound(f"there is no rule {name}", "envscout notify rule list lists them")
    return name


def apply(database: Database, organization: str, wanted: Declared, prune: bool = False) -> list[Step]:
    """Make channels and rules be as a file says; prune: remove all others. All of it, or nothing. Raise UsageError."""
    with database.write() as connection:
        before = {each.name: each for each in channels.channels(connection, organization)}
        steps = [_applied(connection, organization, each, before.get(each.name)) for each in wanted.channels]
        steps += _applied_rules(connection, organization, wanted.rules)
        if prune:
            steps += _pruned(connection, organization, wanted)
    return [each for each in steps if each.action]


def export(database: Database, organization: str = "") -> Declared:
    """Return channels and rules as a file says them, without addresses: `apply` keeps those there are."""
    with database.read() as connection:
        rows = channels.channels(connection, organization)
        found = channels.rules(connection, organization)
    named = tuple(Channel(each.name, "", each.kind, msgspec.json.decode(each.terms, type=Terms)) for each in rows)
    return Declared(named, tuple(msgspec.json.decode(each.document, type=Rule) for each in found))


def _found(connection: Connection, organization: str, name: str) -> ChannelRow:
    row = channels.find(connection, organization, name)
    if row is None:
        raise NotFound(f"there is no channel {name}", "envscout notify channel list lists them")
    return row


def _shown(row: ChannelRow) -> Shown:
    place = target.shown(Target(row.kind, row.address))  # type: ignore[arg-type]  # only kinds are kept
    kept = msgspec.json.decode(row.terms, type=Terms)
    keys = len(row.secrets)
    return Shown(
        row.organization, row.name, row.kind, place, row.state, kept, keys, row.problem, row.failures, row.next_try
    )


def _added(connection: Connection, organization: str, channel: Channel) -> tuple[ChannelRow, str]:
    """Add a channel; return it with the key that signs, "" where none does."""
    declared.named("channel", channel.name)
    if not channel.address:
        raise UsageError(f"channel {channel.name} has no address", "say where it leads; it is not given out again")
    if len(channels.channels(connection, organization)) >= MOST:
        raise UsageError(f"there are {MOST} channels already", "remove some")
    kind = target.recognised(channel.address, channel.kind)
    if kind == "apprise":
        _try(channel.address)
    secret = target.secret(secrets.token_bytes(KEY)) if kind == "webhook" else ""
    kept = _usual(kind, terms.checked(channel.terms or Terms()))
    row = ChannelRow(
        0, organization, channel.name, kind, channel.address, (secret,) if secret else (), _json(kept),
        created_at=now(),
    )  # fmt: skip
    channels.add(connection, row, row.created_at)
    return row, secret


def _usual(kind: str, wanted: Terms) -> Terms:
    """Return terms with a budget: programs are told everything, people not more than they can read."""
    if wanted.budget is not None:
        return wanted
    return msgspec.structs.replace(wanted, budget=0 if kind == "webhook" else BUDGET)


def _try(address: str) -> None:
    from envscout.notify import others

    others.service(address)


def _applied(connection: Connection, organization: str, wanted: Channel, before: ChannelRow | None) -> Step:
    """Make one channel be as a file says."""
    if before is None:
        return Step("channel", wanted.name, "added", _added(connection, organization, wanted)[1])
    address = wanted.address or before.address
    kind = target.recognised(address, wanted.kind or ("" if wanted.address else before.kind))
    secret = target.secret(secrets.token_bytes(KEY)) if kind == "webhook" and not before.secrets else ""
    kept = _json(_usual(kind, terms.checked(wanted.terms))) if wanted.terms else before.terms
    keys = ((secret,) if secret else before.secrets) if kind == "webhook" else ()
    row = msgspec.structs.replace(before, kind=kind, address=address, terms=kept, secrets=keys)
    if row == before:
        return Step("channel", wanted.name, "")
    if kind == "apprise":
        _try(address)
    channels.change(connection, row)
    return Step("channel", wanted.name, "changed", secret)


def _applied_rules(connection: Connection, organization: str, wanted: Sequence[Rule]) -> list[Step]:
    before = {each.name: each for each in channels.rules(connection, organization)}
    return [_put_rule(connection, organization, each, before) for each in wanted]


def _put_rule(connection: Connection, organization: str, rule: Rule, before: dict[str, RuleRow]) -> Step:
    """Keep one rule; before: those that it may take the place of."""
    declared.named("rule", rule.name)
    channel = _found(connection, organization, rule.channel)
    document = _json(rules.checked(rule))
    there = before.get(rule.name)
    if there is None:
        if len(channels.rules(connection, organization)) >= MOST:
            raise UsageError(f"there are {MOST} rules already", "remove some")
        row = RuleRow(0, channel.channel_id, organization, rule.name, document, news.newest(connection))
        channels.add_rule(connection, row)
        return Step("rule", rule.name, "added")
    row = msgspec.structs.replace(there, channel_id=channel.channel_id, document=document)
    if row == there:
        return Step("rule", rule.name, "")
    channels.change_rule(connection, row)
    return Step("rule", rule.name, "changed")


def _pruned(connection: Connection, organization: str, wanted: Declared) -> list[Step]:
    """Remove what a file does not say."""
    steps = []
    kept = {each.name for each in wanted.rules}
    for rule in channels.rules(connection, organization):
        if rule.name not in kept:
            channels.remove_rule(connection, organization, rule.name)
            steps.append(Step("rule", rule.name, "removed"))
    kept = {each.name for each in wanted.channels}
    for channel in channels.channels(connection, organization):
        if channel.name not in kept:
            channels.remove(connection, channel.channel_id)
            steps.append(Step("channel", channel.name, "removed"))
    return steps


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
