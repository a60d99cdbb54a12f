"""How severe a finding is, and who says so.

The vendor's word for that very package wins; then the CVSS vectors of the advisory, newest version first; then what the
CVE record says. Score and vector are shown even where a word decides: Ubuntu may call "low" what CVSS gives 9.8.
"""

from collections.abc import Iterable
from functools import lru_cache

import msgspec

# Ubuntu, Debian, Red Hat and its rebuilds, GitHub, SUSE, Microsoft. Words that say "we have not looked" are left out.
_VOCABULARY = {
    "negligible": 1,
    "unimportant": 1,
    "minor": 1,
    "low": 1,
    "medium": 2,
    "moderate": 2,
    "high": 3,
    "important": 3,
    "critical": 4,
}
# The lowest base score of each level (https://www.first.org/cvss/v3.1/specification-document, 5); 0.0 is "none".
_SCORES = ((9.0, 4), (7.0, 3), (4.0, 2), (0.1, 1))

# Who stands behind the ids of advisories; everybody else is called by the prefix itself (GHSA, PYSEC, GO, ...).
_VENDORS = {
    "ALBA": "AlmaLinux",
    "ALEA": "AlmaLinux",
    "ALPINE": "Alpine",
    "ALSA": "AlmaLinux",
    "CGA": "Chainguard",
    "DEBCHANGELOG": "Debian",
    "DEBIAN": "Debian",
    "DLA": "Debian",
    "DSA": "Debian",
    "DTSA": "Debian",
    "LSN": "Ubuntu",
    "MGASA": "Mageia",
    "OESA": "openEuler",
    "RHBA": "Red Hat",
    "RHEA": "Red Hat",
    "RHSA": "Red Hat",
    "RLSA": "Rocky Linux",
    "RXSA": "Rocky Linux",
    "SUSE": "SUSE",
    "UBUNTU": "Ubuntu",
    "USN": "Ubuntu",
    "openSUSE": "openSUSE",
}


class Severity(msgspec.Struct, frozen=True):
    """A level (see LEVELS) with its source ("Ubuntu", "CVSS 3.1 (advisory)", "" if none), and the CVSS to show.

    score: None and vector, version: "" where nobody gives one. decided: how much the source counts, for `prefer`.
    """

    level: int = 0
    source: str = ""
    score: float | None = None
    vector: str = ""
    version: str = ""
    decided: int = 0


class _Scored(msgspec.Struct, frozen=True):
    score: float
    vector: str
    version: str
    source: str


_BY_RECORD, _BY_ADVISORY, _BY_WORD, _BY_GITHUB, _BY_DISTRIBUTION = range(1, 6)


def vendor(advisory: str) -> str:
    """Return who publishes advisories with such an id."""
    prefix = advisory.partition("-")[0]
    return _VENDORS.get(prefix, prefix)


def from_word(word: str) -> int | None:
    """Return the level that a vendor's word stands for, None if for none ("untriaged", "not yet assigned")."""
    return _VOCABULARY.get(word.strip().rstrip("*").lower())


def from_score(score: float) -> int:
    """Return the level of a CVSS base score."""
    return next((level for least, level in _SCORES if score >= least), 0)


def best_score(vectors: Iterable[str]) -> tuple[float, str] | None:
    """Return the base score of the first valid CVSS vector, and that vector; None if none is valid."""
    scored = ((base_score(vector), vector) for vector in vectors)
    return next(((score, vector) for score, vector in scored if score is not None), None)


@lru_cache(maxsize=20_000)
def base_score(vector: str) -> float | None:
    """Return the base score of one CVSS vector of version 2, 3.0, 3.1 or 4.0; None if it is broken."""
    from cvss import CVSS2, CVSS3, CVSS4, CVSSError

    rule = {"CVSS:3": CVSS3, "CVSS:4": CVSS4}.get(vector[:6], CVSS2)
    try:
        return float(rule(vector.strip("()")).base_score)
    except (CVSSError, ValueError, ArithmeticError, LookupError, TypeError):
        return None


def rate(
    word: str,
    name: str,
    vectors: Iterable[str],
    stated: float | None = None,
    record_vector: str = "",
    record_score: float | None = None,
    priority: str = "",
) -> Severity:
    """Return the severity by one advisory.

    word, name: the vendor's word ("" if none) and the vendor (see `vendor`). vectors: CVSS vectors of the advisory,
    best first. stated: the base score of the first one where it was computed before, or one that the advisory states
    without a vector. record_vector, record_score: of the CVE record. priority: Ubuntu's word of the CVE record, which
    counts where an advisory of Ubuntu has none itself.
    """
    scored = _by_advisory(vectors, stated) or _by_record(record_vector, record_score)
    level = from_word(word or (priority if name == "Ubuntu" else ""))
    if level is not None:
        return _with(scored, level, name, _weight(name))
    if scored is None:
        return Severity()
    weight = _BY_ADVISORY if scored.source.endswith("(advisory)") else _BY_RECORD
    return _with(scored, from_score(scored.score), scored.source, weight)


def _with(scored: _Scored | None, level: int, source: str, decided: int) -> Severity:
    if scored is None:
        return Severity(level, source, decided=decided)
    return Severity(level, source, scored.score, scored.vector, scored.version, decided)


def _weight(name: str) -> int:
    if name in _VENDORS.values():
        return _BY_DISTRIBUTION
    return _BY_GITHUB if name == "GHSA" else _BY_WORD


def _by_advisory(vectors: Iterable[str], stated: float | None) -> _Scored | None:
    return _scored(tuple(vectors), stated, "advisory")


def _by_record(vector: str, score: float | None) -> _Scored | None:
    return _scored((vector,) if vector else (), score, "CVE record")


def _scored(vectors: tuple[str, ...], stated: float | None, where: str) -> _Scored | None:
    """Return the score that is given, or that of the first valid vector."""
    if stated is not None:
        vector = vectors[0] if vectors and _version(vectors[0]) else ""
        return _Scored(stated, vector, _version(vector), " ".join(("CVSS", *_version(vector).split(), f"({where})")))
    best = best_score(vectors)
    return None if best is None else _Scored(*best, _version(best[1]), f"CVSS {_version(best[1])} ({where})")


def _version(vector: str) -> str:
    """Return the CVSS version a vector is written in, "" for what is none."""
    if vector.startswith("CVSS:"):
        return vector[5:8]
    return "2.0" if vector.strip("(").startswith("AV:") else ""


def weight(one: Severity) -> tuple[int, int, float]:
    """Return what `prefer` orders severities by."""
    return one.decided, one.level, one.score or 0.0


def prefer(ratings: Iterable[Severity]) -> Severity:
    """Return the severity that counts among several advisories of one vulnerability and package.

    A distribution's word comes before GitHub's, that before other vendors', words before scores; among equals the worst
    counts. A score is taken from the others where the one that counts has none.
    """
    ordered = sorted(ratings, key=weight, reverse=True)
    if len(ordered) < 2:
        return ordered[0] if ordered else Severity()
    best = ordered[0]
    scored = next((one for one in ordered if one.score is not None), best)
    return msgspec.structs.replace(best, score=scored.score, vector=scored.vector, version=scored.version)
