"""Send what is to be sent: lease messages, send them outside of any transaction, note what became of them.

A message is sent at least once. Should a process die between the receiver's answer and the note of it, the message is
sent again when its lease ends, with the same identity, so that a receiver can tell. The note is written as soon as the
answer is there.
"""

import functools
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from envscout.config import Settings
from envscout.errors import NotFound
from envscout.network.addresses import allowed
from envscout.network.guarded import Guard
from envscout.notify import messages, schedule, sending
from envscout.notify.messages import Message
from envscout.notify.schedule import RESTS_AFTER, Outcome
from envscout.notify.sentences import said
from envscout.notify.target import Target
from envscout.notify.terms import HOUR, Terms
from envscout.store import Connection, Database, channels, news, now, outbox, standing
from envscout.store.channels import ChannelRow

LEASE = 300
"""Seconds that a message is somebody's to send."""

MARGIN = 60
"""Seconds before the end of a lease from which on nothing is begun; more than an attempt takes."""

BATCH = 200
"""Messages of a channel that are leased at once."""

THREADS, PER_CHANNEL = 64, 8
UNNOTED = 2 * PER_CHANNEL
"""Messages of a channel that may be on their way, or sent and not noted: what is sent again if the process dies."""

GATHERED = 5000
PATIENCE = 30
"""Seconds that a message which stands for others waits for those that are still to come."""

LOOKS = 0.5
"""Seconds after which is looked for what came to be due, where those who are told now are slow."""

_SECOND = 1_000_000


class Delivered(msgspec.Struct, frozen=True):
    """How many messages were sent, are to be tried again, or were given up. next_due: microseconds, 0 for nothing."""

    sent: int = 0
    again: int = 0
    dead: int = 0
    next_due: int = 0


class Tested(msgspec.Struct, frozen=True):
    """What became of a test. problem: "" if it was sent."""

    channel: str
    sent: bool
    problem: str = ""


class Outgoing(msgspec.Struct, frozen=True):
    """A message as it may be shown. Moments: microseconds; sent_at: 0 if it was not."""

    message_id: int
    channel: str
    organization: str
    state: str
    title: str
    at: int
    due: int
    attempts: int
    sent_at: int
    problem: str
    identity: str


def due(database: Database, at: int = 0, seconds: float = 60.0) -> Delivered:
    """Send what is due. at: microseconds, 0 for the clock. seconds: after which nothing more is begun."""
    done = _Round(database, at).run(time.monotonic() + seconds)
    with database.read() as connection:
        return msgspec.structs.replace(done, next_due=outbox.next_due(connection))


def test(database: Database, organization: str, channel: str) -> Tested:
    """Send a test to a channel, now, whatever its state. Raise NotFound."""
    with database.read() as connection:
        row = channels.find(connection, organization, channel)
    if row is None:
        raise NotFound(f"there is no channel {channel}", "envscout notify channel list lists them")
    at = now()
    message = Message("test", at, organization)
    outcome = sending.send(_target(row), f"msg_{secrets.token_hex(16)}", message, at, _guard(), _public_url())
    return Tested(channel, outcome.result == "sent", outcome.problem)


def listed(
    database: Database, organization: str = "", state: str = "", most: int = 100, before: int = 0
) -> list[Outgoing]:
    """Return messages, the newest first. organization: "" for all. state: waiting, held, sent, dead, gathered or "".

    before: only those with lower numbers, 0 for all.
    """
    with database.read() as connection:
        found = outbox.messages(connection, organization or None, state, most=min(most, 10_000), before=before)
    return [_outgoing(each) for each in found]


def resend(database: Database, organization: str = "", message_id: int = 0) -> int:
    """Send a message again, or all that were given up (0); return how many. Raise NotFound."""
    with database.write() as connection:
        count = outbox.resend(connection, organization or None, message_id, now())
    if message_id and not count:
        raise NotFound(
            f"there is no message {message_id} that was sent or given up", "envscout notify outbox lists them"
        )
    return count


class _Batch:
    """Messages of one channel that were leased, and those who send them."""

    def __init__(self, channel: ChannelRow, name: str, rows: Sequence[outbox.Row]) -> None:
        self.channel = channel
        self.name = name
        self.target = _target(channel)
        self.rows = deque(rows)
        self.ends = time.monotonic() + LEASE - MARGIN
        self.failures = channel.failures
        self.problem = channel.problem
        self.after = 0.0
        self.is_gone = self.is_stopped = False
        self.room = threading.Semaphore(UNNOTED)
        # A channel that failed is tried by one alone: the others would only wait for the same.
        self.lanes = 1 if channel.failures else min(PER_CHANNEL, len(rows))

    def heed(self, outcome: Outcome) -> None:
        """Draw conclusions from an attempt for those that come after it."""
        if outcome.result == "sent":
            self.failures, self.problem = 0, ""
            return
        self.problem = outcome.problem
        self.is_gone = self.is_gone or outcome.result == "gone"
        if outcome.result == "again":
            self.failures += 1
            self.after = max(self.after, outcome.after)
        self.is_stopped = self.is_stopped or self.is_gone or self.failures >= RESTS_AFTER or self.after > 0


_Result = tuple[_Batch, outbox.Row | None, Outcome | None]
"""A message and what became of it, None if it was not tried; no message: one of those who send has ended."""


class _Round:
    """One go at everything that is due. Channels do not wait for each other."""

    def __init__(self, database: Database, at: int) -> None:
        self._database = database
        self._at = at
        self._guard = _guard()
        self._public_url = _public_url()
        self._results: queue.SimpleQueue[_Result] = queue.SimpleQueue()
        self._flying: dict[int, _Batch] = {}
        self._counts = {"sent": 0, "waiting": 0, "dead": 0}

    def run(self, until: float) -> Delivered:
        """Go on while there is something due, or on its way."""
        with ThreadPoolExecutor(THREADS, "deliver") as pool:
            try:
                while True:
                    if time.monotonic() < until:
                        self._begin(pool)
                    if not self._flying:
                        break
                    results = self._collected()
                    if results:
                        self._end(results)
            finally:
                for each in self._flying.values():
                    each.is_stopped = True
                    each.room.release(BATCH)
        return Delivered(self._counts["sent"], self._counts["waiting"], self._counts["dead"])

    def _moment(self) -> int:
        return self._at or now()

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        """Lease what is due for channels that nobody here sends to."""
        at = self._moment()
        with self._database.read() as connection:
            oversleeps = outbox.oversleeps(connection, at)
        if oversleeps:
            with self._database.write() as connection:
                outbox.wake(connection, at)
        with self._database.read() as connection:
            ready = [each for each in outbox.ready(connection, at) if each not in self._flying]
        if not ready:
            return
        begun = []
        name = secrets.token_hex(8)
        with self._database.write() as connection:
            for number in ready:
                channel = channels.by_number(connection, number)
                if channel is None or channel.state != "active":
                    continue
                _gather(connection, channel, at)
                rows = outbox.lease(connection, number, at, name, at + LEASE * _SECOND, BATCH)
                if rows:
                    begun.append(_Batch(channel, name, rows))
        for batch in begun:
            self._flying[batch.channel.channel_id] = batch
            for _ in range(batch.lanes):
                pool.submit(self._lane, batch)

    def _lane(self, batch: _Batch) -> None:
        """Send one message after the other."""
        try:
            while batch.rows:
                try:
                    row = batch.rows.popleft()
                except IndexError:
                    break
                batch.room.acquire()
                outcome = self._sent(batch, row)
                if outcome:
                    batch.heed(outcome)
                self._results.put((batch, row, outcome))
        finally:
            self._results.put((batch, None, None))

    def _sent(self, batch: _Batch, row: outbox.Row) -> Outcome | None:
        if batch.is_stopped or time.monotonic() > batch.ends:
            return None
        try:
            message = msgspec.json.decode(row.document, type=Message)
            return sending.send(batch.target, row.identity, message, self._moment(), self._guard, self._public_url)
        except Exception as error:  # whatever it is, the message stays, and the others are sent
            return Outcome("again", f"it could not be sent: {type(error).__name__}")

    def _collected(self) -> list[_Result]:
        """Return results: those that came in meanwhile, or the next one; none where none comes for a while."""
        try:
            found = [self._results.get(timeout=LOOKS)]
        except queue.Empty:
            return []
        while len(found) < BATCH:
            try:
                found.append(self._results.get_nowait())
            except queue.Empty:
                break
        return found

    def _end(self, results: Sequence[_Result]) -> None:
        """Note what became of messages, and of channels with whose batch it is over."""
        at = self._moment()
        settled, back, over = [], [], []
        for batch, row, outcome in results:
            if row is None:
                batch.lanes -= 1
                if not batch.lanes:
                    over.append(batch)
            elif outcome is None:
                back.append((batch.name, row.message_id))
            else:
                settled.append(_settled(batch, row, outcome, at))
        with self._database.write() as connection:
            outbox.settle(connection, settled)
            for name, number in back:
                outbox.give_back(connection, name, (number,))
            for batch in over:
                _note(connection, batch, at)
                del self._flying[batch.channel.channel_id]
        for batch, row, _ in results:
            if row is not None:
                batch.room.release()
        for each in settled:
            self._counts[each.state] += 1


def _settled(batch: _Batch, row: outbox.Row, outcome: Outcome, at: int) -> outbox.Settled:
    attempts = row.attempts + 1
    if outcome.result == "sent":
        return outbox.Settled(row.message_id, batch.name, "sent", attempts, row.due, at, "")
    if outcome.result == "gone":
        return outbox.Settled(row.message_id, batch.name, "waiting", attempts, row.due, 0, outcome.problem)
    luck = secrets.randbelow(1000) / 999
    again = schedule.next_attempt(attempts, row.at, at, outcome.after, luck) if outcome.result == "again" else None
    state = "dead" if again is None else "waiting"
    return outbox.Settled(row.message_id, batch.name, state, attempts, again or at, 0, outcome.problem)


def _note(connection: Connection, batch: _Batch, at: int) -> None:
    """Note how a channel does."""
    number = batch.channel.channel_id
    if batch.is_gone:
        channels.set_state(connection, number, "gone", batch.problem)
    elif (batch.failures, batch.problem) != (batch.channel.failures, batch.channel.problem) or batch.failures:
        next_try = schedule.rest(batch.failures, at, batch.after)
        channels.set_health(connection, number, batch.failures, next_try, batch.problem)


def _gather(connection: Connection, channel: ChannelRow, at: int) -> None:
    """Make one message of what was held for a channel, as far as its budget goes."""
    held = outbox.held(connection, channel.channel_id, at, GATHERED)
    if not held or _is_more_coming(connection, channel, at):
        return
    budget = msgspec.json.decode(channel.terms, type=Terms).budget
    used, first = outbox.used(connection, channel.channel_id, at - HOUR) if budget else (0, 0)
    if budget and used >= budget:
        outbox.hold_on(connection, channel.channel_id, at, first + HOUR)
        return
    if len(held) == 1:
        outbox.release(connection, held[0][0], at)
        return
    found = [msgspec.json.decode(document, type=Message) for _, document in held]
    event = f"summary\x1f{held[0][0]}-{held[-1][0]}"
    document = msgspec.json.encode(messages.summary(found, at)).decode()
    identity = f"msg_{secrets.token_hex(16)}"
    new = outbox.New(channel.channel_id, event, identity, event, at, at, "waiting", document)
    outbox.gather(connection, new, held[-1][0])


def _is_more_coming(connection: Connection, channel: ChannelRow, at: int) -> bool:
    """Tell whether there is to be told yet what a message may stand for, too, and that was not waited for too long."""
    if at - outbox.held_since(connection, channel.channel_id) > PATIENCE * _SECOND:
        return False
    return standing.marks(connection) > 0 or news.cursor(connection, news.NOTIFY) < news.newest(connection)


def _target(row: ChannelRow) -> Target:
    return Target(row.kind, row.address, row.secrets)  # type: ignore[arg-type]  # only kinds are kept


def _outgoing(each: outbox.Listed) -> Outgoing:
    row = each.row
    message = msgspec.json.decode(row.document, type=Message)
    return Outgoing(
        row.message_id, each.channel, each.organization, row.state, said(message).title, row.at, row.due, row.attempts,
        row.sent_at, row.problem, row.identity,
    )  # fmt: skip


def _guard() -> Guard:
    return _made(Settings().text("allow_private_addresses"))


@functools.lru_cache(maxsize=4)
def _made(private: str) -> Guard:
    """Return one guard for the process, which keeps connections."""
    return Guard(allowed(private), connections=PER_CHANNEL)


def _public_url() -> str:
    return Settings().text("public_url")
