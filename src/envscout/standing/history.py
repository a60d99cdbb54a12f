"""What an environment carries and carried since it began, as numbers: one fold over what ever ran in it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

import msgspec

from envscout.environments.difference import NOTHING, Levels, summary, together
from envscout.environments.exposure import DAY, Remedied, Stay, Window, open_at, remedied, windows
from envscout.findings import coverage as covering
from envscout.model import LEVELS, Numbers, Point, Remedy
from envscout.standing.numbers import Images, Question, Said, coverages, sets_of
from envscout.store import Connection, counted, deployments, summaries
from envscout.store.counted import Due
from envscout.store.deployments import Running, Scope

LOOKED_BACK = 365 * DAY
LATELY = 90 * DAY
_POINTS = 90
_RARE = 8 * DAY
_WORST_FIRST = sorted(LEVELS, key=lambda word: -LEVELS[word])


class Times(NamedTuple):
    """Since when each vulnerability was public, and since when it is known here."""

    public: Mapping[int, int]
    known: Mapping[int, int]


class Past(msgspec.Struct, frozen=True):
    """What ran in an environment and what runs, and the sets that must be summed up to count it."""

    stays: tuple[Stay, ...]
    running: tuple[Running, ...]
    sets: tuple[int, ...]


def past(connection: Connection, due: Due, at: int) -> Past:
    """Return what is to be counted; use inside `read()`."""
    stays = tuple(Stay(*each) for each in counted.stays(connection, due.env_id, at - LOOKED_BACK))
    running = tuple(deployments.running(connection, Scope(due.organization, due.name)))
    known = summaries.images(connection, _images(stays, running))
    return Past(stays, running, tuple(summaries.missing(connection, sets_of(known.values()))))


def _images(stays: Iterable[Stay], running: Iterable[Running]) -> set[int]:
    return {each.image_id for each in stays} | {each.image_id for each in running}


def numbers(
    connection: Connection, past: Past, question: Question, times: Times, at: int, limits: Mapping[str, int]
) -> Numbers:
    """Count an environment at a moment; use inside `read()`. limits: days that a severity may be open, by its word."""
    known = summaries.images(connection, _images(past.stays, past.running))
    asked = Images(connection, known, question)
    held = {each: asked.found([each], LEVELS.values()) for each in {stay.image_id for stay in past.stays}}
    now_held = {each.image_id for each in past.running}
    present = asked.found(now_held, LEVELS.values()) if now_held else NOTHING
    counting = together([Said(connection, past.running, asked).corrected(past.running, present, asked.chosen)])
    levels = _levels(held.values(), counting)
    hushed = reduce(or_, present) - reduce(or_, counting)
    every = {number: reduce(or_, found) - hushed for number, found in held.items()}
    trust = coverages(connection, dict.fromkeys(now_held), asked)
    seen, exposed = (tuple(windows(past.stays, every, each)) for each in (times.known, times.public))
    moments = _moments(min((each.since for each in past.stays), default=at), at)
    told = zip(moments, open_at(exposed, moments, levels), open_at(seen, moments, levels), strict=True)
    services = {each.deployment.service for each in past.running}
    unknown = {each.deployment.service for each in past.running if trust[each.image_id].state == "unknown"}
    return Numbers(
        services=len(services),
        images=len({each.deployment.digest for each in past.running}),
        unknown_services=len(unknown),
        state=covering.combine(trust.values()).state,
        summary=summary(counting),
        suppressed=len(hushed),
        trend=tuple(Point(*each) for each in told),  # type: ignore[arg-type]
        remedies=_remedies(connection, seen, exposed, levels, at, limits),
    )


def _levels(held: Iterable[Levels], counting: Levels) -> dict[int, int]:
    """Return the severity of each vulnerability: as it counts now, else the worst that it had in an image."""
    found = {number: level for level, each in enumerate(together(held)) for number in each}
    return found | {number: level for level, each in enumerate(counting) for number in each}


def _moments(began: int, at: int) -> list[int]:
    """Return the moments of a trend, which end now: close to one another lately, far apart before."""
    span = max(at - began, 1)
    step = max(1, min(span, LATELY) // _POINTS)
    near = [at - step * number for number in range(_POINTS + 1)]
    far = range(near[-1] - _RARE, max(began, at - LOOKED_BACK), -_RARE)
    return sorted([*near, *far])


def _remedies(
    connection: Connection,
    seen: Sequence[Window],
    exposed: Sequence[Window],
    levels: Mapping[int, int],
    at: int,
    limits: Mapping[str, int],
) -> tuple[Remedy, ...]:
    by_level = {word: [each for each in seen if levels[each.vulnerability] == LEVELS[word]] for word in _WORST_FIRST}
    public = {word: [each for each in exposed if levels[each.vulnerability] == LEVELS[word]] for word in _WORST_FIRST}
    oldest = {word: _oldest(found) for word, found in public.items()}
    names = summaries.names(connection, [each.vulnerability for each in oldest.values() if each])
    return tuple(
        _remedy(
            word,
            remedied(by_level[word], at, at - LATELY, limits.get(word, 0) * DAY),
            remedied(public[word], at, at - LATELY, 0),
            names.get(each.vulnerability, "") if (each := oldest[word]) else "",
        )
        for word in _WORST_FIRST
    )


def _oldest(found: Collection[Window]) -> Window | None:
    return min((each for each in found if each.until is None), key=lambda each: each.since, default=None)


def _remedy(word: str, seen: Remedied, exposed: Remedied, oldest: str) -> Remedy:
    return Remedy(
        severity=word,
        open=seen.open,
        open_for=seen.open_for,
        exposed_for=exposed.open_for,
        oldest=exposed.oldest,
        oldest_name=oldest,
        closed=seen.closed,
        closed_after=seen.closed_after,
        breaches=seen.breaches,
    )
