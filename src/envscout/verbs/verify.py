"""Whether what is kept at hand is what it would be if it were made from nothing: findings, summaries, what was told."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from envscout.config import Settings
from envscout.findings.grade import Rated, grades
from envscout.findings.heeding import Heed, heeded
from envscout.standing.present import Asked, looked_at, present
from envscout.store import Connection, Database, findings, now, standing, summaries
from envscout.store.standing import Told

_SHOWN = 20
_AT_ONCE = 1_000
"""Vulnerabilities that are looked at together."""


class Difference(msgspec.Struct, frozen=True):
    """Something that is kept and wrong. kind: finding, summary or standing. what: the place. kept, made: in words."""

    kind: str
    what: str
    kept: str
    made: str


class Verified(msgspec.Struct, frozen=True):
    """What was found. differences: how many; shown: some of them. pending: what is marked to be told still.

    repaired: whether they were mended.
    """

    differences: int
    shown: tuple[Difference, ...]
    pending: int
    repaired: bool = False


def verify(database: Database, repair: bool = False) -> Verified:
    """Make findings, summaries and what stands from nothing and compare. repair: mend what is wrong.

    What is marked is still to be told, and no difference. Whose statements are heeded is said by the settings of this
    process, which is beside the store, as what was told was told by them; whoever asks may have others.
    """
    settings = Settings()
    heed = heeded(settings.text("vex_authors"), settings.text("vex_sources"))
    with database.read() as connection:
        missing, false = findings.differences(connection)
        wrong = summaries.false(connection, _grade)
        stale = _standing(connection, heed)
        pending = standing.marks(connection)
    found = [
        *(Difference("finding", f"record {adv_id}, package {pkg_id}", "", "affected") for adv_id, pkg_id in missing),
        *(Difference("finding", f"record {adv_id}, package {pkg_id}", "affected", "") for adv_id, pkg_id in false),
        *(Difference("summary", f"package set {set_id}", "", "") for set_id in wrong),
        *(each for differences in stale.values() for each in differences),
    ]
    if repair and found:
        with database.write() as connection:
            missing, false = findings.differences(connection)
            findings.mend(connection, missing, false, now())
            standing.mark_all(connection, stale, "environment")
    return Verified(len(found), tuple(found[:_SHOWN]), pending, repair and bool(found))


def _grade(
    hits: Iterable[tuple[Any, int, str, int]], rows: Mapping[int, Iterable[tuple[Any, ...]]]
) -> Mapping[Any, Mapping[int, int]]:
    return grades(hits, {number: [Rated(*row) for row in each] for number, each in rows.items()})


def _standing(connection: Connection, heed: Heed) -> dict[int, list[Difference]]:
    """Return by environment what was told otherwise than it stands, but for what is marked."""
    found: dict[int, list[Difference]] = defaultdict(list)
    pending = {each.number for each in standing.marked(connection, "vulnerability", 0, 2**31)}
    places = standing.environments(connection)
    awaited = {env_id for env_id in places if standing.is_marked(connection, env_id)}
    fleet = looked_at(connection)
    number = 0
    while wanted := standing.following(connection, number, _AT_ONCE):
        number = wanted[-1]
        standing.make_room(connection)
        standing.want(connection, wanted)
        made = present(connection, fleet, places.keys() - awaited, Asked(False, heed, now()))
        told = standing.told(connection)
        for key in sorted(told.keys() | made.states.keys()):
            one, other = told.get(key), made.states.get(key)
            if one != other and key[0] not in pending and key[1] not in awaited:
                what = f"{made.signals[key[0]].name} in {'/'.join(places[key[1]])}"
                found[key[1]].append(Difference("standing", what, _words(one), _words(other)))
    return found


def _words(told: Told | None) -> str:
    if told is None:
        return ""
    flags = [name for name in ("fixed", "kev", "suppressed") if getattr(told, name)]
    return f"level {told.level}, band {told.band}, services {list(told.numbers)} {' '.join(flags)}".strip()
