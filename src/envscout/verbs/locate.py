"""Where does it run: a vulnerability or a package, over every environment at once."""

import re
from collections.abc import Iterable
from functools import partial
from typing import Literal

import msgspec

from envscout.errors import InvalidReference
from envscout.findings import coverage as covering
from envscout.findings.heeding import Desk, Heed
from envscout.findings.merge import range_text
from envscout.findings.products import met
from envscout.findings.suppress import Page
from envscout.model import (
    Affected,
    Coverage,
    Deployment,
    Finding,
    Kev,
    PackageRef,
    Problem,
    Reason,
    Suppression,
)
from envscout.names import ecosystem as ecosystems
from envscout.names import purl
from envscout.store import Connection, Database, deployments, exceptions, feeds, findings, images, now, vex
from envscout.store.deployments import Scope

# What nobody would call a package: CVE-2021-44228, GHSA-jfh8-c2jp-5v3q, PYSEC-2024-1, RHSA-2024:1234, DSA-5678-1.
_VULNERABILITY = re.compile(r"(CVE|[A-Z]{2,12}(-CVE)?-\d{4}|GHSA-\w{4}|DSA|DLA|USN)[-:][\w:.-]+", re.ASCII)


MOST_SIMILAR = 10


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


class Located(msgspec.Struct, frozen=True):
    """The answer. names: the vulnerabilities that were meant, () when a package was, or when no record knows them.

    problems: what of VEX documents could not be used, or was not heeded. similar: names of packages that hold the one
    that was asked for, where no package has it.
    """

    query: str
    kind: Literal["vulnerability", "package"]
    names: tuple[str, ...]
    spots: tuple[Spot, ...]
    coverage: Coverage
    problems: tuple[Problem, ...] = ()
    similar: tuple[str, ...] = ()


def where(database: Database, query: str, scope: Scope, max_age: int = 7, heed: Heed | None = None) -> Located:
    """Return where a CVE (or any advisory id), package URL or NAME[@VERSION] runs. Raise InvalidReference.

    heed: whose statements about what does not count are heeded.
    """
    query = query.strip()
    if not query or len(query) > purl.MAX_LENGTH:
        raise InvalidReference("nothing to look for", "ask for CVE-2021-44228, pkg:npm/lodash@4.17.20 or openssl@3.0.2")
    with database.read() as connection:
        names = findings.resolve(connection, query)
        if names or _VULNERABILITY.fullmatch(query.upper()):
            heard = _Heard(connection, scope, heed or Heed())
            spots = tuple(_of_vulnerability(connection, names, scope, heard))
            doubts = findings.doubtful(connection, scope.at) if names else []
            trusted = _coverage(
                connection, scope, max_age, [covering.unheard([] if names else [query]), *map(_of_doubt, doubts)]
            )
            return Located(query, "vulnerability", names, spots, trusted, heard.problems)
        spots = tuple(_of_package(connection, query, scope))
        trusted = _of_content(_coverage(connection, scope, max_age, []))
        return Located(query, "package", (), spots, trusted, similar=() if spots else _similar(connection, query))


def _similar(connection: Connection, query: str) -> tuple[str, ...]:
    """Return names like the one that was asked for, () where it is the name of a package itself."""
    asked = next(iter(_wanted(query))).name
    found = deployments.similar(connection, asked, MOST_SIMILAR)
    return () if asked in found else found


class _Heard:
    """What exceptions and VEX say of the vulnerabilities that are looked for, wherever they run."""

    def __init__(self, connection: Connection, scope: Scope, heed: Heed) -> None:
        self.problems: tuple[Problem, ...] = ()
        self._connection, self._scope, self._heed = connection, scope, heed
        self._moment = now() if scope.at is None else scope.at
        self._pages: dict[tuple[int, Deployment], Page] = {}

    def listen(self, image_ids: set[int]) -> None:
        """Take in what is said of these images."""
        self._desk = Desk(
            self._heed,
            exceptions.standing(self._connection, self._scope.at),
            vex.of_images(self._connection, image_ids, self._scope.at),
            partial(findings.resolve, self._connection),
            now(),
        )
        self.problems = self._desk.problems

    def of(self, spot: deployments.Spot, place: findings.Place, match: findings.Match) -> Suppression | None:
        """Return why a match does not count where it is, None where it does."""
        if not self._desk:
            return None
        key = (spot.image_id, spot.deployment)
        if key not in self._pages:
            image = images.get(self._connection, spot.image_id).image
            seen = met(image, spot.deployment.reference, spot.deployment, self._heed.organization)
            self._pages[key] = self._desk.page(spot.image_id, seen)
        return self._pages[key].ruling(_finding(place, match), self._moment).suppression


def _finding(place: findings.Place, match: findings.Match) -> Finding:
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


def _of_vulnerability(connection: Connection, names: Iterable[str], scope: Scope, heard: _Heard) -> Iterable[Spot]:
    wanted = set(names)
    found_matches, found_places = findings.answer_vulnerability(connection, wanted, scope.at, scope.at)
    found = deployments.spots_of_hits(connection, scope)
    heard.listen({spot.image_id for spot in found})
    places: dict[tuple[int, int], list[findings.Place]] = {}
    for in_image in found_places.values():
        for place in in_image:
            places.setdefault((place.image_id, place.pkg_id), []).append(place)
    matches: dict[int, dict[str, findings.Match]] = {}
    for match in found_matches:
        if match.vulnerability in wanted:
            best = matches.setdefault(match.pkg_id, {}).get(match.vulnerability)
            if best is None or (match.fix_key or b"\xff") < (best.fix_key or b"\xff"):
                matches[match.pkg_id][match.vulnerability] = match
    for spot in found:
        for place in places.get((spot.image_id, spot.pkg_id), ()):
            for match in matches.get(spot.pkg_id, {}).values():
                one = _spot(
                    spot.deployment,
                    purl=place.purl,
                    type=place.type,
                    name=place.name,
                    version=place.version,
                    vulnerability=match.vulnerability,
                    range=range_text(match.low, match.high, match.fixed),
                    fixed_version=match.fixed or None,
                )
                yield msgspec.structs.replace(one, suppression=heard.of(spot, place, match))


def _of_package(connection: Connection, query: str, scope: Scope) -> Iterable[Spot]:
    found: dict[deployments.Spot, None] = {}
    for wanted in _wanted(query):
        found |= dict.fromkeys(deployments.spots_of_components(connection, scope, wanted))
    for spot in found:
        yield _spot(
            spot.deployment, purl=spot.purl, type=spot.type, name=spot.name, version=spot.version, owner=spot.owner
        )


def _wanted(query: str) -> Iterable[deployments.Wanted]:
    """Return what a package URL or NAME[@VERSION] may be called, in each ecosystem that spells names its own way."""
    if query.startswith("pkg:"):
        asked = purl.parse(query)
        kind, name, version = asked.type, asked.full_name, asked.version
        bases = [base for base in [ecosystems.of_type(kind)] if base]
    else:
        # The first character may be the @ of an npm scope.
        name, _, version = query[1:].partition("@")
        kind, name = "", query[0] + name
        bases = [base for base in ecosystems.bases() if ecosystems.normalise(base, name) != name]
    yield deployments.Wanted(name, kind, version)
    for base in bases:
        yield deployments.Wanted(name, kind, version, base, ecosystems.normalise(base, name))


def _spot(deployment: Deployment, **package: str | None) -> Spot:
    return Spot(
        deployment.organization,
        deployment.environment,
        deployment.service,
        deployment.platform,
        deployment.reference,
        deployment.digest,
        deployment.since,
        **package,  # type: ignore[arg-type]
    )


def _coverage(connection: Connection, scope: Scope, max_age: int, more: list[Coverage]) -> Coverage:
    """Say how far "nowhere" can be trusted: by one image of each kind that runs, and by the feeds of all packages."""
    kinds = deployments.kinds(connection, scope)
    held = findings.counts(connection, [number for number, _ in kinds])
    known = feeds.coverage(connection, scope.at)
    moment = now() if scope.at is None else scope.at
    parts = list(more)
    for number, count in kinds:
        stored = images.get(connection, number)
        counts = held.get(number, ())
        indexed = stored.indexed_at is not None
        found = covering.assess(indexed, stored.distribution, stored.problems, counts, known, moment, max_age)
        text = "1 running image: " if count == 1 else f"{count} running images: "
        reasons = (each for each in found.reasons if each.code not in _OF_FEEDS)
        parts.append(Coverage(found.state, tuple(Reason(each.code, text + each.message) for each in reasons)))
    parts.append(covering.of_feeds(images.ecosystems_in_use(connection), known, moment, max_age))
    return covering.combine(parts)


_OF_FEEDS = frozenset({"no-feed", "stale-feed", "unkeyable-version", "unassessable-advisory"})


def _of_doubt(doubt: tuple[str, str, int]) -> Coverage:
    name, version, count = doubt
    where = "1 running image" if count == 1 else f"{count} running images"
    text = f"{name} {version} in {where} may have it, but could not be compared with its advisory: check by hand."
    return Coverage("partial", (Reason("unkeyable-version", text),))


def _of_content(found: Coverage) -> Coverage:
    """Where a package runs does not depend on advisories, only on what could be read of the images."""
    reasons = tuple(each for each in found.reasons if each.code in _ABOUT_CONTENT)
    return Coverage("partial" if reasons else "complete", reasons)


_ABOUT_CONTENT = frozenset(
    {"not-indexed", "no-package-database", "unread-package-database", "damaged-layer", "damaged-database"}
)
