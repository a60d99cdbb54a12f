"""How severe a vulnerability is in a package, without the finding: what many thousands are counted by. Pure.

A grade is 2 x level + 1 where a fix is known, 2 x level where none is. It is what `merge` would say of the same rows.
"""

from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

import msgspec

from envscout.findings.severity import rate, vendor, weight

Key = TypeVar("Key", bound=Hashable)
_Weight = tuple[int, int, float]


class Rated(msgspec.Struct, frozen=True):
    """What a record says of one of its vulnerabilities; fields as of `Evidence`. vectors: parted by spaces."""

    vulnerability: int
    advisory: str
    word: str
    vectors: str
    stated: float | None
    cve_vector: str
    cve_score: float | None
    priority: str


def grades(
    hits: Iterable[tuple[Key, int, str, int]], records: Mapping[int, Iterable[Rated]]
) -> dict[Key, dict[int, int]]:
    """Return the grade of each vulnerability (by number) in whatever findings are told apart by.

    hits: that, the number of a record, the vendor's word for the range that holds it, whether that range names a fix.
    """
    weights: dict[tuple[int, str], tuple[tuple[int, _Weight], ...]] = {}
    best: dict[Key, dict[int, _Weight]] = {}
    fixed: dict[Key, set[int]] = {}
    for key, number, word, is_fix in hits:
        said = weights.get((number, word))
        if said is None:
            said = weights[number, word] = tuple((one.vulnerability, _weigh(one, word)) for one in records[number])
        found = best.setdefault(key, {})
        for vulnerability, its in said:
            if vulnerability not in found or found[vulnerability] < its:
                found[vulnerability] = its
            if is_fix:
                fixed.setdefault(key, set()).add(vulnerability)
    none: set[int] = set()
    return {
        key: {number: 2 * its[1] + (number in fixed.get(key, none)) for number, its in found.items()}
        for key, found in best.items()
    }


def _weigh(one: Rated, word: str) -> _Weight:
    return _weight(
        word or one.word, vendor(one.advisory), one.vectors, one.stated, one.cve_vector, one.cve_score, one.priority
    )


@lru_cache(maxsize=20_000)
def _weight(
    word: str, name: str, vectors: str, stated: float | None, cve_vector: str, cve_score: float | None, priority: str
) -> _Weight:
    return weight(rate(word, name, vectors.split(), stated, cve_vector, cve_score, priority))
