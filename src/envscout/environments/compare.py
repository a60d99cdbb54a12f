"""Two images laid beside one another: what the one brings, fixes and keeps beside the other, and why. Pure.

Causes of a difference:
package-added, package-removed   the package that has the vulnerability is on one side only
package-changed                  it is on both, in other versions
exception-changed                the other side has it in that package, too: somebody said that it does not count there
advisory-changed                 it is on both, in the same version, and other advisories were known
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from envscout.model import Finding, Package


class Side(msgspec.Struct, frozen=True):
    """One image: what is in it and what is known to be wrong with it. known: that answer is not unknown.

    suppressed: findings that do not count, because somebody said so.
    """

    packages: tuple[Package, ...]
    findings: tuple[Finding, ...]
    known: bool = True
    suppressed: tuple[Finding, ...] = ()


class PackageChange(msgspec.Struct, frozen=True):
    """A package by type and name, and the versions that only one side has."""

    type: str
    name: str
    analyzed: tuple[str, ...]
    comparison: tuple[str, ...]

    @property
    def change(self) -> str:
        """Return `added`, `removed` or `changed`, as seen from the comparison."""
        if self.analyzed and self.comparison:
            return "changed"
        return "added" if self.analyzed else "removed"


class VulnerabilityChange(msgspec.Struct, frozen=True):
    """A vulnerability that only one side has: where, and why the other has not."""

    vulnerability: str
    findings: tuple[Finding, ...]
    causes: tuple[str, ...]

    @property
    def worst(self) -> Finding:
        """Return the finding of the highest severity."""
        return max(self.findings, key=lambda found: found.level)


class Comparison(msgspec.Struct, frozen=True):
    """What the analyzed image is beside the other; introduced and fixed in the order of severity.

    unchanged: how many packages both have in the same version; same: which. kept: findings of the analyzed image whose
    vulnerability both have. known: both answers are; else more may differ than is shown.
    """

    packages: tuple[PackageChange, ...]
    unchanged: int
    introduced: tuple[VulnerabilityChange, ...]
    fixed: tuple[VulnerabilityChange, ...]
    kept: tuple[Finding, ...]
    known: bool = True
    same: tuple[PackageChange, ...] = ()


_Versions = Mapping[tuple[str, str], frozenset[str]]
"""By type and name."""


def compare(analyzed: Side, comparison: Side) -> Comparison:
    """Return how one image differs from another."""
    ours, theirs = _versions(analyzed.packages), _versions(comparison.packages)
    changes = tuple(
        PackageChange(type_, name, tuple(sorted(here - there)), tuple(sorted(there - here)))
        for (type_, name) in sorted(ours.keys() | theirs.keys())
        if (here := ours.get((type_, name), frozenset())) != (there := theirs.get((type_, name), frozenset()))
    )
    same = tuple(
        PackageChange(*key, tuple(sorted(both)), tuple(sorted(both)))
        for key in sorted(ours.keys() & theirs.keys())
        if (both := ours[key] & theirs[key])
    )
    common = {found.vulnerability for found in analyzed.findings} & {
        found.vulnerability for found in comparison.findings
    }
    return Comparison(
        packages=changes,
        unchanged=sum(len(each.analyzed) for each in same),
        same=same,
        introduced=_only(analyzed.findings, common, _cause(theirs, comparison.suppressed, "package-added")),
        fixed=_only(comparison.findings, common, _cause(ours, analyzed.suppressed, "package-removed")),
        kept=tuple(found for found in analyzed.findings if found.vulnerability in common),
        known=analyzed.known and comparison.known,
    )


def _versions(packages: Iterable[Package]) -> _Versions:
    found: dict[tuple[str, str], set[str]] = {}
    for each in packages:
        found.setdefault((each.type, each.name), set()).add(each.version)
    return {key: frozenset(versions) for key, versions in found.items()}


def _cause(others: _Versions, suppressed: Iterable[Finding], alone: str) -> Callable[[Finding], str]:
    """Return what tells of one side's finding why the other, which holds and suppresses these, has it not."""
    hushed = {(each.vulnerability, each.package.type, each.package.name) for each in suppressed}

    def cause(found: Finding) -> str:
        package = (found.package.type, found.package.name)
        if (found.vulnerability, *package) in hushed:
            return "exception-changed"
        versions = others.get(package)
        if versions is None:
            return alone
        return "advisory-changed" if found.package.version in versions else "package-changed"

    return cause


def _only(
    findings: Iterable[Finding], common: set[str], cause: Callable[[Finding], str]
) -> tuple[VulnerabilityChange, ...]:
    grouped: dict[str, list[Finding]] = {}
    for found in findings:
        if found.vulnerability not in common:
            grouped.setdefault(found.vulnerability, []).append(found)
    changes = (
        VulnerabilityChange(name, tuple(same), tuple(sorted({cause(each) for each in same})))
        for name, same in grouped.items()
    )
    return tuple(sorted(changes, key=lambda change: (-change.worst.level, change.vulnerability)))
