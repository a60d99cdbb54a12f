"""Say what runs where: append to the record, end and begin deployments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Literal, NamedTuple

import msgspec

from envscout.environments.becoming import Change, changes
from envscout.environments.drift import OBSERVED
from envscout.environments.fold import advance
from envscout.errors import EnvscoutError, LimitExceeded, NotFound, UsageError
from envscout.model import Deployment, Event, Image, News, NewsFacts
from envscout.names.reference import valid_digest
from envscout.standing import drifting
from envscout.store import Connection, Database, deployments, news, now, recording, repositories
from envscout.store import images as stored_images
from envscout.store.deployments import Scope
from envscout.store.images import Known, Named
from envscout.store.recording import Appended, Told

MAX_NAME = 128
MAX_TEXT = 2_000
MOST_AT_ONCE = 5_000
MOST_SKEW = 60_000_000
"""Microseconds that another clock may be ahead of ours."""


class Recorded(msgspec.Struct, frozen=True):
    """What a record changed: the event as kept, the deployments it ended and began."""

    event: Event
    ended: tuple[Deployment, ...]
    begun: tuple[Deployment, ...]


def enroll(database: Database, organization: str, repository: str) -> bool:
    """Enrol an organization or a repository; return whether that is new. A repository that is disabled is enabled."""
    _check("organization", organization)
    with database.write() as connection:
        at = now()
        for name, enabled in repositories.switches(connection).items():
            if repository and not enabled and name.partition("/")[2] == f"{organization}/{repository}":
                repositories.switch(connection, name, True, at)
        return deployments.enrol(connection, organization, repository, at)


def record(database: Database, event: Event) -> Recorded:
    """Append that the image of event.digest runs in a slot, from now on. Raise NotFound if it is not stored."""
    for field in ("organization", "environment", "service"):
        _check(field, getattr(event, field))
    with database.write() as connection:
        stored = stored_images.find(connection, event.digest)
        if stored is None:
            raise NotFound(f"{event.reference} was pruned from the store while it was recorded", "record it again")
        event = msgspec.structs.replace(event, at=now())
        return _appended(connection, event, stored.image_id)


def keep_unindexed(database: Database, image: Image) -> bool:
    """Keep the digest of an image nobody could look into; return whether its content is unknown, not clean."""
    with database.write() as connection:
        stored_images.put_unindexed(connection, image)
        stored = stored_images.find(connection, image.digest)
    return stored is None or stored.indexed_at is None


def remove(database: Database, event: Event) -> Recorded:
    """Append that a service (or one digest of it) no longer runs. Raise NotFound if it does not run now."""
    with database.write() as connection:
        done = _appended(connection, msgspec.structs.replace(event, action="remove", at=now()), None)
        if not done.ended:
            raise NotFound(
                f"{event.service} does not run in environment {event.environment} of {event.organization}",
                f"envscout environment {event.environment} lists what does",
            )
    return done


def _appended(connection: Connection, event: Event, image_id: int | None) -> Recorded:
    """Append an event, and the news that it is."""
    done = Recorded(*deployments.append(connection, event, image_id, advance))
    news.append(connection, _news(done))
    return done


class Outcome(msgspec.Struct, frozen=True):
    """What became of one event of many. state: `unchanged` where it ran, or did not run, already.

    event: as it was kept, or as it was told. unindexed: nobody knows what is in the image. problem, next_step: why it
    was refused, and what to do.
    """

    state: Literal["recorded", "unchanged", "refused"]
    event: Event
    unindexed: bool = False
    problem: str = ""
    next_step: str = ""


class Batch(NamedTuple):
    """Events that somebody tells. unindexed: of each, whether its image is taken though nobody looked into it.

    tenant: whose images are meant.
    """

    events: Sequence[Event]
    unindexed: Sequence[bool]
    tenant: str


def many(database: Database, events: Sequence[Event], *, unindexed: bool = False) -> list[Outcome]:
    """Append events, in one transaction; what is refused keeps nothing else from being kept. Raise LimitExceeded.

    An event's moment is 0 for now, and never one to come. unindexed: take images that nobody looked into as well.
    """
    return several(database, [Batch(events, [unindexed] * len(events), database.connection.tenant)])[0]


def several(database: Database, batches: Sequence[Batch]) -> list[list[Outcome]]:
    """Do as `many` does for each of those who tell something at the same time, in one transaction."""
    if any(len(each.events) > MOST_AT_ONCE for each in batches):
        raise LimitExceeded(f"more than {MOST_AT_ONCE} events at once", "record them in parts")
    with database.write() as connection:
        moment = now()
        outcomes = iter(_recorded(connection, [each for batch in batches for each in _said(batch, moment)]))
    return [list(islice(outcomes, len(each.events))) for each in batches]


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
    """Make an environment what a source says, in one transaction; what is refused keeps nothing else from being kept.

    unindexed: take images that nobody looked into as well. dry: change nothing, tell what would be. Raise UsageError,
    LimitExceeded.
    """
    said = goal.said
    if len(goal.wanted) > MOST_AT_ONCE:
        raise LimitExceeded(f"more than {MOST_AT_ONCE} images at once", "make environments smaller")
    for field in ("organization", "environment"):
        _check(field, getattr(said, field))
    if any((each.organization, each.environment) != (said.organization, said.environment) for each in goal.wanted):
        raise UsageError("one of the images is for another environment", "name one environment alone")
    with database.read() if dry else database.write() as connection:
        running = deployments.running(connection, Scope(said.organization, said.environment))
        wanted = _in_their_slots(running, _on_record(connection, goal.wanted))
        plan = changes((each.deployment for each in running), said, wanted, goal.services, whole=goal.whole)
        events = [event for change in plan for event in change.events]
        if dry:
            return Became(plan, ())
        moment = now()
        batch = Batch(events, [unindexed] * len(events), connection.tenant)
        outcomes = _recorded(connection, list(_said(batch, moment))) if events else []
        if said.source in OBSERVED:
            news.append(connection, drifting.observe(connection, said, (each.digest for each in wanted), moment))
        return Became(plan, tuple(outcomes))


def _on_record(connection: Connection, wanted: Sequence[Event]) -> list[Event]:
    """Return events with the digests that their images have here: a cluster may tell that of the index it pulled."""
    known = stored_images.find_all(connection, {Named(connection.tenant, each.digest) for each in wanted})
    indexed = {name.digest for name, each in known.items() if each.is_indexed}
    better = {each.digest: each.digest for each in wanted}
    for digest in better.keys() - indexed:
        led_to = (each for each in stored_images.known_as(connection, digest) if each.indexed_at is not None)
        better[digest] = next((each.image.digest for each in led_to), digest)
    return [msgspec.structs.replace(each, digest=better[each.digest]) for each in wanted]


def _in_their_slots(running: Iterable[deployments.Running], wanted: Iterable[Event]) -> list[Event]:
    """Return events in the slots in which their images run already: who looks tells no platform, who records may."""
    slots = {(each.deployment.service, each.deployment.digest): each.deployment.platform for each in running}
    return [
        each if each.platform else msgspec.structs.replace(each, platform=slots.get((each.service, each.digest), ""))
        for each in wanted
    ]


class _Said(NamedTuple):
    """An event, or why it is refused already. name: of its image."""

    event: Event | Outcome
    name: Named
    unindexed: bool


def _said(batch: Batch, moment: int) -> Iterator[_Said]:
    for event, unindexed in zip(batch.events, batch.unindexed, strict=True):
        yield _Said(_checked(event, moment), Named(batch.tenant, event.digest), unindexed)


def _recorded(connection: Connection, said: Sequence[_Said]) -> list[Outcome]:
    """Append those events that were not refused, and the news that they are."""
    known = _known(connection, said)
    meant = [_meant(each, known) for each in said]
    kept = recording.append(connection, [each for each in meant if isinstance(each, Told)], advance)
    news.append(connection, chain.from_iterable(_news(Recorded(*each)) for each in kept))
    done, unindexed = iter(kept), {each.image_id for each in known.values() if not each.is_indexed}
    return [_outcome(next(done), each.image_id in unindexed) if isinstance(each, Told) else each for each in meant]


def _outcome(done: Appended, unindexed: bool) -> Outcome:
    return Outcome("recorded" if done.ended or done.begun else "unchanged", done.event, unindexed)


def _checked(event: Event, moment: int) -> Event | Outcome:
    try:
        _check_event(event, moment)
    except UsageError as error:
        return _refused(event, error)
    return msgspec.structs.replace(event, at=min(event.at, moment) or moment)


def _refused(event: Event, error: EnvscoutError) -> Outcome:
    return Outcome("refused", event, problem=error.cause, next_step=error.next_step)


def _known(connection: Connection, said: Sequence[_Said]) -> dict[Named, Known]:
    """Return the images of events; those that nobody looked into are made where they are to be taken."""
    events = [(each.event, each) for each in said if isinstance(each.event, Event)]
    known = stored_images.find_all(connection, {each.name for _, each in events})
    missing: dict[Named, Image] = {}
    for event, each in events:
        if each.unindexed and event.action != "remove" and each.name not in known:
            missing.setdefault(each.name, Image(digest=event.digest, platform=event.platform))
    if missing:
        stored_images.put_all_unindexed(connection, missing)
        known |= stored_images.find_all(connection, missing)
    return known


def _meant(said: _Said, known: Mapping[Named, Known]) -> Told | Outcome:
    """Return an event with its image, none where everything in a slot is meant; or why it is refused."""
    event = said.event
    if isinstance(event, Outcome) or (event.action == "remove" and not event.digest):
        return event if isinstance(event, Outcome) else Told(event, None)
    found = known.get(said.name)
    if event.action == "remove":
        # Of what runs, whosever the image is.
        return Told(event, found.image_id if found else None)
    if found is None:
        unknown = f"nobody looked into {event.digest} yet"
        return _refused(event, NotFound(unknown, "upload its inventory, or record it as unindexed"))
    return Told(event, found.image_id)


def _check_event(event: Event, moment: int) -> None:
    for field in ("organization", "environment", "service"):
        _check(field, getattr(event, field))
    if event.action not in ("record", "add", "remove"):
        raise UsageError(f"there is no action {event.action[:20]!r}", "record, add or remove")
    if not valid_digest(event.digest) and (event.digest or event.action != "remove"):
        raise UsageError("the image has no digest", "say which it is: sha256:...")
    if not 0 <= event.at <= moment + MOST_SKEW:
        raise UsageError("the moment lies in the future, or before 1970", "leave it out for now")
    texts = (event.platform, event.reference, event.actor, event.source, event.commit, event.run_url)
    if any(len(text) > MAX_TEXT or not text.isprintable() for text in texts):
        raise UsageError("a text is too long, or not printable", f"use at most {MAX_TEXT} characters")


def _news(done: Recorded) -> Iterator[News]:
    """Yield what ended and what began. A slot's image under another name, or again, did not end."""
    said = NewsFacts(actor=done.event.actor, commit=done.event.commit, run_url=done.event.run_url)
    stays = {each.digest for each in done.begun} & {each.digest for each in done.ended}
    for kind, changed in (("undeployed", done.ended), ("deployed", done.begun)):
        for each in changed:
            if each.digest not in stays:
                yield News(
                    kind=kind,  # type: ignore[arg-type]  # both are kinds
                    at=done.event.at,
                    organization=each.organization,
                    environment=each.environment,
                    service=each.service,
                    digest=each.digest,
                    reference=each.reference,
                    cause="deployment",
                    facts=said,
                )


def _check(field: str, name: str) -> None:
    """Refuse names that could not be told apart, typed or shown."""
    if not name or len(name) > MAX_NAME or not name.isprintable() or name != name.strip() or name.startswith("-"):
        raise UsageError(
            f"{name[:MAX_NAME]!r} cannot be the name of a{'n' if field[0] in 'aeiou' else ''} {field}",
            f"use 1 to {MAX_NAME} printable characters, not starting with a dash or a space",
        )
