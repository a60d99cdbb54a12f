"""Which package upgrades remove most of the risk, and what none removes. Pure.

The risk of a vulnerability in a package is the weight of its severity, times one to ten by how likely it is exploited:
ten for what is known to be exploited (CISA's catalog) or has an EPSS score of 1, one where nobody expects it. Risks
add up, so that the upgrades that remove most, one after the other, are for every number of upgrades the best set of
that size. A package's upgrade is the version that leaves nothing of what can be fixed: every range is asked about that
version, not only those of the vulnerabilities that are there now.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from envscout.findings.merge import vulnerabilities
from envscout.model import Finding, PackageRef, Summary
from envscout.versions import key

WEIGHTS: Mapping[str, float] = {"critical": 10, "high": 5, "medium": 2, "low": 0.5, "unspecified": 2}
"""What is not known is not taken for harmless."""

MOST_ROUNDS = 8


class Hit(msgspec.Struct, frozen=True):
    """A vulnerability that holds another version of a package. fixed: where that ends, "" if nobody says."""

    vulnerability: str
    fixed: str


class Step(msgspec.Struct, frozen=True):
    """A version, and the vulnerabilities that nothing older fixes."""

    version: str
    fixes: tuple[str, ...]


class Upgrade(msgspec.Struct, frozen=True):
    """A source package and the version to bring it to.

    packages: the installed ones that are built from it. fixes: what is gone then; remains: what is not; brings: what
    comes with it. steps: versions on the way. risk: what it removes. share: of all risk in the image, together: with
    the upgrades before it, both 0 to 1. from_base: whether the base image brought all of it, None where not known.
    """

    name: str
    type: str
    installed: str
    to: str
    packages: tuple[PackageRef, ...]
    fixes: tuple[str, ...]
    remains: tuple[str, ...]
    brings: tuple[str, ...]
    steps: tuple[Step, ...]
    summary: Summary
    risk: float
    share: float = 0.0
    together: float = 0.0
    from_base: bool | None = None


class Left(msgspec.Struct, frozen=True):
    """A package with vulnerabilities that no upgrade removes."""

    name: str
    type: str
    installed: str
    vulnerabilities: tuple[str, ...]
    summary: Summary


class Plan(msgspec.Struct, frozen=True):
    """risk: of the whole image. removable: the share that all upgrades remove together, 0 to 1."""

    upgrades: tuple[Upgrade, ...]
    left: tuple[Left, ...]
    risk: float
    removable: float


Ask = Callable[[PackageRef, str], "tuple[Hit, ...] | None"]
"""A package and a version -> what would hold it then; None where nobody can tell."""


def risk(found: Finding) -> float:
    """Return the weight of one vulnerability in one package."""
    likely = 1.0 if found.kev else found.epss.score if found.epss else 0.0
    return WEIGHTS[found.severity] * (1 + 9 * likely)


def plan(findings: Iterable[Finding], ask: Ask) -> Plan:
    """Return the upgrades, those that remove most first."""
    upgrades: list[Upgrade] = []
    left: list[Left] = []
    total = 0.0
    for group in _groups(findings):
        total += sum(_worst(group).values())
        for held in _orderable(group):
            upgrade = _upgrade(held, ask) if any(found.fixed_version for found in held) else None
            if upgrade:
                upgrades.append(upgrade)
            rest = [found for found in held if upgrade is None or found.vulnerability in upgrade.remains]
            if rest:
                left.append(_left(rest))
    ordered = sorted(upgrades, key=lambda each: (-each.risk, each.type, each.name, each.installed))
    done, shared = 0.0, []
    for each in ordered:
        done += each.risk
        shared.append(msgspec.structs.replace(each, share=_part(each.risk, total), together=_part(done, total)))
    left.sort(key=lambda each: [*(-count for count in _counts(each.summary)), each.name])
    return Plan(tuple(shared), tuple(left), total, _part(done, total))


def _part(some: float, whole: float) -> float:
    return min(1.0, some / whole) if whole else 0.0


def _counts(summary: Summary) -> tuple[int, ...]:
    return summary.critical, summary.high, summary.medium, summary.low, summary.unspecified


def _groups(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    """Return what is upgraded in one step: packages of one source in one version."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for found in findings:
        package = found.package
        groups.setdefault((package.type, package.source or package.name, package.version), []).append(found)
    return groups.values()


def _orderable(group: list[Finding]) -> Iterable[list[Finding]]:
    """Return a group as it is where its fixes have an order, else one for each fix."""
    fixes = {found.fixed_version for found in group if found.fixed_version}
    if len(fixes) < 2 or all(_key(group[0], fix) is not None for fix in fixes):
        return [group]
    apart: dict[str, list[Finding]] = {}
    for found in group:
        apart.setdefault(found.fixed_version or "", []).append(found)
    return apart.values()


def _key(found: Finding, version: str) -> bytes | None:
    return key(found.package.type, version)


def _upgrade(group: list[Finding], ask: Ask) -> Upgrade | None:
    """Return what to bring a group to: the version that leaves least, the oldest of those; None where none helps."""
    first = group[0].package
    known = {found.vulnerability for found in group}
    weights = _worst(group)
    best: tuple[float, str, frozenset[str], frozenset[str]] | None = None
    target = max((found.fixed_version or "" for found in group), key=lambda text: _key(group[0], text) or b"")
    for _ in range(MOST_ROUNDS):
        hits = _asked(group, ask, target)
        if hits is None:
            unfixed = {found.vulnerability for found in group if not found.fixed_version}
            best = (0.0, target, frozenset(unfixed), frozenset())
            break
        there = {hit.vulnerability for hit in hits}
        worth = sum(weights.get(name, WEIGHTS["unspecified"]) for name in there)
        if best is None or worth < best[0]:
            best = (worth, target, frozenset(there & known), frozenset(there - known))
        higher = [hit.fixed for hit in hits if (_key(group[0], hit.fixed) or b"") > (_key(group[0], target) or b"")]
        if not higher:
            break
        target = max(higher, key=lambda text: _key(group[0], text) or b"")
    assert best is not None
    _, version, remains, brings = best
    gone = [found for found in group if found.vulnerability not in remains]
    removed = sum(_worst(gone).values()) - len(brings) * WEIGHTS["unspecified"]
    if removed <= 0:
        return None
    return Upgrade(
        name=first.source or first.name,
        type=first.type,
        installed=first.version,
        to=version,
        packages=tuple(dict.fromkeys(found.package for found in group)),
        fixes=tuple(sorted({found.vulnerability for found in gone})),
        remains=tuple(sorted(remains)),
        brings=tuple(sorted(brings)),
        steps=_steps(gone),
        summary=vulnerabilities(gone),
        risk=removed,
        from_base=_from_base(gone),
    )


def _asked(group: Iterable[Finding], ask: Ask, version: str) -> set[Hit] | None:
    """Return what would hold any package of a group: some distributions speak of binary packages, each by its name."""
    hits: set[Hit] = set()
    for package in {found.package.name: found.package for found in group}.values():
        found = ask(package, version)
        if found is None:
            return None
        hits |= {*found}
    return hits


def _worst(group: Iterable[Finding]) -> dict[str, float]:
    """Return the risk of each vulnerability of a group: one in several packages of a source counts once."""
    worst: dict[str, float] = {}
    for found in group:
        worst[found.vulnerability] = max(worst.get(found.vulnerability, 0.0), risk(found))
    return worst


def _steps(group: Iterable[Finding]) -> tuple[Step, ...]:
    fixes: dict[str, set[str]] = {}
    first = None
    for found in group:
        first = first or found
        if found.fixed_version:
            fixes.setdefault(found.fixed_version, set()).add(found.vulnerability)
    if first is None:
        return ()
    ordered = sorted(fixes, key=lambda text: (_key(first, text) or b"", text))
    return tuple(Step(version, tuple(sorted(fixes[version]))) for version in ordered)


def _from_base(group: Iterable[Finding]) -> bool | None:
    told = {found.from_base for found in group}
    return told.pop() if len(told) == 1 else None if None in told else False


def _left(group: list[Finding]) -> Left:
    first = group[0].package
    names = tuple(sorted({found.vulnerability for found in group}))
    return Left(first.source or first.name, first.type, first.version, names, vulnerabilities(group))
