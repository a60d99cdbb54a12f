"""What findings say of whole package sets: made from the join, and kept until what is known changes.

A set is shared by many images and never changes; an image is the union of its sets, an environment that of its images.
Vulnerabilities are counted by their numbers in the store, in compressed bitmaps (https://roaringbitmap.org).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from envscout.store.database import FOREVER, Connection, Database, queries

if TYPE_CHECKING:
    from pyroaring import BitMap

_SQL = queries("summaries")
_AT_ONCE = 2_000
"""Sets that are made in one transaction: others must be able to write in between."""

Marks = Mapping[int, "BitMap"]
"""By severity (see LEVELS): the numbers of the vulnerabilities that something in a set has in it."""

Kind = Literal["any", "fixed", "unfixed"]
"""Whether a fix must be known, must not, or does not matter."""

Hits = Iterable[tuple[Any, int, str, int]]
Grader = Callable[[Hits, Mapping[int, list[tuple[Any, ...]]]], Mapping[Any, Mapping[int, int]]]
"""Hits and rows of records by number -> by what was hit: vulnerability -> 2 x severity, + 1 where a fix is known."""


class Summary(msgspec.Struct, frozen=True, array_like=True):
    """What there is in a set. held: (ecosystem, type) of its packages; unkeyable: with the component's number.

    doubts: (package, vulnerability) that could not be compared. marks: by kind, each as it is read when it is wanted.
    """

    held: tuple[tuple[str, str], ...]
    unkeyable: tuple[tuple[str, str, int], ...]
    doubts: tuple[tuple[str, str], ...]
    marks: dict[Kind, msgspec.Raw]


class Known(msgspec.Struct, frozen=True):
    """What bears on how far an answer about an image can be trusted; distribution and problems are JSON.

    sets: (number, layer). twofold: it holds packages of one URL that are matched as different ones.
    """

    image_id: int
    indexed: bool
    distribution: str | None
    problems: str
    twofold: bool
    sets: tuple[tuple[int, str], ...]


_decode = msgspec.msgpack.Decoder(Summary).decode
_decode_marks = msgspec.msgpack.Decoder(dict[int, bytes]).decode
_encode = msgspec.msgpack.encode


def forget(connection: Connection) -> None:
    """Drop every summary: what is known of vulnerabilities has changed. Needs the write lock."""
    connection.execute(_SQL["forget"])


def images(connection: Connection, image_ids: Iterable[int]) -> dict[int, Known]:
    """Return what is known of images as wholes; use inside `read()`."""
    asked = {"numbers": _listed(image_ids)}
    sets: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for image_id, set_id, layer in connection.execute(_SQL["sets"], asked):
        sets[image_id].append((set_id, layer))
    return {
        image_id: Known(image_id, indexed_at is not None, distribution, problems, bool(twofold), tuple(sets[image_id]))
        for image_id, indexed_at, distribution, problems, twofold in connection.execute(_SQL["images"], asked)
    }


def missing(connection: Connection, set_ids: Iterable[int]) -> list[int]:
    """Return which sets have no summary yet; use inside `read()`."""
    return [row[0] for row in connection.execute(_SQL["missing"], {"numbers": _listed(set_ids)})]


def fill(database: Database, set_ids: Sequence[int], grade: Grader) -> None:
    """Make the summaries of some sets, unless another process is writing just now."""
    for first in range(0, len(set_ids), _AT_ONCE):
        with database.write_at_once() as writing:
            if writing is None:
                return
            made = _made(writing, set_ids[first : first + _AT_ONCE], grade)
            writing.executemany(_SQL["keep"], [(set_id, _encode(each)) for set_id, each in made.items()])


def summaries(connection: Connection, set_ids: Iterable[int], grade: Grader) -> dict[int, Summary]:
    """Return the summaries of some sets, made where they are not kept; use inside `read()`."""
    wanted = set(set_ids)
    found = _kept(connection, wanted)
    missing = wanted - found.keys()
    return found | _made(connection, missing, grade) if missing else found


def false(connection: Connection, grade: Grader) -> list[int]:
    """Return the sets whose summaries are not what they would be if they were made now; use inside `read()`."""
    every = [row[0] for row in connection.execute(_SQL["every_kept"])]
    found: list[int] = []
    for first in range(0, len(every), _AT_ONCE):
        few = every[first : first + _AT_ONCE]
        kept, made = _kept(connection, few), _made(connection, few, grade)
        found += [set_id for set_id in few if not _is_same(kept[set_id], made[set_id])]
    return found


def _is_same(one: Summary, other: Summary) -> bool:
    plain = all(
        sorted(getattr(one, field)) == sorted(getattr(other, field)) for field in ("held", "unkeyable", "doubts")
    )
    return plain and all(opened(one, kind) == opened(other, kind) for kind in _KINDS)


def _kept(connection: Connection, set_ids: Iterable[int]) -> dict[int, Summary]:
    rows = connection.execute(_SQL["kept"], {"numbers": _listed(set_ids)})
    return {set_id: _decode(content) for set_id, content in rows}


def _listed(numbers: Iterable[int]) -> str:
    """Return numbers as one parameter; a temporary table takes longer where it is asked once."""
    return msgspec.json.encode(list(numbers)).decode()


def _made(connection: Connection, set_ids: Iterable[int], grade: Grader) -> dict[int, Summary]:
    set_ids = list(set_ids)
    _ask(connection, "wanted", "want", set_ids)
    grades = grade(*_joined(connection, None))
    members = _grouped(connection, "packages")
    held = _grouped(connection, "held")
    unkeyable = _grouped(connection, "unkeyable")
    doubts = _grouped(connection, "doubts")
    return {
        set_id: Summary(
            tuple(held.get(set_id, ())),
            tuple(unkeyable.get(set_id, ())),
            tuple(doubts.get(set_id, ())),
            _packed(grades.get(pkg_id, {}) for (pkg_id,) in members.get(set_id, ())),
        )
        for set_id in set_ids
    }


def _grouped(connection: Connection, query: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for set_id, *rest in connection.execute(_SQL[query]):
        found[set_id].append(tuple(rest))
    return found


def _packed(grades: Iterable[Mapping[int, int]]) -> dict[Kind, msgspec.Raw]:
    grades = tuple(grades)
    return {
        kind: msgspec.Raw(_encode({level: numbers.serialize() for level, numbers in found.items()}))
        for kind in _KINDS
        if (found := _gathered(grades, kind))
    }


def opened(summary: Summary, kind: Kind = "any") -> Marks:
    """Return the marks of a summary."""
    from pyroaring import BitMap

    packed = summary.marks.get(kind)
    return {level: BitMap.deserialize(numbers) for level, numbers in _decode_marks(packed).items()} if packed else {}


class Asked(msgspec.Struct, frozen=True):
    """How marks are made afresh. known_at: None = as known now. takes: which packages count, by type and name."""

    grade: Grader
    kind: Kind = "any"
    known_at: int | None = None
    takes: Callable[[str, str], bool] | None = None


def marks(connection: Connection, set_ids: Iterable[int], asked: Asked) -> dict[int, Marks]:
    """Return the marks of some sets; use inside `read()`."""
    _ask(connection, "wanted", "want", set_ids)
    members: dict[int, set[int]] = defaultdict(set)
    for set_id, pkg_id, _ in _members(connection, asked):
        members[set_id].add(pkg_id)
    found = asked.grade(*_joined(connection, asked.known_at))
    return {
        set_id: _gathered((found.get(each, {}) for each in packages), asked.kind)
        for set_id, packages in members.items()
    }


def marks_by_url(connection: Connection, set_ids: Iterable[int], asked: Asked) -> Marks:
    """Return the marks of an image with these sets that is twofold: what shares a URL is judged together."""
    _ask(connection, "wanted", "want", set_ids)
    urls: dict[int, set[str]] = defaultdict(set)
    for _, pkg_id, purl in _members(connection, asked):
        urls[pkg_id].add(purl)
    hits, records = _joined(connection, asked.known_at)
    by_url = [(purl, *hit[1:]) for hit in hits for purl in urls.get(hit[0], ())]
    return _gathered(asked.grade(by_url, records).values(), asked.kind)


def _members(connection: Connection, asked: Asked) -> Iterable[tuple[int, int, str]]:
    """Yield set, package and package URL of what counts in the wanted sets."""
    for set_id, pkg_id, purl, type_, name in connection.execute(_SQL["members"]):
        if asked.takes is None or asked.takes(type_, name):
            yield set_id, pkg_id, purl


def _joined(connection: Connection, known_at: int | None) -> tuple[Hits, Mapping[int, list[tuple[Any, ...]]]]:
    """Return the ranges that hold packages of the wanted sets, and rows of the records behind them by number."""
    moment = FOREVER - 1 if known_at is None else known_at
    hits = connection.execute(_SQL["hits"], {"known_at": moment}).fetchall()
    _ask(connection, "hit", "hit", {hit[1] for hit in hits})
    records: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for number, *row in connection.execute(_SQL["records"]):
        records[number].append(tuple(row))
    return hits, records


_KINDS: dict[Kind, frozenset[int]] = {
    "any": frozenset(range(10)),
    "fixed": frozenset(range(1, 10, 2)),
    "unfixed": frozenset(range(0, 10, 2)),
}
"""The grades that each kind counts."""


def _gathered(grades: Iterable[Mapping[int, int]], kind: Kind) -> Marks:
    from pyroaring import BitMap

    counted = _KINDS[kind]
    found: dict[int, list[int]] = defaultdict(list)
    for each in grades:
        for number, grade in each.items():
            if grade in counted:
                found[grade >> 1].append(number)
    return {level: BitMap(numbers) for level, numbers in found.items()}


def _ask(connection: Connection, table: str, make: str, numbers: Iterable[int]) -> None:
    connection.execute(_SQL[f"drop_{table}"])
    connection.execute(_SQL[make])
    connection.executemany(_SQL[f"put_{table}"], [(number,) for number in set(numbers)])


def names(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Return what vulnerabilities are called."""
    return dict(connection.execute(_SQL["names"], {"numbers": _listed(numbers)}).fetchall())


def exploited(connection: Connection) -> "BitMap":
    """Return the vulnerabilities that are known to be exploited."""
    from pyroaring import BitMap

    return BitMap([row[0] for row in connection.execute(_SQL["exploited"])])


def likely(connection: Connection, score: float, percentile: float) -> "BitMap":
    """Return the vulnerabilities that are at least so likely to be exploited, by EPSS from 0 to 1."""
    from pyroaring import BitMap

    row = {"score": score, "percentile": percentile}
    return BitMap([each[0] for each in connection.execute(_SQL["likely"], row)])


def numbers(connection: Connection, called: Iterable[str]) -> dict[str, int]:
    """Return the numbers of the vulnerabilities that are called so."""
    text = msgspec.json.encode(list(called)).decode()
    return dict(connection.execute(_SQL["numbers"], {"names": text}).fetchall())
