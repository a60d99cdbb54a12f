"""Make an environment what a source says of it: somebody who wants it so, or somebody who looked."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from envscout.environments.becoming import Change, changes
from envscout.environments.drift import OBSERVED
from envscout.errors import LimitExceeded, UsageError
from envscout.images import platform as platforms
from envscout.model import Event
from envscout.standing import drifting
from envscout.standing.appending import MOST_AT_ONCE, Batch, Outcome, append, check
from envscout.store import Connection, Database, deployments, images, news, now
from envscout.store.deployments import Running, Scope
from envscout.store.images import Named


class Goal(msgspec.Struct, frozen=True):
    """What an environment is to become. said: who says so of which environment, of no service. wanted: what is to run.

    services: that stay as they are where they are not wanted. whole: whether what is not wanted is to go.
    """

    said: Event
    wanted: tuple[Event, ...]
    services: tuple[str, ...] = ()
    whole: bool = True


class Became(msgspec.Struct, frozen=True):
    """What became of an environment, service by service. outcomes: of the events of the changes, in their order."""

    changes: tuple[Change, ...]
    outcomes: tuple[Outcome, ...]


def become(database: Database, goal: Goal, *, unindexed: bool = False, dry: bool = False) -> Became:
    """Make an environment what somebody wants, in one transaction; what is refused keeps nothing else from being kept.

    unindexed: take images that nobody looked into as well. dry: change nothing, tell what would be. Raise UsageError,
    LimitExceeded.
    """
    if goal.said.source in OBSERVED:
        raise UsageError(f"the source {goal.said.source} is of those who look at what runs", "name another source")
    return _became(database, goal, unindexed=unindexed, dry=dry)


def observe(database: Database, goal: Goal, *, unindexed: bool = False, dry: bool = False) -> Became:
    """Do as `become` does for what was seen to run. It is believed: what was seen is not kept out by the gate."""
    if goal.said.source not in OBSERVED:
        raise UsageError(
            f"the source {goal.said.source[:100]!r} does not look at what runs", f"name {' or '.join(sorted(OBSERVED))}"
        )
    return _became(database, goal, unindexed=unindexed, dry=dry)


def _became(database: Database, goal: Goal, *, unindexed: bool, dry: bool) -> Became:
    said = goal.said
    if len(goal.wanted) > MOST_AT_ONCE:
        raise LimitExceeded(f"more than {MOST_AT_ONCE} images at once", "make environments smaller")
    for field in ("organization", "environment"):
        check(field, getattr(said, field))
    if any((each.organization, each.environment) != (said.organization, said.environment) for each in goal.wanted):
        raise UsageError("one of the images is for another environment", "name one environment alone")
    with database.read() if dry else database.write() as connection:
        running = deployments.running(connection, Scope(said.organization, said.environment))
        is_seen = said.source in OBSERVED
        wanted = _in_their_slots(running, _on_record(connection, running, goal.wanted), is_seen=is_seen)
        plan = changes((each.deployment for each in running), said, wanted, goal.services, whole=goal.whole)
        events = [event for change in plan for event in change.events]
        if dry:
            return Became(plan, ())
        moment = now()
        batch = Batch(events, [unindexed] * len(events), connection.tenant)
        outcomes = append(connection, [batch], moment) if events else []
        if is_seen:
            news.append(connection, drifting.observe(connection, said, (each.digest for each in wanted), moment))
        return Became(plan, tuple(outcomes))


def _on_record(connection: Connection, running: Iterable[Running], wanted: Sequence[Event]) -> list[Event]:
    """Return events with the digests that their images have here: a cluster may tell that of the index it pulled."""
    runs = frozenset(each.deployment.digest for each in running)
    known = images.find_all(connection, {Named(connection.tenant, each.digest) for each in wanted})
    indexed = {name.digest for name, each in known.items() if each.is_indexed}
    named = {(each.digest, each.platform) for each in wanted}
    better = {each: each[0] if each[0] in indexed else _led_to(connection, runs, *each) for each in named}
    return [msgspec.structs.replace(each, digest=better[each.digest, each.platform]) for each in wanted]


def _led_to(connection: Connection, runs: AbstractSet[str], digest: str, platform: str) -> str:
    """Return the digest of the image of a platform that an index led to, that of the index where nobody looked yet.

    runs: digests of what runs there: where nobody knows the platform, that which runs already goes before the newest.
    """
    looked = (each.image for each in images.known_as(connection, digest) if each.indexed_at is not None)
    fits = [each.digest for each in looked if not platform or platforms.matches(platform, each.platform)]
    return next((each for each in fits if each in runs), next(iter(fits), digest))


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
