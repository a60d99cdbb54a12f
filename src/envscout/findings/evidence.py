"""What the join says of one package: the rows that become findings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from envscout.model import Epss, Kev, PackageRef
from envscout.names.vulnerability import is_cve


class Evidence(msgspec.Struct, frozen=True):
    """One advisory's range that holds one package: what the join returns, and what `merge.merge` takes.

    vulnerability: the name to show. aliases: all other names. low, high, fixed: as in `model.Range`; fix_key: byte key
    of fixed, b"" if there is none. word: the vendor's word for that package, or else for the record. stated: the
    score of the first vector, or one without a vector. published: microseconds since 1970 UTC. cve_vector, cve_score:
    of the CVE record. priority: Ubuntu's word of the CVE record. from_base: whether the base image brought
    the package, None where that is not known.
    """

    vulnerability: str
    advisory: str
    package: PackageRef
    aliases: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    fixed: str = ""
    fix_key: bytes = b""
    word: str = ""
    vectors: tuple[str, ...] = ()
    stated: float | None = None
    summary: str = ""
    details: str = ""
    published: int = 0
    cwes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    layer: str = ""
    locations: tuple[str, ...] = ()
    from_base: bool | None = None
    epss: Epss | None = None
    kev: Kev | None = None
    cve_vector: str = ""
    cve_score: float | None = None
    cve_description: str = ""
    priority: str = ""


def by_package(matches: Iterable[Any]) -> dict[int, list[Any]]:
    """Return the matches of the store by the number of the package."""
    grouped: dict[int, list[Any]] = {}
    for match in matches:
        grouped.setdefault(match.pkg_id, []).append(match)
    return grouped


def brought_together(
    places: Iterable[tuple[Any, bool | None]], matches: Mapping[int, Sequence[Any]]
) -> Iterator[Evidence]:
    """Bring together where packages lie and what is known of them: places and matches as the store has them.

    places: each with whether the base image brought it.
    """
    for place, inside in places:
        package = PackageRef(place.purl, place.name, place.version, place.type, place.source)
        for match in matches.get(place.pkg_id, ()):
            yield _one(place, package, match, inside)


def _one(place: Any, package: PackageRef, match: Any, inside: bool | None) -> Evidence:
    record, signals = match.record, match.signals
    score, percentile = signals.epss_score, signals.epss_percentile
    return Evidence(
        vulnerability=match.vulnerability,
        advisory=record.id,
        package=package,
        aliases=tuple(name for name in record.names if not is_cve(name)),
        low=match.low,
        high=match.high,
        fixed=match.fixed,
        fix_key=match.fix_key,
        word=match.severity or record.severity,
        vectors=record.vectors,
        stated=record.score,
        summary=record.summary,
        details=record.details,
        published=record.published,
        cwes=record.cwes or signals.cwes,
        references=record.references,
        from_base=inside,
        layer=place.layer,
        locations=place.locations,
        epss=None if score is None or percentile is None else Epss(score, percentile),
        kev=None
        if signals.kev_added is None
        else Kev(signals.kev_added, signals.kev_due or "", signals.kev_ransomware),
        cve_vector=signals.vector,
        cve_score=signals.score,
        cve_description=signals.description,
        priority=signals.priority,
    )
