"""The answer of `compare` for two images: text laid out as Docker Scout does, Markdown for a review, JSON."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click
import msgspec

from envscout.cli.session import CHECK, NOTE
from envscout.cli.show import documents
from envscout.cli.show.cves import base_image, counted, coverage
from envscout.cli.show.markdown import code, escaped, grid, link, strong
from envscout.cli.show.size import human, many
from envscout.cli.show.table import inert, pad, width
from envscout.environments.compare import Comparison, PackageChange, VulnerabilityChange
from envscout.model import Finding, Summary
from envscout.verbs.ask import ImageReport

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_COLOURS = {"+": "red", "-": "green"}
_CAUSES = {
    "package-added": "package added",
    "package-removed": "package removed",
    "package-changed": "package changed",
    "advisory-changed": "other advisories were known",
}
_LISTED = 50
"""Packages that are named; the rest is counted."""


class Pair(msgspec.Struct, frozen=True):
    """Both answers, and how the first differs from the second. ignore_unchanged: leave out what both have."""

    analyzed: ImageReport
    comparison: ImageReport
    found: Comparison
    ignore_unchanged: bool = False


def json(shown: Pair) -> Iterator[str]:
    """Yield the document of `compare --format json`."""
    yield msgspec.json.encode(document(shown)).decode()


def document(shown: Pair) -> dict[str, Any]:
    """Return the document of `compare --format json` for two images."""
    found = shown.found
    return {
        "schema": "envscout/compare/1",
        "analyzed": documents.image(shown.analyzed),
        "comparison": documents.image(shown.comparison),
        "packages": [{"change": each.change, **msgspec.structs.asdict(each)} for each in found.packages],
        "packages_unchanged": found.unchanged,
        "introduced": [_change(each, shown.analyzed) for each in found.introduced],
        "fixed": [_change(each, shown.comparison) for each in found.fixed],
        "kept": [documents.finding(shown.analyzed, each) for each in found.kept],
        "labels": _labels(shown),
        "known": found.known,
    }


def _change(change: VulnerabilityChange, where: ImageReport) -> dict[str, Any]:
    return {
        "vulnerability": change.vulnerability,
        "severity": change.worst.severity,
        "causes": change.causes,
        "findings": [documents.finding(where, each) for each in change.findings],
    }


def _labels(shown: Pair) -> dict[str, list[str | None]]:
    """Return the labels that differ, with both values."""
    ours, theirs = (dict(each.image.labels) for each in (shown.analyzed, shown.comparison))
    return {
        name: [ours.get(name), theirs.get(name)]
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    }


_Row = tuple[str, str, str]


def _rows(shown: Pair) -> Iterator[_Row]:
    """Yield what is said of both: a label and two texts."""

    def both(label: str, say: Callable[[ImageReport], str]) -> _Row:
        return label, say(shown.analyzed), say(shown.comparison)

    ours, theirs = shown.analyzed, shown.comparison
    yield both("Target", lambda each: each.reference)
    yield both("  digest", lambda each: each.image.digest.partition(":")[2][:12])
    yield both("  platform", lambda each: each.image.platform)
    yield both("  environment", lambda each: each.deployment.environment if each.deployment else "")
    yield both("  vulnerabilities", lambda each: counted(each.summary, each.coverage))
    yield "", _delta(ours.summary, theirs.summary), ""
    yield both("  coverage", lambda each: each.coverage.state)
    yield "  size", _with_delta(ours.image.size, theirs.image.size, human), human(theirs.image.size)
    yield "  packages", _with_delta(ours.packages, theirs.packages, str), str(theirs.packages)
    yield both("Base image", lambda each: base_image(each.base))


def _with_delta(ours: int, theirs: int, say: Callable[[int], str]) -> str:
    more = ours - theirs
    return say(ours) + (f" ({'+' if more > 0 else '-'}{say(abs(more))})" if more else "")


def _delta(ours: Summary, theirs: Summary) -> str:
    """Write the differences of two strips, each under its column; "" where there are none."""
    words = ("critical", "high", "medium", "low")
    more = [getattr(ours, word) - getattr(theirs, word) for word in words]
    if not any(more):
        return ""
    return "  ".join(f"{f'{each:+d}' if each else '':>4} " for each in more).rstrip()


def text(shown: Pair) -> Iterator[str]:
    """Return the lines of the answer for a terminal."""
    yield from ("", "## Overview", "")
    yield from _columns(("", "Analyzed Image", "Comparison Image"), [row for row in _rows(shown) if row[1] or row[2]])
    for each in (shown.analyzed, shown.comparison):
        yield from coverage(each.coverage, f"{each.reference}: not all of it is known")
    yield from ("", "", "## Packages and Vulnerabilities", "")
    yield from _counted_packages(shown.found)
    yield from _listed(shown.found.packages)
    yield from _vulnerabilities(shown.found, shown.ignore_unchanged)
    labels = _labels(shown)
    if labels:
        yield from ("", f"  Labels ({len(labels)} changes)", "")
        for name, (ours, theirs) in labels.items():
            yield inert(f"    {name}: {theirs or '(none)'} → {ours or '(none)'}")
    yield from ("", _verdict(shown.found))


def _columns(head: tuple[str, str, str], rows: list[_Row]) -> Iterator[str]:
    cells = [tuple(map(inert, row)) for row in rows]
    sizes = [max(24, *(width(row[number]) for row in cells)) + 2 for number in range(3)]
    sizes[0] -= 4
    yield "│".join(
        pad(text, size)
        for text, size in zip(
            (head[0], *(each.center(size) for each, size in zip(head[1:], sizes[1:], strict=True))), sizes, strict=True
        )
    ).rstrip()
    yield "┼".join("─" * size for size in sizes)
    for row in cells:
        yield "│".join(pad(f" {text}", size) for text, size in zip(row, sizes, strict=True)).rstrip()


def _counted_packages(found: Comparison) -> Iterator[str]:
    for change, sign in _SIGNS.items():
        count = sum(each.change == change for each in found.packages)
        if count:
            yield f"  {sign} {many(count, 'package', 'packages', 4)} {change}"
    yield f"    {many(found.unchanged, 'package', 'packages', 4)} unchanged"


def _listed(changes: Iterable[PackageChange]) -> Iterator[str]:
    changes = list(changes)
    if changes:
        yield ""
    for each in changes[:_LISTED]:
        yield inert(f"    {_SIGNS[each.change]} {each.name} {_versions(each)} ({each.type})")
    if len(changes) > _LISTED:
        yield f"      and {len(changes) - _LISTED} more; --format json lists all"


def _versions(each: PackageChange) -> str:
    return " → ".join(filter(None, (", ".join(each.comparison), ", ".join(each.analyzed))))


def _vulnerabilities(found: Comparison, ignore_unchanged: bool) -> Iterator[str]:
    for sign, title, changes in (("+", "introduced", found.introduced), ("-", "fixed", found.fixed)):
        if changes:
            yield from (
                "",
                f"  {many(len(changes), 'vulnerability', 'vulnerabilities')} {title}",
                "",
            )
        for change in changes:
            worst, where = change.worst, ", ".join(_places(change.findings))
            line = f"    {sign} {worst.severity.upper():<11} {change.vulnerability}  {where}  [{_why(change)}]"
            yield click.style(inert(line), fg=_COLOURS[sign])
    kept = _worst(found.kept)
    if kept and not ignore_unchanged:
        yield from ("", f"  {len(kept)} kept", "")
        for each in kept:
            yield inert(f"    = {each.severity.upper():<11} {each.vulnerability}  {each.package.name}")


def _worst(findings: Iterable[Finding]) -> list[Finding]:
    """Return the worst finding of each vulnerability."""
    found: dict[str, Finding] = {}
    for each in findings:
        if each.vulnerability not in found or each.level > found[each.vulnerability].level:
            found[each.vulnerability] = each
    return list(found.values())


def _places(findings: Iterable[Finding]) -> list[str]:
    return list(dict.fromkeys(f"{each.package.name} {each.package.version}" for each in findings))


def _why(change: VulnerabilityChange) -> str:
    return ", ".join(_CAUSES[cause] for cause in change.causes)


def _verdict(found: Comparison) -> str:
    """Say both ways in one sentence: what going on brings, what going back would bring back."""
    more, less = len(found.introduced), len(found.fixed)
    if not found.known:
        return f"    {NOTE} What one of the images holds is unknown: more may differ than is shown"
    if not more and not less:
        return f"    {CHECK} No vulnerability differs"
    return f"    Going on brings {more} and fixes {less}; going back would bring back {less} and be rid of {more}"


def markdown(shown: Pair) -> Iterator[str]:
    """Return the lines of a comment for a review."""
    found = shown.found
    more, less = len(found.introduced), len(found.fixed)
    yield from (f"## {escaped(shown.analyzed.reference)} beside {escaped(shown.comparison.reference)}", "")
    yield from (f"{strong(f'{more} introduced, {less} fixed')}" + ("" if found.known else ", and not all is known"), "")
    rows = [(label.strip(), ours.strip(), theirs.strip()) for label, ours, theirs in _rows(shown) if ours or theirs]
    yield from grid(("", "Analyzed", "Comparison"), rows)
    for title, changes in (("Introduced", found.introduced), ("Fixed", found.fixed)):
        if changes:
            yield from ("", f"### {title}", "")
            yield from grid(
                ("Severity", "Vulnerability", "Package", "Fixed in", "Why"),
                [
                    (
                        change.worst.severity,
                        link(change.vulnerability, change.worst.url),
                        ", ".join(map(code, _places(change.findings))),
                        change.worst.fixed_version or "",
                        _why(change),
                    )
                    for change in changes
                ],
                ready=frozenset({1, 2}),
            )
    if found.packages:
        title = f"{many(len(found.packages), 'package', 'packages')} changed, {found.unchanged} unchanged"
        yield from ("", f"<details><summary>{title}</summary>", "")
        packages = [(each.change, each.type, each.name, _versions(each)) for each in found.packages[:1000]]
        yield from grid(("Change", "Type", "Package", "Version"), packages)
        yield from ("", "</details>")
    kept = list(dict.fromkeys(each.vulnerability for each in found.kept))
    if kept and not shown.ignore_unchanged:
        yield from (
            "",
            f"<details><summary>{many(len(kept), 'vulnerability', 'vulnerabilities')} in both</summary>",
            "",
        )
        yield escaped(", ".join(kept))
        yield from ("", "</details>")
    labels = _labels(shown)
    if labels:
        yield from ("", f"<details><summary>Labels ({len(labels)} changes)</summary>", "")
        yield from grid(
            ("Label", "Analyzed", "Comparison"),
            [(name, *(each or "" for each in both)) for name, both in labels.items()],
        )
        yield from ("", "</details>")
