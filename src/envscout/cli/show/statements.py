"""What exceptions and VEX say of a vulnerability, and why each of it counts or not: as text and as JSON."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from envscout.cli.show import documents
from envscout.cli.show.cves import suppressed
from envscout.findings.suppress import suppression
from envscout.model.statement import SUPPRESSING

if TYPE_CHECKING:
    from envscout.findings.suppress import Opinion
    from envscout.model import Finding

Said: TypeAlias = "Iterable[tuple[Finding, tuple[Opinion, ...]]]"
"""Findings, each with all that is said of its vulnerability."""


def lines(said: Said) -> Iterator[str]:
    """Yield what does not suppress, though it is about the vulnerability, and why."""
    for finding, opinions in said:
        for each in opinions:
            if each.decides and each.statement.kind in SUPPRESSING:
                continue
            (label, what), (_, who), *_ = suppressed(suppression(each.statement))
            why = "it counts, and suppresses nothing" if each.decides else f"it does not count: {each.why}"
            yield ""
            yield f"    {label} of {finding.package.name} {finding.package.version}: {what}, by {who}"
            yield f"      {why}"


def document(said: Said) -> list[dict[str, Any]]:
    """Return all of it."""
    return [
        {
            "purl": finding.package.purl,
            "decides": each.decides,
            "why_not": each.why or None,
            **documents.suppression(suppression(each.statement)),
        }
        for finding, opinions in said
        for each in opinions
    ]
