"""The text of `cves`, laid out as Docker Scout does."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

import click
import msgspec

from envscout.cli.session import CHECK, CROSS, NOTE
from envscout.cli.show import documents
from envscout.cli.show.size import human
from envscout.cli.show.table import inert, pad, table, width
from envscout.findings.merge import vulnerabilities
from envscout.model import BaseImage, Coverage, Finding, Package, PackageRef, Summary, Suppression
from envscout.names import moment
from envscout.verbs.ask import ImageReport, Report

_COLOURS = {"critical": "bright_red", "high": "red", "medium": "yellow", "low": "cyan", "unspecified": None}
_SOURCES = {
    "provenance": "by its provenance",
    "label": "by its labels",
    "known": "which has the same ones",
    "history": "guessed from its history",
}
_STATES = {"complete": "complete", "partial": "PARTIAL", "unknown": "UNKNOWN"}


class Wish(msgspec.Struct, frozen=True):
    """What the text is to show beside the essential. packages: by image digest, to be listed instead of findings."""

    details: bool = False
    locations: bool = False
    epss: bool = False
    packages: Mapping[str, Sequence[Package]] | None = None


class Shown(msgspec.Struct, frozen=True):
    """The answer of `cves`, and what its text is to show."""

    report: Report
    wish: Wish = Wish()


def json(shown: Shown) -> Iterator[str]:
    """Yield the document of `cves --format json`."""
    yield documents.encoded(documents.cves(shown.report))


def packages(shown: Shown) -> Iterator[str]:
    """Return the lines of an answer, by package."""
    return cves(shown.report, msgspec.structs.replace(shown.wish, packages=None))


def only_packages(shown: Shown) -> Iterator[str]:
    """Return the lines of an answer that lists packages alone."""
    return cves(shown.report, shown.wish)


def cves(report: Report, wish: Wish) -> Iterator[str]:
    """Return the lines of an answer."""
    for number, each in enumerate(report.images):
        if number:
            yield ""
        yield from _overview(report, each)
        yield from _packages(each, wish)
        yield from _counts(each)
    if len(report.images) > 1:
        yield from (
            "",
            f"  {len(report.images)} images in {report.environment}: {counted(report.summary, report.coverage)},"
            " each vulnerability counted once",
        )


def strip(summary: Summary) -> str:
    """Write counts by severity; the last column only where something is unspecified."""
    text = f"{summary.critical:4}C  {summary.high:4}H  {summary.medium:4}M  {summary.low:4}L"
    return f"{text}  {summary.unspecified:4}?" if summary.unspecified else text


def counted(summary: Summary, found: Coverage) -> str:
    """Write counts so that what is not known is never read as nothing."""
    if found.state == "unknown":
        return f"at least {strip(summary)}" if summary.total else "unknown"
    return strip(summary)


def base_image(base: BaseImage | None) -> str:
    """Write what an image was built on and who says so, "" where nothing tells."""
    if base is None:
        return ""
    name = base.name or base.digest.partition(":")[2][:12] or "unnamed"
    layers = f"{base.layers} layer{'s' if base.layers != 1 else ''}, " if base.layers else "layers not known, "
    return f"{name} ({layers}{_SOURCES[base.source]})"


def _overview(report: Report, each: ImageReport) -> Iterator[str]:
    ran = each.deployment
    rows = [
        ("Target", each.reference),
        ("  digest", each.image.digest.partition(":")[2][:12] or each.image.digest),
        ("  platform", each.image.platform),
        ("  environment", f"{ran.environment} ({ran.service} since {moment.show(ran.since)})" if ran else ""),
        ("  vulnerabilities", counted(each.summary, each.coverage)),
        ("  coverage", _STATES[each.coverage.state]),
        ("  base image", base_image(each.base)),
        ("  size", human(each.image.size) if each.image.size else ""),
        ("  packages", str(each.packages)),
        ("  advisories of", moment.show(report.as_of) if report.as_of else "none"),
        ("  as known at", moment.show(report.at) if report.at else ""),
    ]
    shown = [(label, inert(text)) for label, text in rows if text]
    left = max(width(label) for label, _ in shown) + 2
    right = max(32, max(width(text) for _, text in shown) + 2)
    yield from ("", "## Overview", "")
    yield " " * left + "│" + "Analyzed Image".center(right)
    yield "─" * left + "┼" + "─" * right
    for label, text in shown:
        yield f" {pad(label, left - 1)}│ {pad(text, right - 1)}"
    yield from coverage(each.coverage)


def coverage(found: Coverage, said: str = "") -> Iterator[str]:
    """Say why an answer must not be read as complete; said: in other words than "This answer is unknown"."""
    if found.reasons:
        word = "unknown" if found.state == "unknown" else "partly unknown"
        yield from ("", click.style(f"  {NOTE} {said or f'This answer is {word}'}:", fg="yellow"))
        yield from (f"    {reason.code}: {inert(reason.message)}" for reason in found.reasons)


class _Group(msgspec.Struct, frozen=True):
    """Packages of one source with the same vulnerabilities: what a person fixes in one step."""

    findings: tuple[Finding, ...]
    packages: tuple[Finding, ...]

    @property
    def summary(self) -> Summary:
        """Return the counts of what is not suppressed."""
        return vulnerabilities(found for found in self.findings if not found.suppression)

    @property
    def title(self) -> str:
        """Return the name of the source where the packages differ from it, else of the package."""
        package = self.packages[0].package
        return package.name if len(self.packages) == 1 else package.source or package.name


def _groups(findings: Iterable[Finding]) -> list[_Group]:
    """Return what belongs together, the worst first."""
    by_package: dict[str, list[Finding]] = {}
    for found in findings:
        by_package.setdefault(found.package.purl, []).append(found)
    alike: dict[tuple[object, ...], list[list[Finding]]] = {}
    for held in by_package.values():
        package = held[0].package
        which = ((found.vulnerability, found.suppression) for found in held)
        same = (package.type, package.source or package.name, package.version, *which)
        alike.setdefault(same, []).append(held)
    groups = [_Group(tuple(each[0]), tuple(held[0] for held in each)) for each in alike.values()]
    return sorted(groups, key=lambda group: [-count for count in _weights(group.summary)])


def _packages(each: ImageReport, wish: Wish) -> Iterator[str]:
    yield from ("", "", "## Packages and Vulnerabilities", "")
    groups = _groups((*each.findings, *each.suppressed))
    if wish.packages is not None:
        listed = _package_rows(groups, wish.packages.get(each.image.digest, ()))
        yield from table(("Name", "Version", "Type", "Vulnerabilities"), listed)
        return
    if not groups:
        yield _nothing(each.coverage)
    for group in groups:
        version = inert(group.packages[0].package.version)
        yield f"{strip(group.summary)}  {inert(group.title)} {version}"
        for held in group.packages:
            yield inert(held.package.purl)
            if wish.locations:
                yield from _locations(each, held)
        yield ""
        for found in group.findings:
            yield from _finding(found, wish)


def _nothing(found: Coverage) -> str:
    if found.state == "complete":
        return f"    {click.style(CHECK, fg='green')} No vulnerable packages detected"
    return f"    {click.style(NOTE, fg='yellow')} No vulnerable packages detected in what could be assessed"


def _weights(summary: Summary) -> tuple[int, ...]:
    return summary.critical, summary.high, summary.medium, summary.low, summary.unspecified


def _package_rows(groups: Iterable[_Group], others: Iterable[Package]) -> Iterator[tuple[str, ...]]:
    """Return the vulnerable packages, the worst first, and then the others."""
    vulnerable = {}
    for group in groups:
        for held in group.packages:
            vulnerable[held.package.purl] = held.package
            yield (*_named(held.package), strip(group.summary))
    for package in others:
        if package.purl not in vulnerable:
            yield (*_named(package), strip(Summary()))


def _named(package: PackageRef | Package) -> tuple[str, str, str]:
    return package.name, package.version, package.type


def _locations(each: ImageReport, found: Finding) -> Iterator[str]:
    numbers = {layer.diff_id: number for number, layer in enumerate(each.image.layers)}
    if found.layer:
        yield f"    {numbers.get(found.layer, '?')}: {found.layer}"
    yield from (f"       {inert(place)} (evident by)" for place in found.locations)


def _finding(found: Finding, wish: Wish) -> Iterator[str]:
    word = click.style(found.severity.upper(), fg=_COLOURS[found.severity], bold=True)
    tag = click.style("  CISA KEV", fg="bright_red") if found.kev else ""
    tag += click.style("  SUPPRESSED", fg="blue") if found.suppression else ""
    title = f" [{inert(found.summary)}]" if found.summary else ""
    yield f"    {click.style(CROSS, fg='red')} {word} {inert(found.vulnerability)}{tag}{title}"
    yield f"      {inert(found.url)}"
    if wish.details and found.description:
        yield from textwrap.wrap(inert(found.description), 100, initial_indent="      ", subsequent_indent="      ")
    yield from (f"      {label:<16}: {inert(text)}" for label, text in _facts(found, wish))
    yield ""


def _facts(found: Finding, wish: Wish) -> Iterable[tuple[str, str]]:
    yield "Affected range", found.range.text
    yield "Fixed version", found.fixed_version or "not fixed"
    yield "Severity from", found.severity_source or "nobody"
    if found.cvss:
        yield "CVSS Score", f"{found.cvss.score:g}"
        if found.cvss.vector:
            yield "CVSS Vector", found.cvss.vector
    if wish.epss and found.epss:
        yield "EPSS Score", f"{found.epss.score:.2%}"
        yield "EPSS Percentile", f"{_ordinal(int(found.epss.percentile * 100))} percentile"
    if wish.details:
        yield "Advisories", ", ".join(found.advisories)
    if found.suppression:
        yield from suppressed(found.suppression)


def suppressed(why: Suppression) -> Iterable[tuple[str, str]]:
    """Say why a finding does not count, as label and text; who says so comes second, without a label."""
    reason = f" [{why.justification.replace('_', ' ')}]" if why.justification else ""
    yield _LABELS[why.source], f"{why.kind.replace('_', ' ').replace('-', ' ')}{reason}"
    until = f", until {moment.show(why.until)[:10]}" if why.until is not None else ""
    number = f" (exception {why.where})" if why.source == "exception" else ""
    yield "", f"{why.who or 'nobody says who'}{until}{number}"
    if why.why:
        yield "", " ".join(why.why.split())


_LABELS = {"exception": "Exception", "vex": "VEX"}


def _ordinal(number: int) -> str:
    # 11th, 12th and 13th are no exceptions as 1st, 21st and their like are.
    last = 0 if number // 10 == 1 else number % 10
    return str(number) + (("th", "st", "nd", "rd")[last] if last < 4 else "th")  # codespell:ignore nd


def _counts(each: ImageReport) -> Iterator[str]:
    packages = len({found.package.purl for found in each.findings})
    total = each.summary.total
    if not total and each.coverage.state == "unknown":
        yield "It is unknown whether there are vulnerabilities"
        return
    found, where = ("vulnerability" if total == 1 else "vulnerabilities"), ("package" if packages == 1 else "packages")
    yield f"{total} {found} found in {packages} {where}"
    if each.suppressed:
        hidden = len({one.vulnerability for one in each.suppressed})
        yield f"  {hidden} suppressed by exceptions or VEX, not counted"
    for word in ("critical", "high", "medium", "low", "unspecified"):
        count = getattr(each.summary, word)
        if count or word != "unspecified":
            yield f"  {word.upper():<11} {count}"
