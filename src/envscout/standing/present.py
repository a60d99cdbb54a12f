"""What stands now of some vulnerabilities: one join for all, then bitmaps; what somebody spoke of, one by one."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
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
from envscout.store.standing import Key, Signal, Told

Grades = dict[int, BitMap]
"""2 x severity + 1 where a fix is known -> the slots where that counts."""

NOTHING = BitMap().serialize()
BANDS = (0.05, 0.4, 0.9)
"""From which percentile of EPSS on a vulnerability is in which band, 1 to 3."""


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


def present(connection: Connection, fleet: Fleet, env_ids: Collection[int], asked: Asked) -> Present:
    """Return what stands of the wanted vulnerabilities (`standing.want`) in some environments; needs room made."""
    signals = standing.signals(connection)
    hits = standing.hits(connection, is_near=asked.is_near)
    rows = standing.records(connection, {hit[1] for hit in hits})
    graded = grades(
        hits, {number: [Rated(*row) for row in rows.get(number, ())] for number in {hit[1] for hit in hits}}
    )
    holders = {
        pkg_id: fleet.holding(sets) for pkg_id, sets in standing.sets_of_packages(connection, graded.keys()).items()
    }
    parts: dict[int, dict[int, list[BitMap]]] = defaultdict(lambda: defaultdict(list))
    packages: dict[int, list[tuple[int, BitMap]]] = defaultdict(list)
    for pkg_id, found in graded.items():
        slots = holders.get(pkg_id)
        if slots:
            for vuln_id, grade in found.items():
                parts[vuln_id][grade].append(slots)
                packages[vuln_id].append((pkg_id, slots))
    counted = {
        vuln_id: {grade: BitMap.union(*each) for grade, each in found.items()} for vuln_id, found in parts.items()
    }
    hushed = _closely(connection, fleet, counted, signals, asked)
    states: dict[Key, Told] = {}
    for vuln_id in counted.keys() | hushed.keys():
        signal = signals[vuln_id]
        states |= _split(fleet, env_ids, vuln_id, signal, counted.get(vuln_id, {}), hushed.get(vuln_id))
    return Present(states, signals, packages)


def band(percentile: float | None) -> int:
    """Return the band of a percentile of EPSS."""
    return sum(percentile is not None and percentile >= least for least in BANDS)


def _split(
    fleet: Fleet, env_ids: Iterable[int], vuln_id: int, signal: Signal, by_grade: Grades, hushed: BitMap | None
) -> dict[Key, Told]:
    """Return what stands of one vulnerability in each environment."""
    found: dict[Key, Told] = {}
    ordered = sorted(by_grade.items(), reverse=True)
    whole = BitMap.union(*by_grade.values()) if by_grade else BitMap()
    of_signal = (signal.kev, band(signal.percentile))
    for env_id in env_ids:
        here = fleet.of_environment.get(env_id)
        if here is None:
            continue
        if whole.intersect(here):
            level = next(grade for grade, slots in ordered if slots.intersect(here)) >> 1
            fixed = any(grade & 1 and slots.intersect(here) for grade, slots in ordered)
            services = fleet.services(whole, env_id).serialize()
            found[vuln_id, env_id] = Told(level, fixed, *of_signal, False, services)
        elif hushed is not None and hushed.intersect(here):
            found[vuln_id, env_id] = Told(0, False, *of_signal, True, NOTHING)
    return found


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
    twofold = [fleet.by_image[image_id] for image_id in standing.twofold(connection) if image_id in fleet.by_image]
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
    services = standing.services(connection)
    for env_id, (organization, name) in standing.environments(connection).items():
        if env_id not in fleet.base or not slots.intersect(fleet.of_environment[env_id]):
            continue
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
