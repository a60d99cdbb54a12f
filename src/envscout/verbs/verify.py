"""Whether what is kept at hand is what it would be if it were made from nothing: findings, summaries, what was told."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from envscout.findings.grade import Rated, grades
from envscout.findings.heeding import Heed
from envscout.standing.fleet import Fleet
from envscout.standing.present import Asked, present
from envscout.standing.turn import is_same
from envscout.store import Connection, Database, findings, now, standing, summaries

_SHOWN = 20
_HEED = Heed()


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

    What is marked is still to be told, and no difference.
    """
    with database.read() as connection:
        missing, false = findings.differences(connection)
        wrong = summaries.false(connection, _grade)
        stale = _standing(connection, _HEED)
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
    found: dict[int, list[Difference]] = {}
    pending = set(standing.marked(connection, "vulnerability", 0, 2**31))
    for env_id, place in standing.environments(connection).items():
        if standing.is_marked(connection, env_id):
            continue
        if differences := _in_environment(connection, env_id, "/".join(place), heed, pending):
            found[env_id] = differences
    return found


def _in_environment(connection: Connection, env_id: int, place: str, heed: Heed, pending: set[int]) -> list[Difference]:
    running = standing.running(connection, env_id)
    standing.make_room(connection)
    fleet = Fleet(running, standing.near(connection, {image_id for *_, image_id in running}))
    standing.look_near(connection)
    wanted = standing.vulnerabilities_near(connection) | standing.told_in(connection, env_id)
    standing.want(connection, wanted)
    made = present(connection, fleet, [env_id], Asked(True, heed, now()))
    told = standing.told(connection, env_id)
    return [
        Difference(
            "standing", f"{made.signals[key[0]].name} in {place}", _words(told.get(key)), _words(states.get(key))
        )
        for states in (made.states,)
        for key in sorted(told.keys() | states.keys())
        if key[0] not in pending and not _agree(told.get(key), states.get(key))
    ]


def _agree(one: Any, other: Any) -> bool:
    return one is not None and other is not None and is_same(one, other)


def _words(told: Any) -> str:
    if told is None:
        return ""
    from pyroaring import BitMap

    flags = [name for name in ("fixed", "kev", "suppressed") if getattr(told, name)]
    services = list(BitMap.deserialize(told.services))
    return f"level {told.level}, band {told.band}, services {services} {' '.join(flags)}".strip()
