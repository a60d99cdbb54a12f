"""What has to be said so that an environment becomes what a source says of it. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from envscout.model import Deployment, Event

UNSEEN = "unseen"
"""The platform of a node that was not heard of yet, or is gone: what it runs is as it was, and otherwise unknown."""

Kind = Literal["added", "changed", "removed", "unchanged", "kept"]

Slot = tuple[str, str]
"""Service and platform."""


class Ran(msgspec.Struct, frozen=True):
    """One image as what it runs."""

    reference: str
    digest: str


class Change(msgspec.Struct, frozen=True):
    """What becomes of a service. kept: it runs on, for nobody can tell what the source says of it, or whether it does.

    events: what is to be said, in this order.
    """

    kind: Kind
    service: str
    platform: str
    before: tuple[Ran, ...]
    after: tuple[Ran, ...]
    events: tuple[Event, ...] = ()


def changes(
    running: Iterable[Deployment],
    said: Event,
    wanted: Iterable[Event],
    kept: Collection[str] = (),
    *,
    whole: bool = True,
) -> tuple[Change, ...]:
    """Return the change of each service, by name. said: who says so of which environment, of no service yet.

    running: of that environment. wanted: what is to run, several in one slot beside one another. kept: services of
    which not all that is wanted is known: nothing of them ends. whole: whether what is not wanted is to go.
    """
    before: dict[Slot, list[Deployment]] = defaultdict(list)
    for each in running:
        before[each.service, each.platform].append(each)
    after: dict[Slot, dict[str, Event]] = defaultdict(dict)
    for event in wanted:
        after[event.service, event.platform].setdefault(event.digest, event)
    return tuple(
        _change(
            msgspec.structs.replace(said, service=slot[0], platform=slot[1]),
            before.get(slot, ()),
            after.get(slot, {}),
            stays=slot[0] in kept or (not whole and slot not in after),
        )
        for slot in sorted({*before, *after})
    )


def _change(said: Event, held: Sequence[Deployment], wanted: Mapping[str, Event], *, stays: bool) -> Change:
    before = tuple(Ran(each.reference, each.digest) for each in held)
    after = tuple(Ran(each.reference, each.digest) for each in wanted.values())
    if stays:
        there = {each.digest for each in held}
        events = tuple(msgspec.structs.replace(one, action="add") for key, one in wanted.items() if key not in there)
        after = (*before, *(each for each in after if each.digest not in there))
    else:
        events = tuple(_events(said, held, wanted))
    kind: Kind = "removed" if not after else "added" if not before else "changed"
    if not events:
        kind = "kept" if stays else "unchanged"
    return Change(kind, said.service, said.platform, before, after, events)


def _events(said: Event, held: Sequence[Deployment], wanted: Mapping[str, Event]) -> Iterator[Event]:
    """Yield what makes a slot hold what is wanted. One image takes the place of all; several come before others go."""
    names = {each.digest: each.reference for each in held}
    fresh = [each for digest, each in wanted.items() if names.get(digest) != each.reference]
    gone = [digest for digest in names if digest not in wanted]
    if len(wanted) == 1 and (fresh or gone):
        yield from (msgspec.structs.replace(each, action="record") for each in wanted.values())
        return
    yield from (msgspec.structs.replace(each, action="add") for each in fresh)
    yield from (msgspec.structs.replace(said, action="remove", digest=each) for each in gone)
