"""Where vulnerable packages are, whether it runs or not, in a form small enough to be kept in memory."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from envscout.store import findings
from envscout.store.database import Connection, queries
from envscout.store.findings import Match, Place, Record, Signals
from envscout.store.present import Present
from envscout.store.spread import Spread, spread

if TYPE_CHECKING:
    from pyroaring import BitMap

_SQL = queries("hits")


class Hits(msgspec.Struct, frozen=True):
    """What some vulnerabilities hold. matches: by package and vulnerability, the one with the earliest fix.

    places: the packages that lie in sets; a place says nothing of image, layer and locations. doubts: (name, version)
    of packages that could not be compared, with their images.
    """

    matches: Mapping[int, tuple[Match, ...]]
    places: Spread[Place]
    doubts: Mapping[tuple[str, str], "BitMap"]

    @property
    def size(self) -> int:
        """Return bytes, about."""
        doubts = sum(100 + 2 * len(each) for each in self.doubts.values())
        return self.places.size + 700 * sum(map(len, self.matches.values())) + doubts

    @property
    def everywhere(self) -> "BitMap":
        """Return the images that hold anything of it, or may."""
        return self.places.holding.union(*self.doubts.values())

    def images_in(self, ran: Iterable[Present]) -> set[int]:
        """Return the images that run somewhere and in which something is hit."""
        holding = self.places.holding
        return {number for each in ran for number in holding & each.images}

    def doubted(self, ran: Iterable[Present]) -> Iterator[tuple[str, str, int]]:
        """Yield name, version and in how many images that run somewhere it is, of what could not be compared."""
        images = [each.images for each in ran] if self.doubts else []
        for (name, version), held in self.doubts.items():
            if count := len({number for each in images for number in held & each}):
                yield name, version, count


def hits(connection: Connection, names: Iterable[str], known_at: int | None) -> Hits:
    """Return where packages are that are under some vulnerabilities at a moment (None: now); use inside `read()`."""
    from pyroaring import BitMap

    wanted = frozenset(names)
    found = (each for each in findings.hit(connection, wanted, known_at) if each.vulnerability in wanted)
    matches = _earliest(_bare(found))
    sets: dict[int, list[Place]] = defaultdict(list)
    for set_id, pkg_id, purl, type_, name, version, source in connection.execute(_SQL["sets"]):
        if pkg_id in matches:
            sets[set_id].append(Place(0, pkg_id, purl, type_, name, version, source, "", ()))
    told = {
        set_id: {(place.purl, *_told(match)) for place in places for match in matches[place.pkg_id]}
        for set_id, places in sets.items()
    }
    places = spread(sets, told, connection.execute(_SQL["images"]).fetchall())
    return Hits(matches, places, {key: BitMap(each) for key, each in findings.doubtful(connection).items()})


def _bare(matches: Iterable[Match]) -> Iterator[Match]:
    """Yield matches without the texts that their records are explained by: they may be long."""
    records: dict[tuple[str, str], Record] = {}
    signals: dict[str, Signals] = {}
    for each in matches:
        name = each.record.feed, each.record.id
        if name not in records:
            records[name] = msgspec.structs.replace(each.record, summary="", details="", references=())
        if each.vulnerability not in signals:
            signals[each.vulnerability] = msgspec.structs.replace(each.signals, description="")
        yield msgspec.structs.replace(each, record=records[name], signals=signals[each.vulnerability])


def _earliest(matches: Iterable[Match]) -> dict[int, tuple[Match, ...]]:
    """Return the matches of each package, of each vulnerability the one with the earliest fix."""
    found: dict[int, dict[str, Match]] = defaultdict(dict)
    for each in matches:
        best = found[each.pkg_id].get(each.vulnerability)
        if best is None or (each.fix_key or b"\xff") < (best.fix_key or b"\xff"):
            found[each.pkg_id][each.vulnerability] = each
    return {pkg_id: tuple(by_name.values()) for pkg_id, by_name in found.items()}


def _told(match: Match) -> tuple[str, str, str]:
    """Return what a match says: whoever reads it twice of one package URL learns nothing."""
    return match.vulnerability, match.low, match.fixed or f"={match.high}"
