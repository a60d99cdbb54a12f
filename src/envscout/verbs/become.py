"""Make an environment what a source says of it: somebody who wants it so, or somebody who looked."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from envscout.environments.becoming import UNSEEN, Change, changes
from envscout.environments.drift import OBSERVED
from envscout.errors import LimitExceeded, UsageError
from envscout.images import platform as platforms
from envscout.model import Event
from envscout.standing import drifting
from envscout.standing.appending import MOST_AT_ONCE, Batch, Outcome, append, check, check_source
from envscout.store import Connection, Database, deployments, images, news, now
from envscout.store.deployments import Running, Scope
from envscout.store.images import Led, Named


class Goal(msgspec.Struct, frozen=True):
    """What an environment is to become. said: who says so of which environment, of no service. wanted: what is to run.

    services: that stay as they are where they are not wanted. whole: whether what is not wanted is to go.
    """

    said: Event
    wanted: tuple[Event, ...]
    services: tuple[str, ...] = ()
    whole: bool = True


class Became(msgspec.Struct, frozen=True):
    """What became of an environment, service by service. outcomes: of the events of the changes, in their order.

    unknown: what is wanted and nobody looked into yet, as it was told.
    """

    changes: tuple[Change, ...]
    outcomes: tuple[Outcome, ...]
    unknown: tuple[Event, ...] = ()


def become(database: Database, goal: Goal, *, unindexed: bool = False, dry: bool = False) -> Became:
    """Make an environment what somebody wants, in one transaction; what is refused keeps nothing else from being kept.

    unindexed: take images that nobody looked into as well. dry: change nothing, tell what would be. Raise UsageError,
    LimitExceeded.
    """
    check_source(goal.said.source)
    return _became(database, goal, unindexed=unindexed, dry=dry)


def observe(database: Database, goal: Goal, *, unindexed: bool = False, dry: bool = False) -> Became:
    """Do as `become` does for what was seen to run. It is believed: what was seen is not kept out by the gate."""
    if goal.said.source not in OBSERVED:
        raise UsageError(
            f"the source {goal.said.source[:100]!r} does not look at what runs", f"name {' or '.join(sorted(OBSERVED))}"
        )
    return _became(database, goal, unindexed=unindexed, dry=dry)


def _became(database: Database, goal: Goal, *, unindexed: bool, dry: bool) -> Became:
    said, is_seen = goal.said, goal.said.source in OBSERVED
    _check(goal)
    with database.read() if dry else database.write() as connection:
        running = deployments.running(connection, Scope(said.organization, said.environment))
        found = _on_record(connection, running, goal.wanted)
        meant = [event for each in found for event in each.events]
        wanted = _in_their_slots(running, meant, is_seen=is_seen)
        plan = changes((each.deployment for each in running), said, wanted, goal.services, whole=goal.whole)
        events = [event for change in plan for event in change.events]
        if dry:
            return Became(plan, ())
        moment = now()
        batch = Batch(events, [unindexed] * len(events), connection.tenant, is_seen)
        outcomes = append(connection, [batch], moment) if events else []
        if is_seen:
            news.append(connection, drifting.observe(connection, said, goal.wanted, moment))
        unknown = tuple(each for each, one in zip(goal.wanted, found, strict=True) if not one.known)
        return Became(plan, tuple(outcomes), unknown)


def _check(goal: Goal) -> None:
    said = goal.said
    if len({(each.service, each.digest) for each in goal.wanted}) > MOST_AT_ONCE:
        raise LimitExceeded(f"more than {MOST_AT_ONCE} images at once", "make environments smaller")
    for field in ("organization", "environment"):
        check(field, getattr(said, field))
    for field in ("organization", "environment", "source"):
        if any(getattr(each, field) != getattr(said, field) for each in goal.wanted):
            raise UsageError(f"one of the images is of another {field}", f"name one {field} alone")


class _Meant(NamedTuple):
    """The images that are meant by what was told. known: whether anybody looked into them."""

    events: tuple[Event, ...]
    known: bool


def _on_record(connection: Connection, running: Iterable[Running], wanted: Sequence[Event]) -> list[_Meant]:
    """Return the images that each event means: a cluster may tell the digest of the index that it pulled.

    Where nobody knows the platform, all that run already of what the index led to are meant, else the newest; of a node
    that was not heard of yet, only what runs already.
    """
    runs = {(each.deployment.service, each.deployment.digest) for each in running}
    known = images.find_all(connection, {Named(connection.tenant, each.digest) for each in wanted})
    indexed = {name.digest for name, each in known.items() if each.is_indexed}
    led = images.led_to(connection, {each.digest for each in wanted} - indexed)
    return [
        _meant(each, runs, led.get(each.digest, ())) if each.digest not in indexed else _Meant((each,), True)
        for each in wanted
    ]


def _meant(told: Event, runs: AbstractSet[tuple[str, str]], led: Sequence[Led]) -> _Meant:
    is_known = told.platform not in ("", UNSEEN)
    fits = [each.digest for each in led if not is_known or platforms.matches(told.platform, each.platform)]
    there = [each for each in fits if (told.service, each) in runs]
    newest = [] if told.platform == UNSEEN else fits[:1]
    chosen = there[:1] if there and is_known else there or newest
    events = tuple(msgspec.structs.replace(told, digest=each) for each in chosen)
    return _Meant(events or (told,), bool(events))


def _in_their_slots(running: Iterable[Running], wanted: Iterable[Event], *, is_seen: bool) -> list[Event]:
    """Return events in the slots in which their images run already.

    Who records may name a slot by a platform. Of what was seen, the platform only tells which image it is.
    """
    slots = {(each.deployment.service, each.deployment.digest): each.deployment.platform for each in running}
    return [
        each
        if each.platform and not is_seen
        else msgspec.structs.replace(each, platform=slots.get((each.service, each.digest), ""))
        for each in wanted
    ]
