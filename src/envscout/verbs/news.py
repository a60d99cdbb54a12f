"""Turn news into messages: read them after a cursor, match rules, and keep what is to be sent, all at once or not."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from envscout.model import News
from envscout.notify import messages
from envscout.notify.messages import Group, Message
from envscout.notify.rules import Rule, is_near, matches
from envscout.notify.terms import HOUR, Terms, plan
from envscout.store import Connection, Database, channels, news, now, outbox
from envscout.store.channels import ChannelRow
from envscout.store.news import Entry

READER = "notify"
AT_ONCE = 20_000
"""News that are read in one go."""


class Matched(msgspec.Struct, frozen=True):
    """What was done: news read, messages made, messages that further news joined, and the cursor."""

    news: int = 0
    messages: int = 0
    joined: int = 0
    cursor: int = 0


class _Listener(NamedTuple):
    """A rule, understood. after: the number of the last news that are none of its business."""

    rule: Rule
    organization: str
    channel_id: int
    after: int


class _Batch(NamedTuple):
    """News that were read, and what makes messages of them."""

    before: int
    after: int
    read: int
    groups: Mapping[int, Sequence[Group]]
    channels: Mapping[int, ChannelRow]


def match(database: Database, at: int = 0) -> Matched:
    """Make messages of all news that nobody made any of. at: microseconds, 0 for now. Safe to run at the same time."""
    total = Matched()
    while True:
        batch = _read(database)
        if batch.before == batch.after:
            return msgspec.structs.replace(total, cursor=batch.before)
        done = _write(database, batch, at or now())
        total = Matched(total.news + done.news, total.messages + done.messages, total.joined + done.joined)


def forget(database: Database, at: int = 0) -> int:
    """Forget news and messages that are old; return how many. Runs as often as there is something left."""
    at = at or now()
    with database.write() as connection:
        return news.forget(connection, at) + outbox.forget(connection, at)


def _read(database: Database) -> _Batch:
    with database.read() as connection:
        before = news.cursor(connection, READER)
        known = {each.channel_id: each for each in channels.channels(connection)}
        listeners = [
            _Listener(_rule(each), each.organization, each.channel_id, each.after_news)
            for each in channels.rules(connection)
        ]
        if not listeners:
            return _Batch(before, max(before, news.newest(connection)), 0, {}, known)
        entries = news.after(connection, before, limit=AT_ONCE)
    wanted: dict[int, list[tuple[int, News]]] = {}
    near: dict[tuple[str, str], list[_Listener]] = {}
    for entry in entries:
        place = (entry.news.organization, entry.news.environment)
        if place not in near:
            near[place] = [each for each in listeners if is_near(each.rule, each.organization, entry.news)]
        hearing = {each.channel_id for each in near[place] if _concerns(each, entry)}
        for channel_id in hearing:
            wanted.setdefault(channel_id, []).append((entry.news_id, entry.news))
    groups = {channel_id: messages.grouped(each) for channel_id, each in wanted.items()}
    return _Batch(before, entries[-1].news_id if entries else before, len(entries), groups, known)


def _rule(row: channels.RuleRow) -> Rule:
    return msgspec.json.decode(row.document, type=Rule)


def _concerns(listener: _Listener, entry: Entry) -> bool:
    # By number: a clock that was set back must not make what happened after a rule look older than it.
    return entry.news_id > listener.after and matches(listener.rule, listener.organization, entry.news)


def _write(database: Database, batch: _Batch, at: int) -> Matched:
    """Keep the messages and how far the news were read. Another process may have done so meanwhile."""
    made = joined = 0
    with database.write() as connection:
        if news.cursor(connection, READER) != batch.before:
            return Matched()
        for channel_id, groups in batch.groups.items():
            channel = channels.by_number(connection, channel_id)
            if channel is not None:
                done = _tell(connection, channel, groups, at)
                made, joined = made + done, joined + len(groups) - done
        news.advance(connection, READER, batch.after)
    return Matched(batch.read, made, joined)


def _tell(connection: Connection, channel: ChannelRow, groups: Sequence[Group], at: int) -> int:
    """Keep messages for a channel; return how many are new. What is beyond its budget is held, to come as one."""
    terms = msgspec.json.decode(channel.terms, type=Terms)
    used = outbox.used(connection, channel.channel_id, at - HOUR)[0] if terms.budget else 0
    there = outbox.joinable(connection, channel.channel_id, [each.subject for each in groups])
    new: list[outbox.New] = []
    for group in groups:
        if group.subject in there:
            number, document = there[group.subject]
            message = messages.joined(msgspec.json.decode(document, type=Message), group.news)
            outbox.join(connection, number, _document(message))
            continue
        message = messages.message(group.news)
        when = plan(terms, at, message.is_urgent)
        # The last message of a budget is the one that stands for all that come after it.
        gathered = when.gathered or bool(terms.budget and used >= terms.budget - 1)
        used += 0 if gathered else 1
        new.append(_new(channel, group, message, at, when.due, "held" if gathered else "waiting"))
    return outbox.put_all(connection, new)


def _new(channel: ChannelRow, group: Group, message: Message, at: int, due: int, state: str) -> outbox.New:
    who = f"{channel.channel_id}\x1f{channel.created_at}\x1f{group.event}"
    identity = "msg_" + hashlib.sha256(who.encode()).hexdigest()[:32]
    return outbox.New(channel.channel_id, group.event, identity, group.subject, at, due, state, _document(message))


def _document(message: Message) -> str:
    return msgspec.json.encode(message).decode()
