"""Policies about vulnerabilities. Ids, parameters and defaults are Docker Scout's where it has such a policy.

See https://docs.docker.com/scout/policy/.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from envscout.model import LEVELS, Finding, Summary, Violation
from envscout.policies.facts import Facts, Judgement, doubts, lacks

Days = Annotated[int, msgspec.Meta(ge=0, le=36_500)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_DAY = 86_400_000_000
_TOLD = 5
_HIGH_PROFILE = (
    "CVE-2014-0160",
    "CVE-2014-6271",
    "CVE-2021-44228",
    "CVE-2021-45046",
    "CVE-2022-22965",
    "CVE-2023-38545",
    "CVE-2023-44487",
    "CVE-2024-3094",
)


class Fixable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `fixable-vulnerabilities`. age_days, grace_period_days: since it was published."""

    severities: tuple[str, ...] = ("critical", "high")
    fixable_only: bool = True
    package_types: tuple[str, ...] = ()
    age_days: Days = 0
    grace_period_days: Days = 0


class HighProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `high-profile-vulnerabilities`."""

    cves: tuple[str, ...] = _HIGH_PROFILE
    ignored_cves: tuple[str, ...] = ()
    include_cisa_kev: bool = True


class Likely(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `exploitable-vulnerabilities`: EPSS score and percentile from which on it is violated, 0 to 1."""

    score: Share = 0.1
    percentile: Share = 0.0


class New(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of `no-new-vulnerabilities`."""

    severities: tuple[str, ...] = ("critical", "high")
    fixable_only: bool = False


def fixable(facts: Facts, config: Fixable) -> Judgement:
    """Judge by vulnerabilities of some severities that somebody could have fixed in time."""
    wanted = severities(config.severities)
    since = facts.now - max(config.age_days, config.grace_period_days) * _DAY
    found = [
        each
        for each in facts.findings
        if each.severity in wanted
        and (each.fixed_version or not config.fixable_only)
        and (not config.package_types or each.package.type in config.package_types)
        # What was published nobody knows when, or in the future, gets no grace.
        and not since < each.published <= facts.now
    ]
    return _judged(facts, found)


def high_profile(facts: Facts, config: HighProfile) -> Judgement:
    """Judge by vulnerabilities that everybody knows, and by those known to be exploited."""
    named, ignored = (frozenset(map(str.upper, each)) for each in (config.cves, config.ignored_cves))
    found = [
        each
        for each in facts.findings
        if not ignored & (names := _names(each)) and (named & names or (config.include_cisa_kev and each.kev))
    ]
    missing = config.include_cisa_kev and "kev" not in facts.kinds
    return _judged(facts, found, (lacks("the catalog of known exploited vulnerabilities"),) if missing else ())


def likely(facts: Facts, config: Likely) -> Judgement:
    """Judge by how likely a vulnerability is to be exploited."""
    found = [
        each
        for each in facts.findings
        if each.epss and each.epss.score >= config.score and each.epss.percentile >= config.percentile
    ]
    return _judged(facts, found, () if "epss" in facts.kinds else (lacks("EPSS scores"),))


def new(facts: Facts, config: New) -> Judgement:
    """Judge by vulnerabilities that what runs in the target has not; where nothing runs there, all are new.

    Where it is not known what runs there has, nothing that is found can be called new, and nothing be let through.
    """
    if not facts.environment and facts.running is None:
        return Judgement((), ("Where the image is to go is not known: name it with --env ENVIRONMENT.",))
    wanted = severities(config.severities)
    there = {name for each in (facts.running.findings if facts.running else ()) for name in _names(each)}
    found = [
        each
        for each in facts.findings
        if each.severity in wanted
        and there.isdisjoint(_names(each))
        and (each.fixed_version or not config.fixable_only)
    ]
    if found and facts.running and facts.running.coverage.blind:
        where = f"in {facts.environment}" if facts.environment else "there"
        why = "; ".join(each.message for each in facts.running.coverage.reasons)
        names = ", ".join(dict.fromkeys(each.vulnerability for each in found[:_TOLD]))
        more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
        said = f"Whether {names}{more} would be new {where} is not known: what runs there is not. {why}"
        return Judgement((), (said, *doubts(facts)))
    return _judged(facts, found)


def _names(found: Finding) -> frozenset[str]:
    return frozenset(map(str.upper, (found.vulnerability, *found.aliases)))


def severities(words: Iterable[str]) -> frozenset[str]:
    """Return severities in lower case. Raises ValueError for what is none."""
    found = frozenset(word.lower() for word in words)
    if found - LEVELS.keys():
        raise ValueError(f"no such severity: {', '.join(sorted(found - LEVELS.keys()))}")
    return found


def _judged(facts: Facts, found: Iterable[Finding], more: tuple[str, ...] = ()) -> Judgement:
    found = tuple(found)
    return Judgement(tuple(map(_violation, found)), doubts(facts) + more, _strip(found))


def _violation(found: Finding) -> Violation:
    package = f"{found.package.name} {found.package.version}"
    day = datetime.fromtimestamp(found.published / 1e6, UTC).date().isoformat() if found.published else "unknown"
    detail = f"{package} ({found.package.purl}), affected {found.range.text}, published {day}"
    fix = f"update {found.package.name} to {found.fixed_version}" if found.fixed_version else ""
    return Violation(f"{found.severity.upper()} {found.vulnerability} in {package}", detail, fix)


def _strip(findings: Iterable[Finding]) -> str:
    worst: dict[str, Finding] = {}
    for each in findings:
        if each.vulnerability not in worst or each.level > worst[each.vulnerability].level:
            worst[each.vulnerability] = each
    words = [each.severity for each in worst.values()]
    return "  ".join(f"{words.count(name)}{letter}" for name, letter in zip(_NAMES, "CHML?", strict=True))


_NAMES = tuple(field for field in Summary.__struct_fields__ if field != "total")
