"""Findings as CSV (RFC 4180) with a head, a line each: for spreadsheets and for scripts.

What was suppressed and why an answer is not complete are lines, too: `status` tells them apart.
"""

import csv
import io
from collections.abc import Iterator

from envscout.formats.answer import FIXED, Answer, Subject
from envscout.formats.words import line
from envscout.model import Finding, Suppression
from envscout.names import moment

HEAD = (
    "environment", "service", "image", "digest", "severity", "vulnerability", "package", "version", "type",
    "fixed_version", "cvss", "epss", "kev", "published", "from_base", "purl", "url",
    "suppressed_by", "suppressed_as", "suppressed_by_whom", "suppressed_because", "status", "change", "note",
)  # fmt: skip

# A cell that begins so is a formula to a spreadsheet (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NONE = ("",) * 17


def write(answer: Answer) -> Iterator[str]:
    """Yield the lines, without line ends."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="")
    rest = (
        ("", "", "", "", *_NONE, "unknown", "", f"{why.code}: {why.message}")
        for where, why in answer.reasons
        if not where
    )
    for row in (HEAD, *(row for each in answer.subjects for row in _rows(each)), *rest):
        writer.writerow([inert(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _rows(subject: Subject) -> Iterator[tuple[str, ...]]:
    report, ran = subject.report, subject.report.deployment
    head = (ran.environment if ran else "", ran.service if ran else "", report.reference, report.image.digest)
    for found in report.findings:
        yield (*head, *_cells(found), "affected", subject.changes.get(found.vulnerability, ""), "")
    for found in report.suppressed:
        yield (*head, *_cells(found), "suppressed", "", "")
    for found in subject.gone:
        yield (*head, *_cells(found), "not running" if subject.is_absent else "not affected", FIXED, "")
    for why in report.coverage.reasons:
        yield (*head, *_NONE, "unknown", "", f"{why.code}: {why.message}")


def _cells(found: Finding) -> tuple[str, ...]:
    return (
        found.severity,
        found.vulnerability,
        found.package.name,
        found.package.version,
        found.package.type,
        found.fixed_version or "",
        f"{found.cvss.score:g}" if found.cvss else "",
        f"{found.epss.score:g}" if found.epss else "",
        found.kev.added if found.kev else "",
        moment.show(found.published) if found.published else "",
        {True: "yes", False: "no", None: ""}[found.from_base],
        found.package.purl,
        found.url,
        *_why(found.suppression),
    )


def _why(why: Suppression | None) -> tuple[str, ...]:
    if why is None:
        return ("",) * 4
    because = ": ".join(filter(None, (why.justification, why.why)))
    return f"{why.source} {why.where}".strip(), why.kind, why.who, because


def inert(cell: str) -> str:
    """Return a cell on one line that no spreadsheet takes for a formula."""
    cell = line(cell)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
