"""What stands now of some vulnerabilities: one join for all, then bitmaps; what somebody spoke of, one by one."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from pyroaring import BitMap

from envscout.findings.evidence import brought_together, by_package
from envscout.findings.grade import Rated, grades
from envscout.findings.heeding import Desk, Heed
from envscout.findings.merge import merge
from envscout.findings.products import met
from envscout.model import Finding
from envscout.standing.fleet import Fleet
from envscout.store import Connection, deployments, exceptions, findings, images, standing, vex
from envscout.store.standing import Key, Signal, Told, state

Grades = dict[int, BitMap]
"""2 x severity + 1 where a fix is known -> the slots where that counts."""

BANDS = (0.05, 0.4, 0.9)
"""From which percentile of EPSS on a vulnerability is in which band, 1 to 3."""

_REMEMBERED = 10_000
"""Packages whose places are kept in mind, for those who look at the next vulnerabilities."""


class Present(NamedTuple):
    """What stands, and what is needed to tell of it. packages: of each vulnerability, with the slots that hold them."""

    states: Mapping[Key, Told]
    signals: Mapping[int, Signal]
    packages: Mapping[int, list[tuple[int, BitMap]]]


class Asked(NamedTuple):
    """How it is looked. is_near: at the images said by `standing.near` alone. heed: whose statements count."""

    is_near: bool
    heed: Heed
    at: int


def looked_at(connection: Connection, env_id: int = 0) -> Fleet:
    """Return what runs, everywhere or in one environment; says by `standing.near` which images, and makes room."""
    running = standing.running(connection, env_id)
    standing.make_room(connection)
    sets = standing.near(connection, {image_id for *_, image_id in running})
    return Fleet(running, sets, standing.twofold(connection))


def present(connection: Connection, fleet: Fleet, env_ids: Collection[int], asked: Asked) -> Present:
    """Return what stands of the wanted vulnerabilities (`standing.want`) in some environments; needs room made."""
    signals = standing.signals(connection)
    hits = standing.hits(connection, is_near=asked.is_near)
    rows = standing.records(connection, {hit[1] for hit in hits})
    graded = grades(hits, {number: [Rated(*row) for row in found] for number, found in rows.items()})
    parts: dict[int, dict[int, list[BitMap]]] = defaultdict(lambda: defaultdict(list))
    packages: dict[int, list[tuple[int, BitMap]]] = defaultdict(list)
    for pkg_id, slots in _held(connection, fleet, graded.keys()):
        if slots:
            for vuln_id, grade in graded[pkg_id].items():
                parts[vuln_id][grade].append(slots)
                packages[vuln_id].append((pkg_id, slots))
    counted = {
        vuln_id: {grade: BitMap.union(*each) for grade, each in found.items()} for vuln_id, found in parts.items()
    }
    hushed = _closely(connection, fleet, counted, signals, asked)
    states: dict[Key, Told] = {}
    wanted = set(env_ids)
    for vuln_id in sorted(counted.keys() | hushed.keys()):
        signal = signals[vuln_id]
        seen = _split(fleet, signal, counted.get(vuln_id, {}), hushed.get(vuln_id))
        states.update(((vuln_id, env_id), each) for env_id, each in seen if env_id in wanted)
    return Present(states, signals, packages)


def _held(connection: Connection, fleet: Fleet, pkg_ids: Collection[int]) -> Iterator[tuple[int, BitMap]]:
    """Yield packages with the slots that hold them."""
    if len(fleet.held) > _REMEMBERED:
        fleet.held.clear()
    fresh = [pkg_id for pkg_id in pkg_ids if pkg_id not in fleet.held]
    for pkg_id, sets in standing.sets_of_packages(connection, fresh).items():
        fleet.held[pkg_id] = fleet.holding(sets)
    for pkg_id in pkg_ids:
        if pkg_id in fleet.held:
            yield pkg_id, fleet.held[pkg_id]


def band(percentile: float | None) -> int:
    """Return the band of a percentile of EPSS."""
    return sum(percentile is not None and percentile >= least for least in BANDS)


def _split(fleet: Fleet, signal: Signal, by_grade: Grades, hushed: BitMap | None) -> Iterator[tuple[int, Told]]:
    """Yield what stands of one vulnerability in each environment."""
    known = state(0, False, signal.kev, band(signal.percentile), False)
    if len(by_grade) == 1:
        # Mostly it is as grave wherever it is.
        ((grade, whole),) = by_grade.items()
        alike = known | grade << 4
        for env_id, services in fleet.cut(whole):
            yield env_id, Told(alike, services)
    elif by_grade:
        whole = BitMap.union(*by_grade.values())
        gravest = {env_id: grade >> 1 << 5 for grade in sorted(by_grade) for env_id in fleet.among(by_grade[grade])}
        fixed = {env_id for grade, slots in by_grade.items() if grade & 1 for env_id in fleet.among(slots)}
        for env_id, services in fleet.cut(whole):
            yield env_id, Told(known | gravest[env_id] | (env_id in fixed) << 4, services)
    else:
        whole = BitMap()
    if hushed:
        counts = set(fleet.among(whole))
        for env_id in fleet.among(hushed):
            if env_id not in counts:
                yield env_id, Told(known | 1, b"")


def _closely(
    connection: Connection, fleet: Fleet, counted: dict[int, Grades], signals: Mapping[int, Signal], asked: Asked
) -> dict[int, BitMap]:
    """Correct what counts by what is said, and by what is told by package URL; return the slots where it is suppressed.

    Findings are made only of the vulnerabilities that somebody speaks of, and for images that must be told so.
    """
    numbers = {signal.name: vuln_id for vuln_id, signal in signals.items()}
    resolve: Callable[[str], Iterable[str]] = partial(findings.resolve, connection)
    kept = vex.of_images(connection, fleet.by_image.keys())
    desk = Desk(asked.heed, exceptions.standing(connection), kept, resolve, asked.at)
    spoken = {numbers[name] for each in desk.names for name in findings.resolve(connection, each) if name in numbers}
    spoken &= counted.keys()
    twofold = [fleet.by_image[image_id] for image_id in fleet.twofold if image_id in fleet.by_image]
    held = [slots for by_grade in counted.values() for slots in by_grade.values()] if twofold else []
    apart = BitMap.union(*twofold) & BitMap.union(*held) if held else BitMap()
    slots = BitMap(apart)
    for vuln_id in spoken:
        slots |= BitMap.union(*counted[vuln_id].values())
    if not slots:
        return {}
    wanted = set(counted) if apart else spoken
    names = {signals[vuln_id].name for vuln_id in wanted}
    for vuln_id in wanted:
        counted[vuln_id] = {} if vuln_id in spoken else {g: each - apart for g, each in counted[vuln_id].items()}
    hushed: dict[int, BitMap] = defaultdict(BitMap)
    for slot, counts, not_counted in _found(connection, fleet, slots, names, desk, asked.at):
        for finding in counts:
            vuln_id = numbers.get(finding.vulnerability, 0)
            if vuln_id in spoken or (vuln_id in wanted and slot in apart):
                grade = 2 * finding.level + (finding.fixed_version is not None)
                counted[vuln_id].setdefault(grade, BitMap()).add(slot)
        for finding in not_counted:
            hushed[numbers.get(finding.vulnerability, 0)].add(slot)
    for vuln_id in wanted:
        counted[vuln_id] = {grade: each for grade, each in counted[vuln_id].items() if each}
    return hushed


def _found(
    connection: Connection, fleet: Fleet, slots: BitMap, names: Iterable[str], desk: Desk, at: int
) -> Iterable[tuple[int, tuple[Finding, ...], tuple[Finding, ...]]]:
    """Yield, for images in some slots, what counts there of the named vulnerabilities and what does not."""
    image_ids = {image_id for slot in slots for image_id in fleet.images[slot]}
    matches, places = findings.about(connection, image_ids, names, None)
    grouped = by_package(matches)
    made: dict[int, tuple[Finding, ...]] = {}
    services, named = standing.services(connection), standing.environments(connection)
    for env_id in fleet.among(slots):
        organization, name = named[env_id]
        for each in deployments.running(connection, deployments.Scope(organization, name)):
            slot = fleet.base[env_id] + services[each.deployment.organization, each.deployment.service]
            number = each.image_id
            if slot not in slots or number not in places:
                continue
            if number not in made:
                made[number] = merge(brought_together(((place, None) for place in places[number]), grouped))
            image = images.get(connection, number).image
            page = desk.page(number, met(image, each.deployment.reference, each.deployment, organization))
            counts, not_counted, _ = page.split(made[number], at)
            yield slot, counts, not_counted
