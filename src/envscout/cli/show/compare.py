"""The answer of `compare` for two images: text laid out as Docker Scout does, Markdown for a review, JSON."""

from collections.abc import Iterable, Iterator
from typing import Any

import click
import msgspec

from envscout.cli.session import CHECK, NOTE
from envscout.cli.show import compare_policies, documents
from envscout.cli.show.compare_overview import columns, rows
from envscout.cli.show.cves import coverage
from envscout.cli.show.markdown import code, escaped, grid, link, strong
from envscout.cli.show.pair import Pair
from envscout.cli.show.size import many
from envscout.cli.show.table import inert
from envscout.environments.compare import Comparison, PackageChange, VulnerabilityChange
from envscout.model import Finding
from envscout.verbs.ask import ImageReport

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_COLOURS = {"+": "red", "-": "green"}
_CAUSES = {
    "package-added": "package added",
    "package-removed": "package removed",
    "package-changed": "package changed",
    "exception-changed": "suppressed on the other side",
    "advisory-changed": "other advisories were known",
}
_LISTED = 50
"""Packages that are named; the rest is counted."""


def json(shown: Pair) -> Iterator[str]:
    """Yield the document of `compare --format json`."""
    yield documents.encoded(document(shown))


def document(shown: Pair) -> dict[str, Any]:
    """Return the document of `compare --format json` for two images."""
    found = shown.found
    return {
        "schema": "envscout/compare/1",
        "analyzed": documents.image(shown.analyzed),
        "comparison": documents.image(shown.comparison),
        "packages": [{"change": each.change, **msgspec.structs.asdict(each)} for each in found.packages],
        "packages_unchanged": found.unchanged,
        "unchanged": []
        if shown.ignore_unchanged
        else [{"type": each.type, "name": each.name, "versions": each.analyzed} for each in found.same],
        "introduced": [_change(each, shown.analyzed) for each in found.introduced],
        "fixed": [_change(each, shown.comparison) for each in found.fixed],
        "kept": [documents.finding(shown.analyzed, each) for each in found.kept],
        "suppressed": None if shown.ignore_suppressed else _suppressed(shown),
        "policies": None if shown.hide_policies else compare_policies.document(shown),
        "base_tags": {"analyzed": shown.base_tags[0], "comparison": shown.base_tags[1]},
        "labels": _labels(shown),
        "known": found.known,
    }


def _suppressed(shown: Pair) -> dict[str, Any]:
    sides = (("analyzed", shown.analyzed), ("comparison", shown.comparison))
    return {name: [documents.finding(side, each) for each in side.suppressed] for name, side in sides}


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


def text(shown: Pair) -> Iterator[str]:
    """Return the lines of the answer for a terminal."""
    yield from ("", "## Overview", "")
    yield from columns(("", "Analyzed Image", "Comparison Image"), [row for row in rows(shown) if row[1] or row[2]])
    for each in (shown.analyzed, shown.comparison):
        yield from coverage(each.coverage, f"{each.reference}: not all of it is known")
    yield from compare_policies.text(shown)
    yield from ("", "", "## Packages and Vulnerabilities", "")
    yield from _counted_packages(shown.found)
    yield from _listed(shown.found.packages)
    yield from _vulnerabilities(shown.found, shown.ignore_unchanged)
    if not shown.ignore_suppressed:
        yield from map(inert, _hushed(shown))
    labels = _labels(shown)
    if labels:
        yield from ("", f"  Labels ({many(len(labels), 'change', 'changes')})", "")
        for name, (ours, theirs) in labels.items():
            yield inert(f"    {name}: {theirs or '(none)'} → {ours or '(none)'}")
    yield from ("", _verdict(shown.found))


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


def _hushed(shown: Pair) -> Iterator[str]:
    """Say what does not count in the analyzed image, and who says so."""
    found = _worst(shown.analyzed.suppressed)
    if found:
        yield from ("", f"  {len(found)} suppressed in the analyzed image", "")
    for each in found:
        said = each.suppression
        who = f"{said.kind} by {said.who or said.source}" if said else ""
        yield f"    SUPPRESSED  {each.severity.upper():<11} {each.vulnerability}  {each.package.name}  [{who}]"


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
    overview = [(label.strip(), one.strip(), other.strip()) for label, one, other in rows(shown) if one or other]
    yield from grid(("", "Analyzed", "Comparison"), overview)
    yield from compare_policies.markdown(shown)
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
        yield from ("", f"<details><summary>Labels ({many(len(labels), 'change', 'changes')})</summary>", "")
        yield from grid(
            ("Label", "Analyzed", "Comparison"),
            [(name, *(each or "" for each in both)) for name, both in labels.items()],
        )
        yield from ("", "</details>")
