"""Where does it run: a vulnerability or a package, over every environment at once."""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Literal

import msgspec

from envscout.errors import InvalidReference
from envscout.findings import coverage as covering
from envscout.findings import everywhere
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
    Suppression,
)
from envscout.names import ecosystem as ecosystems
from envscout.names import purl
from envscout.store import (
    Connection,
    Database,
    deployments,
    exceptions,
    feeds,
    findings,
    generations,
    hits,
    images,
    now,
    present,
    vex,
)
from envscout.store.deployments import Running, Scope
from envscout.store.hits import Hits
from envscout.store.memory import Memory
from envscout.store.present import Present

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


After = tuple[str, str, str, str, int, str, str, str, str]
"""A spot by its organization, environment, service, platform, since, digest, purl, vulnerability and range."""


class Places(msgspec.Struct, frozen=True):
    """Some of the places where something runs. located: the answer, with these alone. total: how many there are.

    environments: (organization, name) of all in which it runs. more: whether places come after these.
    """

    located: Located
    environments: tuple[tuple[str, str], ...]
    total: int
    more: bool


def key(spot: Spot) -> After:
    """Return where a spot comes in the order of places."""
    return (
        spot.organization, spot.environment, spot.service, spot.platform, spot.since, spot.digest,
        spot.purl, spot.vulnerability, spot.range,
    )  # fmt: skip


def where(database: Database, query: str, scope: Scope, max_age: int = 7, heed: Heed | None = None) -> Located:
    """Return where a CVE (or any advisory id), package URL or NAME[@VERSION] runs. Raise InvalidReference.

    heed: whose statements about what does not count are heeded.
    """
    query = _asked(query)
    with database.read() as connection:
        names = findings.resolve(connection, query)
        if not names and not _VULNERABILITY.fullmatch(query.upper()):
            return _package(connection, query, scope, max_age)
        held = hits.hits(connection, names, scope.at)
        ran = present.holding(connection, scope, held.everywhere)
        heard = _Heard(connection, scope, heed or Heed(), held.images_in(ran))
        spots = tuple(_spots(ran, held, heard))
        trusted = _coverage(connection, scope, max_age, [everywhere.unheard(query, names), *_of_doubts(held, ran)])
        return Located(query, "vulnerability", names, spots, trusted, heard.problems)


def places(
    database: Database,
    query: str,
    scope: Scope,
    max_age: int = 7,
    heed: Heed | None = None,
    after: After | None = None,
    most: int = 100,
) -> Places:
    """Return where a vulnerability or a package runs, in order, from what comes after a place. Raise InvalidReference.

    The same as `where` tells. What runs now is put together from what is kept in memory, of which an event changes
    little; but for that it could not be asked by hundreds at once.
    """
    query = _asked(query)
    if scope.at is None:
        with database.read() as connection:
            known = _Known(connection, database.memory, scope, max_age)
            names = known.names(query)
            if names or _VULNERABILITY.fullmatch(query.upper()):
                return known.places(query, names, heed or Heed(), after, most)
    found = where(database, query, scope, max_age, heed)
    spots = sorted(found.spots, key=key)
    first = bisect_right(spots, after, key=key) if after else 0
    having = tuple(dict.fromkeys((spot.organization, spot.environment) for spot in spots))
    page = msgspec.structs.replace(found, spots=tuple(spots[first : first + most]))
    return Places(page, having, len(spots), first + most < len(spots))


def _asked(query: str) -> str:
    query = query.strip()
    if not query or len(query) > purl.MAX_LENGTH:
        raise InvalidReference("nothing to look for", "ask for CVE-2021-44228, pkg:npm/lodash@4.17.20 or openssl@3.0.2")
    return query


def _package(connection: Connection, query: str, scope: Scope, max_age: int) -> Located:
    spots = tuple(_of_package(connection, query, scope))
    trusted = everywhere.of_content(_coverage(connection, scope, max_age, []))
    return Located(query, "package", (), spots, trusted, similar=() if spots else _similar(connection, query))


class _Known:
    """What is kept in memory of what runs in a scope now, and of what bears on it."""

    def __init__(self, connection: Connection, memory: Memory, scope: Scope, max_age: int) -> None:
        self._connection, self._memory, self._scope = connection, memory, scope
        self._reached = generations.reached(connection, scope.organization)
        self._age = generations.age(connection, memory, self._reached.known, max_age)

    def names(self, query: str) -> tuple[str, ...]:
        """Return the vulnerabilities that a name stands for."""
        make = partial(findings.resolve, self._connection, query)
        return self._memory.get(("names", self._reached.known, query), make, len)

    def places(self, query: str, names: tuple[str, ...], heed: Heed, after: After | None, most: int) -> Places:
        """Answer for vulnerabilities of these names, of which there may be none."""
        held = self._hits(names)
        ran = self._ran()
        totals = [(each, sum(times * each.count(images) for times, images in held.times.items())) for each in ran]
        having = [each for each, total in totals if total]
        heard = _Heard(self._connection, self._scope, heed, held.images_in(having))
        page = tuple(islice(_spots(having, held, heard, after), most + 1))
        trusted = covering.combine([everywhere.unheard(query, names), *_of_doubts(held, ran), *self._coverages(ran)])
        return Places(
            Located(query, "vulnerability", names, page[:most], trusted, heard.problems),
            tuple((each.organization, each.name) for each in having),
            sum(total for _, total in totals),
            len(page) > most,
        )

    def _hits(self, names: tuple[str, ...]) -> Hits:
        rests = (self._reached.known, self._reached.images)
        make = partial(hits.hits, self._connection, names, None)
        return self._memory.get(("hits", rests, names), make, lambda made: made.size)

    def _ran(self) -> list[Present]:
        wanted = (each for each in self._reached.environments if self._scope.environment in ("", each.name))
        return [present.present(self._connection, self._memory, each) for each in wanted]

    def _coverages(self, ran: Sequence[Present]) -> Iterator[Coverage]:
        for held in sorted(present.kinds(ran).values(), key=min):
            yield everywhere.of_alike(len(held), self._remembered("kind", self._of_kind, min(held)))
        yield self._remembered("feeds", self._of_feeds)

    def _remembered(self, name: str, make: Callable[..., Coverage], *asked: int) -> Coverage:
        rests = (name, self._age, self._reached.images, *asked)
        return self._memory.get(rests, partial(make, *asked), lambda made: 300 * len(made.reasons))

    def _of_kind(self, number: int) -> Coverage:
        return _of_kind(self._connection, number, feeds.coverage(self._connection), now(), self._age.max_age)

    def _of_feeds(self) -> Coverage:
        return _of_feeds(self._connection, feeds.coverage(self._connection), now(), self._age.max_age)


def _similar(connection: Connection, query: str) -> tuple[str, ...]:
    """Return names like the one that was asked for, () where it is the name of a package itself."""
    asked = next(iter(_wanted(query))).name
    found = deployments.similar(connection, asked, MOST_SIMILAR)
    return () if asked in found else found


class _Heard:
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

    def of(
        self, image_id: int, deployment: Deployment, place: findings.Place, match: findings.Match
    ) -> Suppression | None:
        """Return why a match does not count where it is, None where it does."""
        if not self._desk:
            return None
        key = (image_id, deployment)
        if key not in self._pages:
            image = images.get(self._connection, image_id).image
            seen = met(image, deployment.reference, deployment, self._heed.organization)
            self._pages[key] = self._desk.page(image_id, seen)
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


def _spots(ran: Iterable[Present], held: Hits, heard: _Heard, after: After | None = None) -> Iterator[Spot]:
    """Yield places in order, each once, from what comes after one: what is not asked for is not made."""
    for each in ran:
        if after and (each.organization, each.name) < after[:2]:
            continue
        lying = held.lying(each.images)
        hit = (one for one in each.running if one.image_id in lying)
        for slot, running in groupby(hit, key=_slot):
            if not after or slot >= after[:5]:
                made = [spot for one in running for spot in _of_running(one, lying, held, heard)]
                # Of two that are told in the same words, the one that counts is told.
                found = {key(spot): spot for spot in sorted(made, key=lambda spot: spot.suppression is None)}
                yield from (found[name] for name in sorted(found) if not after or name > after)


def _slot(each: Running) -> tuple[str | int, ...]:
    ran = each.deployment
    return ran.organization, ran.environment, ran.service, ran.platform, ran.since


def _of_running(
    running: Running, lying: Mapping[int, Sequence[findings.Place]], held: Hits, heard: _Heard
) -> Iterator[Spot]:
    for place in lying.get(running.image_id, ()):
        for match in held.matches[place.pkg_id]:
            suppression = heard.of(running.image_id, running.deployment, place, match)
            yield _vulnerable(running.deployment, place, match, suppression)


def _vulnerable(
    deployment: Deployment, place: findings.Place, match: findings.Match, suppression: Suppression | None
) -> Spot:
    one = _spot(
        deployment,
        purl=place.purl,
        type=place.type,
        name=place.name,
        version=place.version,
        vulnerability=match.vulnerability,
        range=range_text(match.low, match.high, match.fixed),
        fixed_version=match.fixed or None,
    )
    return msgspec.structs.replace(one, suppression=suppression) if suppression else one


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


def _coverage(connection: Connection, scope: Scope, max_age: int, more: Iterable[Coverage]) -> Coverage:
    """Say how far "nowhere" can be trusted: by one image of each kind that runs, and by the feeds of all packages."""
    known = feeds.coverage(connection, scope.at)
    moment = now() if scope.at is None else scope.at
    parts = list(more)
    for number, count in deployments.kinds(connection, scope):
        parts.append(everywhere.of_alike(count, _of_kind(connection, number, known, moment, max_age)))
    return covering.combine([*parts, _of_feeds(connection, known, moment, max_age)])


def _of_feeds(connection: Connection, known: Mapping[str, int], moment: int, max_age: int) -> Coverage:
    return covering.of_feeds(images.ecosystems_in_use(connection), known, moment, max_age)


def _of_kind(connection: Connection, number: int, known: Mapping[str, int], moment: int, max_age: int) -> Coverage:
    """Say how far an answer about an image can be trusted, but for its feeds."""
    stored = images.get(connection, number)
    counts = findings.counts(connection, [number]).get(number, ())
    indexed = stored.indexed_at is not None
    found = covering.assess(indexed, stored.distribution, stored.problems, counts, known, moment, max_age)
    return everywhere.apart_from_feeds(found)


def _of_doubts(held: Hits, ran: Iterable[Present]) -> Iterable[Coverage]:
    return (everywhere.of_doubt(*each) for each in held.doubted(ran))
