"""Turn news into messages: read them after a cursor, match rules, and keep what is to be sent, all at once or not."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from envscout.model import News
from envscout.notify import messages
from envscout.notify.messages import Group, Message
from envscout.notify.rules import Rule, is_asked_for, is_near, is_urgent
from envscout.notify.terms import HOUR, Plan, Terms, plan
from envscout.store import Connection, Database, channels, news, now, outbox
from envscout.store.channels import ChannelRow
from envscout.store.news import Entry

MANY = 100
"""Messages of one channel at once, from which on they travel together."""

TOGETHER = 150
"""Messages for a program that travel as one: mostly about 80 kB, as some receivers take 100."""

READER = news.NOTIFY
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


class _Seen(NamedTuple):
    """What messages for a channel depend on. there: number and document of those that news may join, by subject.

    used: how much of the budget is.
    """

    channel: ChannelRow
    there: Mapping[str, tuple[int, str]]
    used: int


class _Made(NamedTuple):
    """Messages for a channel. joined: numbers of those there were, and what they say now. fresh: how many are new."""

    seen: _Seen
    new: Sequence[outbox.New]
    joined: Sequence[tuple[int, str]]
    fresh: int


class _Batch(NamedTuple):
    """News that were read, and what becomes of them, by the numbers of channels."""

    before: int
    after: int
    read: int
    groups: Mapping[int, Sequence[Group]]
    made: Mapping[int, _Made]


def match(database: Database, at: int = 0) -> Matched:
    """Make messages of all news that nobody made any of. at: microseconds, 0 for now. Safe to run at the same time."""
    total = Matched()
    while True:
        moment = at or now()
        batch = _read(database, moment)
        if batch.before == batch.after:
            return msgspec.structs.replace(total, cursor=batch.before)
        done = _write(database, batch, moment)
        total = Matched(total.news + done.news, total.messages + done.messages, total.joined + done.joined)


def forget(database: Database, at: int = 0) -> int:
    """Forget news and messages that are old; return how many. Runs as often as there is something left."""
    at = at or now()
    with database.write() as connection:
        return news.forget(connection, at) + outbox.forget(connection, at)


def _read(database: Database, at: int) -> _Batch:
    """Read news and make messages of them, which nobody has to wait for."""
    with database.read() as connection:
        before = news.cursor(connection, READER)
        listeners = [
            _Listener(_rule(each), each.organization, each.channel_id, each.after_news)
            for each in channels.rules(connection)
        ]
        if not listeners:
            return _Batch(before, max(before, news.newest(connection)), 0, {}, {})
        entries = news.after(connection, before, limit=AT_ONCE)
        groups = {number: messages.grouped(each) for number, each in _wanted(listeners, entries).items()}
        seen = {number: _seen(connection, number, each, at) for number, each in groups.items()}
    made = {number: _made(each, groups[number], at) for number, each in seen.items() if each}
    return _Batch(before, entries[-1].news_id if entries else before, len(entries), groups, made)


def _wanted(listeners: Sequence[_Listener], entries: Sequence[Entry]) -> dict[int, list[tuple[int, News]]]:
    """Return the news that each channel is to be told, with their numbers."""
    wanted: dict[int, list[tuple[int, News]]] = defaultdict(list)
    near: dict[tuple[str, str], list[_Listener]] = {}
    for entry in entries:
        place = (entry.news.organization, entry.news.environment)
        if place not in near:
            near[place] = [each for each in listeners if is_near(each.rule, each.organization, entry.news)]
        for channel_id in {each.channel_id for each in near[place] if _concerns(each, entry)}:
            wanted[channel_id].append((entry.news_id, entry.news))
    return wanted


def _rule(row: channels.RuleRow) -> Rule:
    return msgspec.json.decode(row.document, type=Rule)


def _concerns(listener: _Listener, entry: Entry) -> bool:
    # By number: a clock that was set back must not make what happened after a rule look older than it.
    return entry.news_id > listener.after and is_asked_for(listener.rule, entry.news)


def _write(database: Database, batch: _Batch, at: int) -> Matched:
    """Keep the messages and how far the news were read. Another process may have done so meanwhile."""
    made = joined = 0
    with database.write() as connection:
        if news.cursor(connection, READER) != batch.before:
            return Matched()
        for channel_id, groups in batch.groups.items():
            seen = _seen(connection, channel_id, groups, at)
            if seen is None:
                continue
            done = batch.made.get(channel_id)
            if done is None or done.seen != seen:
                done = _made(seen, groups, at)
            outbox.put_all(connection, done.new)
            outbox.join(connection, done.joined)
            made, joined = made + done.fresh, joined + len(done.joined)
        news.advance(connection, READER, batch.after)
    return Matched(batch.read, made, joined)


def _seen(connection: Connection, channel_id: int, groups: Sequence[Group], at: int) -> _Seen | None:
    """Return what messages for a channel depend on, None where it is gone."""
    channel = channels.by_number(connection, channel_id)
    if channel is None:
        return None
    # How it does has no part in what it is told.
    channel = msgspec.structs.replace(channel, failures=0, next_try=0, problem="", state="")
    there = outbox.joinable(connection, channel_id, [each.subject for each in groups])
    is_bounded = msgspec.json.decode(channel.terms, type=Terms).budget
    return _Seen(channel, there, outbox.used(connection, channel_id, at - HOUR)[0] if is_bounded else 0)


def _made(seen: _Seen, groups: Sequence[Group], at: int) -> _Made:
    """Make messages for a channel."""
    fresh, joined = [], []
    for group in groups:
        if group.subject not in seen.there:
            fresh.append(group)
            continue
        number, document = seen.there[group.subject]
        message = messages.joined(msgspec.json.decode(document, type=Message), group.news, group.numbers)
        joined.append((number, _document(message)))
    return _Made(seen, list(_fresh(seen, fresh, at)), joined, len(fresh))


def _fresh(seen: _Seen, groups: Sequence[Group], at: int) -> Iterator[outbox.New]:
    """Yield messages of what none is about yet. What is beyond the budget is held, to come as one."""
    terms = msgspec.json.decode(seen.channel.terms, type=Terms)
    # The last message of a budget is the one that stands for all that come after it.
    left = max(0, terms.budget - 1 - seen.used) if terms.budget else len(groups)
    plans = {urgent: plan(terms, at, urgent) for urgent in (False, True)}
    is_choice = plans[True] != plans[False]
    parts: dict[Plan, list[Group]] = defaultdict(list)
    for group in groups:
        when = plans[is_choice and any(map(is_urgent, group.news))]
        if not when.gathered:
            left -= 1
            when = Plan(when.due, left < 0)
        parts[when].append(group)
    for when, part in parts.items():
        for few in _travelling(part, when, seen.channel.kind):
            yield _new(seen.channel, few, at, when)


def _travelling(groups: Sequence[Group], when: Plan, kind: str) -> Iterable[Sequence[Group]]:
    """Return what travels as one message each: many that are to be gathered, and many for a program."""
    if len(groups) > MANY and when.gathered:
        return [groups]
    if len(groups) > MANY and kind == "webhook":
        return [groups[first : first + TOGETHER] for first in range(0, len(groups), TOGETHER)]
    return [[each] for each in groups]


def _new(channel: ChannelRow, groups: Sequence[Group], at: int, when: Plan) -> outbox.New:
    """Return what is kept of one message, or of several that travel as one, which nothing joins any more."""
    made = [messages.message(each.news, 0, each.numbers) for each in groups]
    event = subject = groups[0].event
    if len(made) > 1:
        event = subject = f"together\x1f{event}"
        message = messages.summary(made, at, messages.MAX_NEWS if when.gathered else len(made) * messages.MAX_NEWS)
    else:
        message, subject = made[0], groups[0].subject
    who = f"{channel.channel_id}\x1f{channel.created_at}\x1f{event}"
    identity = "msg_" + hashlib.sha256(who.encode()).hexdigest()[:32]
    state = "held" if when.gathered else "waiting"
    return outbox.New(channel.channel_id, event, identity, subject, at, when.due, state, _document(message))


def _document(message: Message) -> str:
    return msgspec.json.encode(message).decode()
