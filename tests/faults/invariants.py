"""What must hold after every fault, whatever it was. Each check returns what is broken, in words."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec

from envscout.environments.fold import fold
from envscout.model import News
from envscout.notify.payload import Payload
from envscout.store import FOREVER, Connection, Database, audit, channels, deployments, findings, news
from envscout.store.news import Entry
from envscout.verbs import audit as audit_verb
from envscout.verbs.verify import verify
from tests.faults.load import ENVIRONMENTS
from tests.faults.receiver import Receiver
from tests.faults.world import World

Check = Callable[[World], Iterator[str]]
RECORDING = ("record.record", "record.many")
"""Operations by which clients record, one thing at a time."""


def check(world: World) -> None:
    """Raise AssertionError with all that is broken."""
    broken = [f"{each.__name__}: {what}" for each in CHECKS for what in each(world)]
    assert not broken, "\n".join([*broken[:40], world.said()])


def nothing_acknowledged_is_lost(world: World) -> Iterator[str]:
    """Every recording that a client was told of is in the history once; one without an answer at most once."""
    kept: Counter[str] = Counter()
    facts: dict[str, tuple[str, str, str]] = {}
    with Database(world.place) as database, database.read() as connection:
        for environment in ENVIRONMENTS:
            for event in deployments.events(connection, deployments.Scope(environment=environment)):
                kept[event.commit] += 1
                facts[event.commit] = (event.environment, event.service, event.digest)
    for load in world.loads:
        for key, told in load.log.acknowledged.items():
            if kept[key] != 1:
                yield f"{told} was acknowledged and is kept {kept[key]} times"
            elif facts[key] != (told.environment, told.service, told.digest):
                yield f"{told} is kept as {facts[key]}"
        for key in load.log.unanswered:
            if kept[key] > 1:
                yield f"{key} had no answer and is kept {kept[key]} times"


def clients_were_told_nothing_wrong(world: World) -> Iterator[str]:
    """No fault makes a server call a good request a bad one."""
    for load in world.loads:
        yield from load.log.wrong


def what_runs_is_the_fold_of_what_was_said(world: World) -> Iterator[str]:
    """The intervals that are stored follow from the events that are stored."""
    with Database(world.place) as database, database.read() as connection:
        for environment in ENVIRONMENTS:
            events = reversed(deployments.events(connection, deployments.Scope(environment=environment)))
            expected = {(each.service, each.digest, each.since, each.until or FOREVER) for each in fold(events)}
            stored = set(
                connection.execute(
                    "SELECT s.name, i.digest, d.d_from, d.d_to FROM deployment d JOIN service s USING (service_id)"
                    " JOIN image i USING (image_id) JOIN environment v USING (env_id) WHERE v.name = ?",
                    (environment,),
                ).fetchall()
            )
            if stored != expected:
                yield f"{environment}: {sorted(stored ^ expected)[:5]}"


def findings_are_those_of_a_match_from_nothing(world: World) -> Iterator[str]:
    """Incremental equals full: the findings kept are those that all packages and ranges give."""
    with Database(world.place) as database, database.read() as connection:
        kept = set(connection.execute("SELECT adv_id, pkg_id FROM finding").fetchall())
        if kept != findings.match_all(connection):
            yield f"{len(kept)} are kept"


def no_news_is_told_twice_and_none_is_missing(world: World) -> Iterator[str]:
    """Everything that happened since somebody listened is in one message to them, and none is on its way still."""
    with Database(world.place) as database, database.read() as connection:
        entries = list(_all_news(connection))
        after = {each.channel_id: each.after_news for each in channels.rules(connection)}
        states = "SELECT identity, state FROM outbox WHERE channel_id = ?"
        kept = {
            each.name: dict(connection.execute(states, (each.channel_id,)).fetchall())
            for each in channels.channels(connection)
        }
        happened = {
            each.name: {entry.news for entry in entries if entry.news_id > after[each.channel_id]}
            for each in channels.channels(connection)
        }
    for name, receiver in world.receivers.items():
        yield from (f"{name}: {each}" for each in _told(receiver, happened[name], kept[name]))


def _told(receiver: Receiver, happened: Collection[News], kept: Mapping[str, str]) -> Iterator[str]:
    accepted = receiver.messages()
    told: Counter[News] = Counter()
    more = 0
    for payload in (msgspec.json.decode(body, type=Payload) for body in accepted.values()):
        told.update(payload.data.news)
        more += payload.data.more
    yield from (f"{each} was told {count} times" for each, count in told.items() if count > 1)
    yield from (f"{each} was told, and did not happen" for each in told.keys() - happened)
    missing = [each for each in happened if each not in told]
    if len(missing) > more:
        yield f"{len(missing) - more} news of {len(happened)} are missing, such as {missing[0]}"
    yield from (f"{identity} was sent, and nobody got it" for identity in kept if identity not in accepted)
    yield from (f"{identity} came from nowhere" for identity in accepted if identity not in kept)
    yield from (f"{identity} is {state}" for identity, state in kept.items() if state != "sent")


def _all_news(connection: Connection) -> Iterator[Entry]:
    cursor = 0
    while found := news.after(connection, cursor):
        yield from found
        cursor = found[-1].news_id


def no_message_comes_twice(world: World) -> Iterator[str]:
    """A message is sent again only where nobody could know that it had arrived."""
    for name, receiver in world.receivers.items():
        for identity, count in receiver.ids().items():
            if count > 1 + (world.uncertain if identity else 0):
                yield f"{name}: {identity} came {count} times"


def the_audit_log_is_whole(world: World) -> Iterator[str]:
    """No entry of the audit log was changed or lost, and whatever was recorded has one."""
    told = number = 0
    with Database(world.place) as database:
        yield from audit_verb.verify(database).faults
    with Database(world.place) as database, database.read() as connection:
        scopes = (deployments.Scope(environment=each) for each in ENVIRONMENTS)
        recorded = sum(len(deployments.events(connection, scope)) for scope in scopes)
        while page := audit.entries(connection, after=number):
            number = page[-1].number
            told += sum(each.operation in RECORDING and each.outcome == "done" for each in page)
    if told < recorded:
        yield f"{recorded} were recorded, of which the log tells {told}"


def what_is_kept_is_what_would_be_made_from_nothing(world: World) -> Iterator[str]:
    """Incremental equals full, for findings, summaries and what the world was told."""
    with Database(world.place) as database:
        yield from map(str, verify(database).shown)


CHECKS: tuple[Check, ...] = (
    clients_were_told_nothing_wrong,
    nothing_acknowledged_is_lost,
    what_runs_is_the_fold_of_what_was_said,
    findings_are_those_of_a_match_from_nothing,
    what_is_kept_is_what_would_be_made_from_nothing,
    no_news_is_told_twice_and_none_is_missing,
    no_message_comes_twice,
    the_audit_log_is_whole,
)
