"""Which findings are shown, and in which order. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from envscout.errors import UsageError
from envscout.findings import metrics as cvss_metrics
from envscout.model import LEVELS, Finding, Package
from envscout.names.expression import Expression, expressions


class Selection(msgspec.Struct, frozen=True):
    """What a finding must be to be shown; an empty set asks for nothing.

    packages: expressions of which one must be found in the package's name. types: purl types, lower case. cve_ids: in
    upper case. epss_score, epss_percentile: minimums from 0 to 1; a finding without EPSS has 0. base: True for what the
    base image brought alone, False for what it is not known to have brought. metrics: of CVSS vectors.
    """

    severities: frozenset[str] = frozenset()
    fixed: bool = False
    unfixed: bool = False
    packages: tuple[Expression, ...] = ()
    types: frozenset[str] = frozenset()
    cve_ids: frozenset[str] = frozenset()
    kev: bool = False
    epss_score: float = 0.0
    epss_percentile: float = 0.0
    base: bool | None = None
    metrics: cvss_metrics.Wanted = ()

    @property
    def by_epss(self) -> bool:
        """Return whether EPSS scores decide what is shown."""
        return self.epss_score > 0 or self.epss_percentile > 0

    def of(self, vulnerabilities: Iterable[str]) -> "Selection":
        """Return the same choice among vulnerabilities, by the names that they are shown under: of every alias."""
        return msgspec.structs.replace(self, cve_ids=frozenset(map(str.upper, vulnerabilities)) | self.cve_ids)

    def holds(self, finding: Finding) -> bool:
        """Tell whether a finding is to be shown."""
        return (
            (not self.severities or finding.severity in self.severities)
            and not (self.fixed and finding.fixed_version is None)
            and not (self.unfixed and finding.fixed_version is not None)
            and (not self.packages or any(pattern.search(finding.package.name) for pattern in self.packages))
            and (not self.types or finding.package.type in self.types)
            and (not self.cve_ids or not self.cve_ids.isdisjoint(map(str.upper, _names(finding))))
            and not (self.kev and finding.kev is None)
            and self._likely(finding)
            and cvss_metrics.holds(finding, self.metrics)
        )

    def takes(self, from_base: bool | None) -> bool:
        """Tell whether a place of a package counts, by whether the base image brought it."""
        return self.base is None or (from_base is True) == self.base

    def _likely(self, finding: Finding) -> bool:
        score, percentile = (finding.epss.score, finding.epss.percentile) if finding.epss else (0.0, 0.0)
        return score >= self.epss_score and percentile >= self.epss_percentile


def _names(finding: Finding) -> tuple[str, ...]:
    return (finding.vulnerability, *finding.aliases)


def selection(
    severities: Sequence[str] = (),
    fixed: bool = False,
    unfixed: bool = False,
    packages: Sequence[str] = (),
    types: Sequence[str] = (),
    cve_ids: Sequence[str] = (),
    kev: bool = False,
    epss_score: float = 0.0,
    epss_percentile: float = 0.0,
    only_base: bool = False,
    ignore_base: bool = False,
    cvss: Sequence[str] = (),
) -> Selection:
    """Check what a user asked for. Raises UsageError with what is wrong and what is possible."""
    words = frozenset(word.strip().lower() for word in severities)
    if words - LEVELS.keys():
        unknown = ", ".join(sorted(words - LEVELS.keys()))
        raise UsageError(f"no such severity: {unknown}", f"choose from {', '.join(reversed(LEVELS))}")
    if fixed and unfixed:
        raise UsageError("only-fixed and only-unfixed leave nothing to show", "use one of them")
    if only_base and ignore_base:
        raise UsageError("only-base and ignore-base leave nothing to show", "use one of them")
    for name, least in (("epss-score", epss_score), ("epss-percentile", epss_percentile)):
        if not 0 <= least <= 1:
            raise UsageError(f"{name} is {least}", "pass a number from 0 to 1")
    return Selection(
        severities=words,
        fixed=fixed,
        unfixed=unfixed,
        packages=expressions(packages, "package"),
        types=frozenset(type_.strip().lower() for type_ in types),
        cve_ids=frozenset(cve.strip().upper() for cve in cve_ids),
        kev=kev,
        epss_score=epss_score,
        epss_percentile=epss_percentile,
        base=only_base if only_base or ignore_base else None,
        metrics=cvss_metrics.wanted(cvss),
    )


def chosen_packages(
    packages: Iterable[Package], chosen: Selection, from_base: Callable[[str], bool | None]
) -> Iterator[Package]:
    """Yield the packages that a selection of findings leaves in view. from_base: of a layer."""
    for each in packages:
        if (
            (not chosen.types or each.type in chosen.types)
            and (not chosen.packages or any(pattern.search(each.name) for pattern in chosen.packages))
            and chosen.takes(from_base(each.layer))
        ):
            yield each


def select(findings: Iterable[Finding], chosen: Selection) -> tuple[Finding, ...]:
    """Return the findings that are to be shown, in their order."""
    return tuple(finding for finding in findings if chosen.holds(finding))


def rank(findings: Iterable[Finding], by_epss: bool = False) -> tuple[Finding, ...]:
    """Order findings: if asked for the likeliest first; then the worst; then by CVSS score, id and package."""
    return tuple(sorted(findings, key=lambda finding: _place(finding, by_epss)))


def _place(finding: Finding, by_epss: bool) -> tuple[float, int, float, str, str]:
    likely = finding.epss.score if by_epss and finding.epss else 0.0
    score = finding.cvss.score if finding.cvss else 0.0
    return -likely, -finding.level, -score, finding.vulnerability, finding.package.purl
