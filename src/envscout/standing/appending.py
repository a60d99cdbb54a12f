"""Appending many events to the record: each is checked, and what is refused keeps nothing else from being kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Literal, NamedTuple

import msgspec

from envscout.environments.drift import OBSERVED
from envscout.environments.fold import advance
from envscout.errors import EnvscoutError, NotFound, UsageError
from envscout.model import Deployment, Event, Image, News, NewsFacts
from envscout.names.reference import valid_digest
from envscout.store import Connection, images, news, recording
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

    tenant: whose images are meant. seen: whether the events were seen, and not only said, to happen.
    """

    events: Sequence[Event]
    unindexed: Sequence[bool]
    tenant: str
    seen: bool = False


def append(connection: Connection, batches: Iterable[Batch], moment: int) -> list[Outcome]:
    """Append the events of batches, and the news that they are; return what became of each event, in their order."""
    return _recorded(connection, [each for batch in batches for each in _said(batch, moment)])


class _Said(NamedTuple):
    """An event, or why it is refused already. name: of its image."""

    event: Event | Outcome
    name: Named
    unindexed: bool


def _said(batch: Batch, moment: int) -> Iterator[_Said]:
    for event, unindexed in zip(batch.events, batch.unindexed, strict=True):
        yield _Said(_checked(event, moment, seen=batch.seen), Named(batch.tenant, event.digest), unindexed)


def _recorded(connection: Connection, said: Sequence[_Said]) -> list[Outcome]:
    """Append those events that were not refused, and the news that they are."""
    known = _known(connection, said)
    meant = [_meant(each, known) for each in said]
    kept = recording.append(connection, [each for each in meant if isinstance(each, Told)], advance)
    news.append(connection, chain.from_iterable(news_of(Recorded(*each)) for each in kept))
    done, unindexed = iter(kept), {each.image_id for each in known.values() if not each.is_indexed}
    return [_outcome(next(done), each.image_id in unindexed) if isinstance(each, Told) else each for each in meant]


def _outcome(done: Appended, unindexed: bool) -> Outcome:
    return Outcome("recorded" if done.ended or done.begun else "unchanged", done.event, unindexed)


def _checked(event: Event, moment: int, *, seen: bool) -> Event | Outcome:
    try:
        _check_event(event, moment)
        if not seen:
            check_source(event.source)
    except UsageError as error:
        return _refused(event, error)
    return msgspec.structs.replace(event, at=min(event.at, moment) or moment)


def _refused(event: Event, error: EnvscoutError) -> Outcome:
    return Outcome("refused", event, problem=error.cause, next_step=error.next_step)


def _known(connection: Connection, said: Sequence[_Said]) -> dict[Named, Known]:
    """Return the images of events; those that nobody looked into are made where they are to be taken."""
    events = [(each.event, each) for each in said if isinstance(each.event, Event)]
    known = images.find_all(connection, {each.name for _, each in events})
    missing: dict[Named, Image] = {}
    for event, each in events:
        if each.unindexed and event.action != "remove" and each.name not in known:
            missing.setdefault(each.name, Image(digest=event.digest, platform=event.platform))
    if missing:
        images.put_all_unindexed(connection, missing)
        known |= images.find_all(connection, missing)
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
        check(field, getattr(event, field))
    if event.action not in ("record", "add", "remove"):
        raise UsageError(f"there is no action {event.action[:20]!r}", "record, add or remove")
    if not valid_digest(event.digest) and (event.digest or event.action != "remove"):
        raise UsageError("the image has no digest", "say which it is: sha256:...")
    if not 0 <= event.at <= moment + MOST_SKEW:
        raise UsageError("the moment lies in the future, or before 1970", "leave it out for now")
    texts = (event.platform, event.reference, event.actor, event.source, event.commit, event.run_url)
    if any(len(text) > MAX_TEXT or not text.isprintable() for text in texts):
        raise UsageError("a text is too long, or not printable", f"use at most {MAX_TEXT} characters")


def news_of(done: Recorded) -> Iterator[News]:
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


def check_source(source: str) -> None:
    """Refuse what only those say who look at what runs. Raise UsageError."""
    if source in OBSERVED:
        raise UsageError(f"the source {source} is of those who look at what runs", "name another source, or none")


def check(field: str, name: str) -> None:
    """Refuse names that could not be told apart, typed or shown. Raise UsageError."""
    if not name or len(name) > MAX_NAME or not name.isprintable() or name != name.strip() or name.startswith("-"):
        raise UsageError(
            f"{name[:MAX_NAME]!r} cannot be the name of a{'n' if field[0] in 'aeiou' else ''} {field}",
            f"use 1 to {MAX_NAME} printable characters, not starting with a dash or a space",
        )
