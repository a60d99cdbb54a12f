"""Metrics of CVSS vectors as a filter: `AV:N,PR:L`. Pure.

The base metrics of CVSS 2.0, 3.x and 4.0 (https://www.first.org/cvss/) and their values. Values of one metric are
alternatives, different metrics add up.
"""

from collections.abc import Iterable, Mapping

from envscout.errors import UsageError
from envscout.model import Finding

_IMPACT = frozenset("NLHPC")
_AFTER = frozenset("NLHS")

METRICS: Mapping[str, frozenset[str]] = {
    "AV": frozenset("NALP"),
    "AC": frozenset("LMH"),
    "AT": frozenset("NP"),
    "AU": frozenset("NSM"),
    "PR": frozenset("NLH"),
    "UI": frozenset("NRPA"),
    "S": frozenset("UC"),
    "C": _IMPACT,
    "I": _IMPACT,
    "A": _IMPACT,
    "VC": _AFTER,
    "VI": _AFTER,
    "VA": _AFTER,
    "SC": _AFTER,
    "SI": _AFTER,
    "SA": _AFTER,
}

Wanted = tuple[frozenset[str], ...]
"""One set for each metric: `{"AV:N", "AV:A"}`."""


def wanted(texts: Iterable[str]) -> Wanted:
    """Read a filter. Raise UsageError for what is no metric."""
    found: dict[str, set[str]] = {}
    for text in texts:
        name, _, value = text.strip().upper().partition(":")
        if value not in METRICS.get(name, ()):
            there = ", ".join(f"{metric}:{'|'.join(sorted(values))}" for metric, values in METRICS.items())
            raise UsageError(f"{text[:40]!r} is no metric of CVSS", f"there are {there}")
        found.setdefault(name, set()).add(f"{name}:{value}")
    return tuple(frozenset(found[name]) for name in sorted(found))


def holds(finding: Finding, chosen: Wanted) -> bool:
    """Tell whether a finding is to be shown; one without a vector is, because nobody knows."""
    vector = finding.cvss.vector if finding.cvss else ""
    parts = set(vector.upper().split("/"))
    return not vector or all(not each.isdisjoint(parts) for each in chosen)
