"""The places where something runs, package by package, in order."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

import msgspec

from envscout.findings.heeding import Desk, Heed
from envscout.findings.merge import range_text
from envscout.findings.products import met
from envscout.findings.suppress import Page
from envscout.model import Affected, Deployment, Finding, Kev, PackageRef, Suppression
from envscout.store import Connection, exceptions, findings, images, now, vex
from envscout.store.deployments import Running, Scope
from envscout.store.findings import Match, Place
from envscout.store.hits import Hits
from envscout.store.holding import Held
from envscout.store.present import Present
from envscout.store.spread import Spread

if TYPE_CHECKING:
    from pyroaring import BitMap

T = TypeVar("T")


class Spot(msgspec.Struct, frozen=True):
    """One package in one deployment. vulnerability, range, fixed_version: "" and None when a package was asked for.

    suppression: why it does not count, None where it does.
    """

    organization: str
    environment: str
    service: str
    platform: str
    reference: str
    digest: str
    since: int
    purl: str
    type: str
    name: str
    version: str
    owner: str = ""
    vulnerability: str = ""
    range: str = ""
    fixed_version: str | None = None
    suppression: Suppression | None = None


After = tuple[str, str, str, str, int, str, str, str, str]
"""A spot by its organization, environment, service, platform, since, digest, purl, vulnerability and range."""


def key(spot: Spot) -> After:
    """Return where a spot comes in the order of places."""
    return (
        spot.organization, spot.environment, spot.service, spot.platform, spot.since, spot.digest,
        spot.purl, spot.vulnerability, spot.range,
    )  # fmt: skip


def held(ran: Iterable[Present], found: Spread[Held], after: After | None = None) -> Iterator[Spot]:
    """Yield where packages run, from what comes after a place."""
    return _in_order(ran, found.lying, lambda running, lying: (_spot(running.deployment, one) for one in lying), after)


def hit(ran: Iterable[Present], found: Hits, heard: "Heard", after: After | None = None) -> Iterator[Spot]:
    """Yield where packages run that have a vulnerability, from what comes after a place."""

    def made(running: Running, lying: Sequence[Place]) -> Iterator[Spot]:
        for place in lying:
            for match in found.matches[place.pkg_id]:
                yield _vulnerable(running.deployment, place, match, heard.of(running, place, match))

    return _in_order(ran, found.places.lying, made, after)


def _in_order(
    ran: Iterable[Present],
    lying: Callable[["BitMap"], Mapping[int, Sequence[T]]],
    make: Callable[[Running, Sequence[T]], Iterable[Spot]],
    after: After | None,
) -> Iterator[Spot]:
    """Yield places in order, each once, from what comes after one: what is not asked for is not made."""
    for each in ran:
        if after and (each.organization, each.name) < after[:2]:
            continue
        within = lying(each.images)
        having = (one for one in each.running if one.image_id in within)
        for slot, running in groupby(having, key=_slot):
            if not after or slot >= after[:5]:
                made = [spot for one in running for spot in make(one, within[one.image_id])]
                # Of two that are told in the same words, the one that counts is told.
                found = {key(spot): spot for spot in sorted(made, key=_is_lesser, reverse=True)}
                yield from (found[name] for name in sorted(found) if not after or name > after)


def _slot(each: Running) -> tuple[str | int, ...]:
    ran = each.deployment
    return ran.organization, ran.environment, ran.service, ran.platform, ran.since


def _is_lesser(spot: Spot) -> tuple[bool, str]:
    return spot.suppression is not None, spot.owner


def _vulnerable(deployment: Deployment, place: Place, match: Match, suppression: Suppression | None) -> Spot:
    one = _spot(
        deployment,
        place,
        vulnerability=match.vulnerability,
        range=range_text(match.low, match.high, match.fixed),
        fixed_version=match.fixed or None,
    )
    return msgspec.structs.replace(one, suppression=suppression) if suppression else one


def _spot(deployment: Deployment, package: Held | Place, **vulnerable: str | None) -> Spot:
    return Spot(
        deployment.organization,
        deployment.environment,
        deployment.service,
        deployment.platform,
        deployment.reference,
        deployment.digest,
        deployment.since,
        package.purl,
        package.type,
        package.name,
        package.version,
        package.owner if isinstance(package, Held) else "",
        **vulnerable,  # type: ignore[arg-type]
    )


class Heard:
    """What exceptions and VEX say of the vulnerabilities that are looked for, wherever they run."""

    def __init__(self, connection: Connection, scope: Scope, heed: Heed, image_ids: Collection[int]) -> None:
        """Take in what is said of these images."""
        self._connection, self._heed = connection, heed
        self._moment = now() if scope.at is None else scope.at
        self._pages: dict[tuple[int, Deployment], Page] = {}
        self._desk = Desk(
            heed,
            exceptions.standing(connection, scope.at),
            vex.of_images(connection, image_ids, scope.at),
            partial(findings.resolve, connection),
            now(),
        )
        self.problems = self._desk.problems

    def of(self, running: Running, place: Place, match: Match) -> Suppression | None:
        """Return why a match does not count where it is, None where it does."""
        if not self._desk:
            return None
        image_id, deployment = key = (running.image_id, running.deployment)
        if key not in self._pages:
            image = images.get(self._connection, image_id).image
            seen = met(image, deployment.reference, deployment, self._heed.organization)
            self._pages[key] = self._desk.page(image_id, seen)
        return self._pages[key].ruling(_finding(place, match), self._moment).suppression


def _finding(place: Place, match: Match) -> Finding:
    """Return what of a match decides whether it counts."""
    added = match.signals.kev_added
    return Finding(
        vulnerability=match.vulnerability,
        package=PackageRef(place.purl, place.name, place.version, place.type, place.source),
        severity="unspecified",
        severity_source="",
        range=Affected(""),
        aliases=(match.record.id, *match.record.names),
        fixed_version=match.fixed or None,
        kev=None if added is None else Kev(added),
    )
