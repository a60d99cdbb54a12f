"""Where does it run: a vulnerability or a package, over every environment at once."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Literal

import msgspec

from envscout.errors import InvalidReference
from envscout.findings import coverage as covering
from envscout.findings import everywhere
from envscout.findings.heeding import Heed
from envscout.model import Coverage, Problem
from envscout.names import ecosystem as ecosystems
from envscout.names import purl
from envscout.standing.spots import After, Heard, Spot, held, hit, key
from envscout.store import Connection, Database, deployments, feeds, findings, generations, hits, images, now, present
from envscout.store.deployments import Scope
from envscout.store.hits import Hits
from envscout.store.holding import Held, Wanted, holding
from envscout.store.memory import Memory
from envscout.store.present import Present
from envscout.store.spread import Spread

if TYPE_CHECKING:
    from pyroaring import BitMap

# What nobody would call a package: CVE-2021-44228, GHSA-jfh8-c2jp-5v3q, PYSEC-2024-1, RHSA-2024:1234, DSA-5678-1.
_VULNERABILITY = re.compile(r"(CVE|[A-Z]{2,12}(-CVE)?-\d{4}|GHSA-\w{4}|DSA|DLA|USN)[-:][\w:.-]+", re.ASCII)


MOST_SIMILAR = 10


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


class Version(msgspec.Struct, frozen=True):
    """A version of a package, and in how many places it runs. environments: (organization, name) of those."""

    type: str
    version: str
    places: int
    environments: tuple[tuple[str, str], ...]


class Places(msgspec.Struct, frozen=True):
    """Some of the places where something runs. located: the answer, with these alone. total: how many there are.

    environments: (organization, name) of all in which it runs. more: whether places come after these.
    """

    located: Located
    environments: tuple[tuple[str, str], ...]
    total: int
    more: bool


def where(database: Database, query: str, scope: Scope, max_age: int = 7, heed: Heed | None = None) -> Located:
    """Return where a CVE (or any advisory id), package URL or NAME[@VERSION] runs. Raise InvalidReference.

    heed: whose statements about what does not count are heeded.
    """
    query = _asked(query)
    with database.read() as connection:
        names = findings.resolve(connection, query)
        if not _is_vulnerability(query, names):
            lying = holding(connection, _wanted(query))
            spots = tuple(held(present.holding(connection, scope, lying.holding), lying))
            trusted = everywhere.of_content(_coverage(connection, scope, max_age, []))
            return _of_package(connection, query, spots, bool(spots), trusted)
        found = hits.hits(connection, names, scope.at)
        ran = present.holding(connection, scope, found.everywhere)
        heard = Heard(connection, scope, heed or Heed(), found.images_in(ran))
        spots = tuple(hit(ran, found, heard))
        trusted = _coverage(connection, scope, max_age, [everywhere.unheard(query, names), *_of_doubts(found, ran)])
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
            if _is_vulnerability(query, names):
                return known.vulnerability(query, names, heed or Heed(), after, most)
            return known.package(query, after, most)
    found = where(database, query, scope, max_age, heed)
    spots = sorted(found.spots, key=key)
    first = bisect_right(spots, after, key=key) if after else 0
    having = tuple(dict.fromkeys((spot.organization, spot.environment) for spot in spots))
    page = msgspec.structs.replace(found, spots=tuple(spots[first : first + most]))
    return Places(page, having, len(spots), first + most < len(spots))


def versions(database: Database, query: str, scope: Scope) -> tuple[Version, ...]:
    """Return the versions of a package that run, or ran, the most frequent first. Raise InvalidReference."""
    query = _asked(query)
    with database.read() as connection:
        lying, ran = _lying(connection, database.memory, query, scope)
    images: dict[tuple[str, str], BitMap] = {}
    for set_id, held_there in lying.sets.items():
        for each in {(one.type, one.version) for one in held_there}:
            images[each] = images[each] | lying.images[set_id] if each in images else lying.images[set_id]
    told = (_version(*each, having, ran) for each, having in images.items())
    return tuple(sorted((each for each in told if each.places), key=lambda each: -each.places))


def _lying(connection: Connection, memory: Memory, query: str, scope: Scope) -> tuple[Spread[Held], Sequence[Present]]:
    """Return where a package lies, and what runs of that: what runs now is kept in memory."""
    if scope.at is not None:
        lying = holding(connection, _wanted(query))
        return lying, present.holding(connection, scope, lying.holding)
    known = _Known(connection, memory, scope)
    return known.holding(query), known.ran()


def _asked(query: str) -> str:
    query = query.strip()
    if not query or len(query) > purl.MAX_LENGTH:
        raise InvalidReference("nothing to look for", "ask for CVE-2021-44228, pkg:npm/lodash@4.17.20 or openssl@3.0.2")
    return query


def _is_vulnerability(query: str, names: tuple[str, ...]) -> bool:
    return bool(names or _VULNERABILITY.fullmatch(query.upper()))


def _of_package(
    connection: Connection, query: str, spots: tuple[Spot, ...], is_found: bool, trusted: Coverage
) -> Located:
    return Located(query, "package", (), spots, trusted, similar=() if is_found else _similar(connection, query))


class _Known:
    """What is kept in memory of what runs in a scope now, and of what bears on it."""

    def __init__(self, connection: Connection, memory: Memory, scope: Scope, max_age: int = 7) -> None:
        self._connection, self._memory, self._scope = connection, memory, scope
        self._reached = generations.reached(connection, scope.organization)
        self._age = generations.age(connection, memory, self._reached.known, max_age)

    def names(self, query: str) -> tuple[str, ...]:
        """Return the vulnerabilities that a name stands for."""
        make = partial(findings.resolve, self._connection, query)
        return self._memory.get(("names", self._reached.known, query), make, len)

    def vulnerability(self, query: str, names: tuple[str, ...], heed: Heed, after: After | None, most: int) -> Places:
        """Answer for vulnerabilities of these names, of which there may be none."""
        found = self._hits(names)
        ran = self.ran()
        totals = [(each, total) for each in ran if (total := found.places.count(each))]
        having = [each for each, _ in totals]
        heard = Heard(self._connection, self._scope, heed, found.images_in(having))
        page = tuple(islice(hit(having, found, heard, after), most + 1))
        trusted = covering.combine([everywhere.unheard(query, names), *_of_doubts(found, ran), *self._coverages(ran)])
        located = Located(query, "vulnerability", names, page[:most], trusted, heard.problems)
        return _places(located, totals, len(page) > most)

    def package(self, query: str, after: After | None, most: int) -> Places:
        """Answer for a package."""
        found = self.holding(query)
        ran = self.ran()
        totals = [(each, total) for each in ran if (total := found.count(each))]
        page = tuple(islice(held([each for each, _ in totals], found, after), most + 1))
        trusted = everywhere.of_content(covering.combine(self._coverages(ran)))
        located = _of_package(self._connection, query, page[:most], bool(totals), trusted)
        return _places(located, totals, len(page) > most)

    def _hits(self, names: tuple[str, ...]) -> Hits:
        rests = (self._reached.known, self._reached.images)
        make = partial(hits.hits, self._connection, names, None)
        return self._memory.get(("hits", rests, names), make, lambda made: made.size)

    def holding(self, query: str) -> Spread[Held]:
        """Return where a package lies, whether it runs or not."""
        make = partial(holding, self._connection, _wanted(query))
        return self._memory.get(("holding", self._reached.images, query), make, lambda made: made.size)

    def ran(self) -> list[Present]:
        """Return what runs in the scope, by environment."""
        wanted = (each for each in self._reached.environments if self._scope.environment in ("", each.name))
        return [present.present(self._connection, self._memory, each) for each in wanted]

    def _coverages(self, ran: Sequence[Present]) -> Iterator[Coverage]:
        for alike in sorted(present.kinds(ran).values(), key=min):
            yield everywhere.of_alike(len(alike), self._remembered("kind", self._of_kind, min(alike)))
        yield self._remembered("feeds", self._of_feeds)

    def _remembered(self, name: str, make: Callable[..., Coverage], *asked: int) -> Coverage:
        rests = (name, self._age, self._reached.images, *asked)
        return self._memory.get(rests, partial(make, *asked), lambda made: 300 * len(made.reasons))

    def _of_kind(self, number: int) -> Coverage:
        return _of_kind(self._connection, number, feeds.coverage(self._connection), now(), self._age.max_age)

    def _of_feeds(self) -> Coverage:
        return _of_feeds(self._connection, feeds.coverage(self._connection), now(), self._age.max_age)


def _places(located: Located, totals: Sequence[tuple[Present, int]], more: bool) -> Places:
    having = tuple((each.organization, each.name) for each, _ in totals)
    return Places(located, having, sum(total for _, total in totals), more)


def _version(type_: str, version: str, images: "BitMap", ran: Iterable[Present]) -> Version:
    counts = [(each, count) for each in ran if (count := each.count(images))]
    having = tuple((each.organization, each.name) for each, _ in counts)
    return Version(type_, version, sum(count for _, count in counts), having)


def _similar(connection: Connection, query: str) -> tuple[str, ...]:
    """Return names like the one that was asked for, () where it is the name of a package itself."""
    asked = next(iter(_wanted(query))).name
    found = deployments.similar(connection, asked, MOST_SIMILAR)
    return () if asked in found else found


def _wanted(query: str) -> Iterable[Wanted]:
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
    yield Wanted(name, kind, version)
    for base in bases:
        yield Wanted(name, kind, version, base, ecosystems.normalise(base, name))


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


def _of_doubts(found: Hits, ran: Iterable[Present]) -> Iterable[Coverage]:
    return (everywhere.of_doubt(*each) for each in found.doubted(ran))
