"""Findings: the join of packages and ranges, kept at hand for now and computed afresh for any past moment."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from envscout.store import generations, standing, summaries
from envscout.store.database import FOREVER, Connection, queries
from envscout.store.sql import listed

_SQL = queries("findings")
_UNFIXED = b"\xff"
T = TypeVar("T")


class Signals(msgspec.Struct, frozen=True):
    """What feeds about CVEs say of one vulnerability; None and "" where they say nothing."""

    epss_score: float | None = None
    epss_percentile: float | None = None
    kev_added: str | None = None
    kev_due: str | None = None
    kev_ransomware: bool = False
    score: float | None = None
    vector: str = ""
    priority: str = ""
    cwes: tuple[str, ...] = ()
    description: str = ""


class Record(msgspec.Struct, frozen=True):
    """An advisory behind a match. names: its aliases. score: CVSS base score of the first of vectors."""

    id: str
    feed: str
    severity: str
    vectors: tuple[str, ...]
    score: float | None
    summary: str
    details: str
    cwes: tuple[str, ...]
    published: int
    references: tuple[str, ...]
    names: tuple[str, ...]


class Match(msgspec.Struct, frozen=True):
    """One range of one record that holds one package: `low <= version`, and `< fixed` or `<= high` where known.

    fix_key: byte key of the fixed version, b"" where there is none.
    """

    pkg_id: int
    vulnerability: str
    record: Record
    low: str
    high: str
    fixed: str
    fix_key: bytes
    severity: str
    signals: Signals


class Place(msgspec.Struct, frozen=True):
    """A matched package as one image holds it. source: what it was built from. layer: diff_id."""

    image_id: int
    pkg_id: int
    purl: str
    type: str
    name: str
    version: str
    source: str
    layer: str
    locations: tuple[str, ...]


class Count(msgspec.Struct, frozen=True):
    """How many packages of one ecosystem ("" = none that a feed could know) an image holds; how many have no key."""

    ecosystem: str
    type: str
    packages: int
    unkeyable: int


class Answer(msgspec.Struct, frozen=True):
    """Everything the join says about some images. places, counts, packages and unassessed by image number.

    unassessed: (package name, vulnerability) where a record names the package without a range that could be compared.
    """

    matches: tuple[Match, ...]
    places: Mapping[int, tuple[Place, ...]]
    counts: Mapping[int, tuple[Count, ...]]
    packages: Mapping[int, int]
    unassessed: Mapping[int, tuple[tuple[str, str], ...]]


Score = Callable[[Iterable[str]], tuple[float, str] | None]
"""CVSS base score of the first valid vector and that vector, None if none is valid."""


def match_packages(connection: Connection, pkg_ids: Iterable[int], at: int, score: Score) -> None:
    """Match packages never seen before; needs the write lock."""
    numbers = listed(list(pkg_ids))
    connection.execute(_SQL["match_packages"], {"numbers": numbers, "at": at, "forever": FOREVER})
    _settle_scores(connection, connection.execute(_SQL["unscored_of_packages"], {"numbers": numbers}).fetchall(), score)


def match_touched(connection: Connection, at: int, score: Score) -> None:
    """Match again what a staged update touched; needs the write lock and the stage applied."""
    connection.execute(_SQL["clear_touched"], {"forever": FOREVER})
    touched, packages = connection.execute(_SQL["sizes"]).fetchone()
    if touched:
        summaries.forget(connection)
    query = "match_touched" if touched < packages else "match_touched_by_package"
    connection.execute(_SQL[query], {"at": at, "forever": FOREVER})
    standing.mark_touched(connection)
    _settle_scores(connection, connection.execute(_SQL["unscored_touched"]).fetchall(), score)


def kept(connection: Connection) -> set[tuple[int, int]]:
    """Return (adv_id, pkg_id) of the findings that are kept."""
    return set(connection.execute(_SQL["kept"]).fetchall())


def match_all(connection: Connection) -> set[tuple[int, int]]:
    """Return (adv_id, pkg_id) of the full join: what incremental matching must equal."""
    return set(connection.execute(_SQL["match_all"], {"forever": FOREVER}).fetchall())


def differences(connection: Connection) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return (adv_id, pkg_id) that the full join gives and are not kept, and those that are kept beyond it."""
    missing, false = (
        connection.execute(_SQL[query], {"forever": FOREVER}).fetchall()
        for query in ("missing_findings", "false_findings")
    )
    return missing, false


def mend(connection: Connection, missing: Iterable[tuple[int, int]], false: Iterable[tuple[int, int]], at: int) -> None:
    """Keep what was missing and drop what was false. Needs the write lock."""
    missing, false = list(missing), list(false)
    connection.executemany(_SQL["put_finding"], [(*each, at) for each in missing])
    standing.mark_advisories(connection, {adv_id for adv_id, _ in (*missing, *false)})
    connection.executemany(_SQL["drop_finding"], false)
    summaries.forget(connection)
    generations.count_known(connection)


def _settle_scores(connection: Connection, unscored: Iterable[tuple[int, str]], score: Score) -> None:
    """Compute CVSS scores once, when a record first matters to a stored package."""
    scored = [(score(vectors.split()), adv_id) for adv_id, vectors in unscored]
    rows = [(*(best or (None, "")), adv_id) for best, adv_id in scored]
    connection.executemany(_SQL["put_score"], rows)


def at_version(connection: Connection, ecosystem: str, name: str, key: bytes) -> list[tuple[str, str]]:
    """Return (vulnerability, fixed version or "") that would hold a package, were it of the version of this key."""
    row = {"ecosystem": ecosystem, "name": name, "key": key, "forever": FOREVER}
    return list(connection.execute(_SQL["at_version"], row))


def answer(
    connection: Connection, image_ids: Iterable[int], known_at: int | None, names: Iterable[str] | None = None
) -> Answer:
    """Answer for some images: what stands now (known_at None), or what was known at a moment. Use inside `read()`.

    names: the vulnerabilities that matches and places are asked of; None for all.
    """
    _ask(connection, image_ids)
    if names is not None:
        _hit_vulnerabilities(connection, names, known_at)
    elif known_at is None:
        connection.execute(_SQL["hits_now"])
    else:
        connection.execute(_SQL["hits_at"], {"known_at": known_at})
    return _answer(connection, known_at)


def _answer(connection: Connection, known_at: int | None) -> Answer:
    return Answer(
        matches=_matches(connection, FOREVER - 1 if known_at is None else known_at),
        places=_by_image(_places(connection)),
        counts=_counts(connection),
        packages=dict(connection.execute(_SQL["listed"]).fetchall()),
        unassessed=_by_image((row[0], row[1:]) for row in connection.execute(_SQL["unassessed"]).fetchall()),
    )


def counts(connection: Connection, image_ids: Iterable[int]) -> dict[int, tuple[Count, ...]]:
    """Return how many packages of each ecosystem some images hold; use inside `read()`."""
    _ask(connection, image_ids)
    return _counts(connection)


def _counts(connection: Connection) -> dict[int, tuple[Count, ...]]:
    return _by_image((image_id, Count(*rest)) for image_id, *rest in connection.execute(_SQL["counted"]).fetchall())


def _ask(connection: Connection, image_ids: Iterable[int]) -> None:
    for name in ("forget_asked", "forget_hits", "ask"):
        connection.execute(_SQL[name])
    connection.executemany(_SQL["put_asked"], [(image_id,) for image_id in set(image_ids)])


def _ask_vulnerabilities(connection: Connection, names: Iterable[str]) -> None:
    for query in ("forget_vulnerabilities", "ask_vulnerability"):
        connection.execute(_SQL[query])
    connection.executemany(_SQL["put_asked_vulnerability"], [(name,) for name in set(names)])


def _hit_vulnerabilities(connection: Connection, names: Iterable[str], known_at: int | None) -> None:
    _ask_vulnerabilities(connection, names)
    if known_at is None:
        connection.execute(_SQL["hits_of_now"])
    else:
        connection.execute(_SQL["hits_of_at"], {"known_at": known_at})


def resolve(connection: Connection, name: str) -> tuple[str, ...]:
    """Return the vulnerabilities that a CVE id, alias or advisory id stands for, however it is spelt."""
    head, dash, rest = name.partition("-")
    # CVE-2021-44228 is in capitals throughout, GHSA-jfh8-c2jp-5v3q in its first part alone.
    for spelling in dict.fromkeys((name, name.upper(), head.upper() + dash + rest.lower())):
        found = [row[0] for row in connection.execute(_SQL["resolve"], {"name": spelling})]
        if found:
            return tuple(sorted(found))
    return ()


class Explained(msgspec.Struct, frozen=True):
    """What records of some vulnerabilities mean for one image; rows as `findings.explain` takes them.

    spoken: (ecosystem, name) that standing records speak of.
    """

    candidates: tuple[tuple[Any, ...], ...]
    doubts: tuple[tuple[str, ...], ...]
    spoken: tuple[tuple[str, str], ...]


def explained(connection: Connection, image_id: int, names: Iterable[str], known_at: int | None) -> Explained:
    """Lay every range of some vulnerabilities beside the packages of an image; use inside `read()`."""
    _ask_vulnerabilities(connection, names)
    row = {"image_id": image_id, "known_at": FOREVER - 1 if known_at is None else known_at}
    return Explained(
        candidates=tuple(connection.execute(_SQL["explained"], row).fetchall()),
        doubts=tuple(connection.execute(_SQL["doubted"], row).fetchall()),
        spoken=tuple(connection.execute(_SQL["spoken_of"], row).fetchall()),
    )


def hit(connection: Connection, names: Iterable[str], known_at: int | None) -> tuple[Match, ...]:
    """Return what packages some vulnerabilities, and those told of with them, hold. Leaves it in the table `hit`."""
    _hit_vulnerabilities(connection, names, known_at)
    return _matches(connection, FOREVER - 1 if known_at is None else known_at)


def about(
    connection: Connection, image_ids: Iterable[int], names: Iterable[str], known_at: int | None
) -> tuple[tuple[Match, ...], dict[int, tuple[Place, ...]]]:
    """Return the matches of some vulnerabilities, and where they lie in some images; use inside `read()`."""
    wanted = frozenset(names)
    _ask(connection, image_ids)
    matches = hit(connection, wanted, known_at)
    return tuple(each for each in matches if each.vulnerability in wanted), _by_image(_places(connection, "hit_places"))


def doubtful(connection: Connection) -> dict[tuple[str, str], set[int]]:
    """Return (name, version) of packages that could not be compared, and the images that hold them; after `hit`."""
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for name, version, image_id in connection.execute(_SQL["doubtful"], {"forever": FOREVER}):
        found[name, version].add(image_id)
    return dict(found)


def _by_image(pairs: Iterable[tuple[int, T]]) -> dict[int, tuple[T, ...]]:
    grouped: dict[int, list[T]] = defaultdict(list)
    for image_id, value in pairs:
        grouped[image_id].append(value)
    return {image_id: tuple(values) for image_id, values in grouped.items()}


def _places(connection: Connection, query: str = "hit_components") -> Iterable[tuple[int, Place]]:
    for image_id, pkg_id, purl, type_, name, version, source, layer, text in connection.execute(_SQL[query]):
        locations = tuple(text.split("\n")) if text else ()
        yield image_id, Place(image_id, pkg_id, purl, type_, name, version, source, layer, locations)


def _matches(connection: Connection, moment: int) -> tuple[Match, ...]:
    records = _records(connection)
    signals: dict[str, Signals] = {}
    found = []
    for row in connection.execute(_SQL["matched"], {"known_at": moment}):
        pkg_id, name, adv_id, low, high, fixed, hi, severity, *facts = row
        if name not in signals:
            signals[name] = _signals(*facts)
        fix_key = hi if fixed and hi != _UNFIXED else b""
        found.append(Match(pkg_id, name, records[adv_id], low, high, fixed, fix_key, severity, signals[name]))
    return tuple(found)


def _signals(
    epss: float | None, percentile: float | None, added: str | None, due: str | None, ransomware: int | None,
    score: float | None, vector: str | None, priority: str | None, cwes: str | None, text: str | None,
) -> Signals:  # fmt: skip
    return Signals(
        epss_score=epss,
        epss_percentile=percentile,
        kev_added=added,
        kev_due=due,
        kev_ransomware=bool(ransomware),
        score=score,
        vector=vector or "",
        priority=priority or "",
        cwes=tuple((cwes or "").split()),
        description=text or "",
    )


def _records(connection: Connection) -> dict[int, Record]:
    names: dict[int, list[str]] = defaultdict(list)
    for adv_id, name in connection.execute(_SQL["names_of_records"]):
        names[adv_id].append(name)
    return {
        adv_id: Record(
            id=record_id,
            feed=feed,
            severity=severity,
            vectors=tuple(vectors.split()),
            score=score,
            summary=summary,
            details=details,
            cwes=tuple(cwes.split()),
            published=published,
            references=tuple(refs.split("\n")) if refs else (),
            names=tuple(names[adv_id]),
        )
        for adv_id, record_id, feed, severity, vectors, score, summary, details, cwes, published, refs
        in connection.execute(_SQL["records"])
    }  # fmt: skip
