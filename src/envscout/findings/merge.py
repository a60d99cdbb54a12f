"""Several advisories that say the same of the same package -> one finding; findings -> counts. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from envscout.findings.evidence import Evidence
from envscout.findings.severity import Severity, prefer, rate, vendor
from envscout.model import Affected, Cvss, Finding, Summary, word
from envscout.names.vulnerability import is_cve


def merge(evidence: Iterable[Evidence]) -> tuple[Finding, ...]:
    """Return one finding per package URL and vulnerability, in the order in which they first come.

    All advisories and ranges are kept; the fix is the smallest fixed version, as every range holds the installed one.
    """
    groups: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for one in evidence:
        groups[one.package.purl, one.vulnerability].append(one)
    return tuple(_finding(group) for group in groups.values())


def _finding(group: list[Evidence]) -> Finding:
    if len(group) > 1:
        # The order of the rows must not decide what is shown.
        group = sorted(group, key=lambda one: (one.advisory, one.fix_key, one.low, one.high, one.locations))
    first = group[0]
    severity = prefer(_rate(one) for one in group)
    fix = min((one for one in group if one.fixed and one.fix_key), key=lambda one: one.fix_key, default=None)
    advisories = _union(group, lambda one: (one.advisory,))
    names = {*_union(group, lambda one: one.aliases), *advisories} - {first.vulnerability}
    return Finding(
        vulnerability=first.vulnerability,
        package=first.package,
        severity=word(severity.level),
        severity_source=severity.source,
        range=_affected(group, fix or first),
        aliases=tuple(sorted(names)),
        advisories=advisories,
        cvss=_cvss(severity),
        epss=first.epss,
        kev=first.kev,
        fixed_version=fix.fixed if fix else None,
        layer=first.layer,
        locations=_union(group, lambda one: one.locations),
        from_base=_from_base(group),
        cwes=_union(group, lambda one: one.cwes),
        summary=next((one.summary for one in group if one.summary), ""),
        description=first.cve_description or max((one.details for one in group), key=len),
        published=min((one.published for one in group if one.published), default=0),
        url=url(first.vulnerability),
        references=_union(group, lambda one: one.references),
    )


def _from_base(group: Iterable[Evidence]) -> bool | None:
    """Tell whether all of it is from the base image: what was brought a second time remains where the base has none."""
    told = {one.from_base for one in group}
    return False if False in told else None if None in told else True


def _rate(one: Evidence) -> Severity:
    name = vendor(one.advisory)
    return rate(one.word, name, one.vectors, one.stated, one.cve_vector, one.cve_score, one.priority)


def _union(group: list[Evidence], field: Callable[[Evidence], tuple[str, ...]]) -> tuple[str, ...]:
    if len(group) == 1 and len(values := field(group[0])) < 2:
        return values
    return tuple(dict.fromkeys(value for one in group for value in field(one)))


def _cvss(severity: Severity) -> Cvss | None:
    return None if severity.score is None else Cvss(severity.score, severity.vector, severity.version)


def _affected(group: Iterable[Evidence], shown: Evidence) -> Affected:
    ranges = dict.fromkeys((one.low, one.high, one.fixed) for one in (shown, *group))
    last = shown.high if shown.high and not shown.fixed else None
    texts = dict.fromkeys(range_text(*each) for each in ranges)
    return Affected(" || ".join(texts), shown.low or None, shown.fixed or None, last)


def range_text(low: str, high: str, fixed: str) -> str:
    """Write a range for people: ">=0.40.0, <0.46.2", "<=1.2" (last affected), "=1.2" (that one), "all versions"."""
    if low and low == high and not fixed:
        return f"={low}"
    upper = f"<{fixed}" if fixed else f"<={high}" if high else ""
    return ", ".join(part for part in (f">={low}" if low else "", upper) if part) or "all versions"


def url(vulnerability: str) -> str:
    """Return where a person reads about a vulnerability."""
    if is_cve(vulnerability):
        return f"https://nvd.nist.gov/vuln/detail/{vulnerability}"
    if vulnerability.startswith("GHSA-"):
        return f"https://github.com/advisories/{vulnerability}"
    return f"https://osv.dev/vulnerability/{vulnerability}"


def vulnerabilities(findings: Iterable[Finding]) -> Summary:
    """Count vulnerabilities: one in two packages counts once, with its worst severity."""
    worst: dict[str, int] = {}
    for finding in findings:
        worst[finding.vulnerability] = max(worst.get(finding.vulnerability, 0), finding.level)
    counts = Counter(word(level) for level in worst.values())
    return Summary(**counts, total=counts.total())
