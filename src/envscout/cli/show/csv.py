"""Findings as CSV (RFC 4180) with a head, a line each: for spreadsheets and for scripts."""

import csv
import io
from collections.abc import Iterator

from envscout.model import Finding, Suppression
from envscout.names import moment
from envscout.verbs.ask import ImageReport, Report

HEAD = (
    "environment", "service", "image", "digest", "severity", "vulnerability", "package", "version", "type",
    "fixed_version", "cvss", "epss", "kev", "published", "from_base", "purl", "url",
    "suppressed_by", "suppressed_as", "suppressed_by_whom", "suppressed_because",
)  # fmt: skip

# A cell that begins so is a formula to a spreadsheet (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cves(report: Report) -> Iterator[str]:
    """Yield the lines of all findings, those that are suppressed last, without line ends."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="")
    for row in (HEAD, *(_row(each, found) for each in report.images for found in (*each.findings, *each.suppressed))):
        writer.writerow([_inert(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _row(each: ImageReport, found: Finding) -> tuple[str, ...]:
    ran = each.deployment
    return (
        ran.environment if ran else "",
        ran.service if ran else "",
        each.reference,
        each.image.digest,
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
    because = ": ".join(filter(None, (why.justification, " ".join(why.why.split()))))
    return f"{why.source} {why.where}".strip(), why.kind, why.who, because


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
