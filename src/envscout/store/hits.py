"""Where vulnerable packages are, whether it runs or not, in a form small enough to be kept in memory."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from envscout.store import findings
from envscout.store.database import Connection, queries
from envscout.store.findings import Match, Place, Record, Signals
from envscout.store.present import Present

if TYPE_CHECKING:
    from pyroaring import BitMap

_SQL = queries("hits")


class Hits(msgspec.Struct, frozen=True):
    """What some vulnerabilities hold. matches: by package and vulnerability, the one with the earliest fix.

    sets: by number, the packages that lie in them; a place says nothing of image, layer and locations. images: of each
    set. times: images by how many different things are to be told of them. doubts: (name, version) of
    packages that could not be compared, with their images.
    """

    matches: Mapping[int, tuple[Match, ...]]
    sets: Mapping[int, tuple[Place, ...]]
    images: Mapping[int, "BitMap"]
    times: Mapping[int, "BitMap"]
    doubts: Mapping[tuple[str, str], "BitMap"]

    @property
    def size(self) -> int:
        """Return bytes, about."""
        maps = (*self.images.values(), *self.times.values(), *self.doubts.values())
        held = sum(map(len, self.matches.values())) + sum(map(len, self.sets.values()))
        return 700 * held + sum(100 + 2 * len(each) for each in maps)

    @property
    def certain(self) -> "BitMap":
        """Return the images that hold anything of it."""
        from pyroaring import BitMap

        return BitMap.union(BitMap(), *self.times.values())

    @property
    def everywhere(self) -> "BitMap":
        """Return the images that hold anything of it, or may."""
        return self.certain.union(*self.doubts.values())

    def images_in(self, ran: Iterable[Present]) -> set[int]:
        """Return the images that run somewhere and in which something is hit."""
        return {number for each in ran for images in self.times.values() for number in images & each.images}

    def doubted(self, ran: Iterable[Present]) -> Iterator[tuple[str, str, int]]:
        """Yield name, version and in how many images that run somewhere it is, of what could not be compared."""
        images = [each.images for each in ran] if self.doubts else []
        for (name, version), held in self.doubts.items():
            if count := len({number for each in images for number in held & each}):
                yield name, version, count

    def lying(self, images: "BitMap") -> Mapping[int, Sequence[Place]]:
        """Return what lies in each of some images."""
        found: dict[int, list[Place]] = defaultdict(list)
        for set_id, held in self.images.items():
            for image_id in held & images:
                found[image_id] += self.sets[set_id]
        return found


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
    images: dict[int, list[int]] = defaultdict(list)
    for set_id, image_id in connection.execute(_SQL["images"]):
        images[set_id].append(image_id)
    doubts = findings.doubtful(connection)
    return Hits(
        matches,
        {set_id: tuple(each) for set_id, each in sets.items()},
        {set_id: BitMap(images[set_id]) for set_id in sets},
        _times(matches, sets, images),
        {key: BitMap(each) for key, each in doubts.items()},
    )


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


def _times(
    matches: Mapping[int, tuple[Match, ...]], sets: Mapping[int, list[Place]], images: Mapping[int, list[int]]
) -> dict[int, "BitMap"]:
    from pyroaring import BitMap

    told = {
        set_id: {(place.purl, *_told(match)) for place in places for match in matches[place.pkg_id]}
        for set_id, places in sets.items()
    }
    held: dict[int, list[int]] = defaultdict(list)
    for set_id in sets:
        for image_id in images[set_id]:
            held[image_id].append(set_id)
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for image_id, set_ids in held.items():
        alike[tuple(set_ids)].append(image_id)
    found: dict[int, BitMap] = defaultdict(BitMap)
    for key, image_ids in alike.items():
        found[len(set().union(*(told[set_id] for set_id in key)))].update(image_ids)
    return dict(found)


def _told(match: Match) -> tuple[str, str, str]:
    """Return what a match says: whoever reads it twice of one package URL learns nothing."""
    return match.vulnerability, match.low, match.fixed or f"={match.high}"
