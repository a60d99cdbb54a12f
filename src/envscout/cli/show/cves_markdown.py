"""The answer of `cves` in Markdown, fit for a comment on a pull request."""

from collections.abc import Iterator

from envscout.cli.show.cves import Shown, base_image, counted
from envscout.cli.show.markdown import code, escaped, grid, link
from envscout.cli.show.size import human, many
from envscout.model import Finding, Suppression
from envscout.names import moment
from envscout.verbs.ask import ImageReport

MOST = 500
"""Findings of an image that are listed: GitHub takes no comment of more than 65,536 characters."""


def write(shown: Shown) -> Iterator[str]:
    """Return the lines of the answer."""
    report = shown.report
    for each in report.images:
        yield from _image(each)
    if len(report.images) > 1:
        yield from ("", f"**{len(report.images)} images: {counted(report.summary, report.coverage).strip()}**")


def _image(each: ImageReport) -> Iterator[str]:
    ran = each.deployment
    yield from (f"## {escaped(each.reference)}", "")
    rows = (
        ("digest", each.image.digest),
        ("platform", each.image.platform),
        ("environment", f"{ran.environment}, {ran.service}" if ran else ""),
        ("vulnerabilities", counted(each.summary, each.coverage).strip()),
        ("coverage", each.coverage.state),
        ("base image", base_image(each.base)),
        ("size", human(each.image.size) if each.image.size else ""),
        ("packages", str(each.packages)),
    )
    yield from grid(("", ""), [row for row in rows if row[1]])
    for reason in each.coverage.reasons:
        yield from ("", f"> {code(reason.code)} {escaped(reason.message)}")
    yield from _findings(each)
    yield from _suppressed(each)


def _findings(each: ImageReport) -> Iterator[str]:
    if not each.findings:
        sure = each.coverage.state == "complete"
        yield from ("", "No vulnerable packages detected" if sure else "None detected in what could be assessed")
        return
    title = many(len(each.findings), "finding", "findings")
    yield from ("", f"<details><summary>{title}</summary>", "")
    head = ("Severity", "Vulnerability", "Package", "Fixed in", "CVSS")
    yield from grid(head, map(_row, each.findings[:MOST]), ready={1, 2})
    if len(each.findings) > MOST:
        yield from ("", f"and {len(each.findings) - MOST} more")
    yield from ("", "</details>", "")


def _suppressed(each: ImageReport) -> Iterator[str]:
    if not each.suppressed:
        return
    title = many(len(each.suppressed), "suppressed finding", "suppressed findings")
    yield from ("", f"<details><summary>{title}</summary>", "")
    head = ("Severity", "Vulnerability", "Package", "Why", "Who", "Until")
    yield from grid(head, map(_why, each.suppressed[:MOST]), ready={1, 2})
    if len(each.suppressed) > MOST:
        yield from ("", f"and {len(each.suppressed) - MOST} more")
    yield from ("", "</details>", "")


def _why(found: Finding) -> tuple[str, ...]:
    why = found.suppression or Suppression("", "")
    said = ": ".join(filter(None, (why.kind, why.justification, " ".join(why.why.split()))))
    return (
        found.severity,
        link(found.vulnerability, found.url),
        code(f"{found.package.name} {found.package.version}"),
        said[:MOST],
        why.who,
        moment.show(why.until)[:10] if why.until is not None else "",
    )


def _row(found: Finding) -> tuple[str, ...]:
    kev = " (known exploited)" if found.kev else ""
    return (
        found.severity + kev,
        link(found.vulnerability, found.url),
        code(f"{found.package.name} {found.package.version}"),
        found.fixed_version or "not fixed",
        f"{found.cvss.score:g}" if found.cvss else "",
    )
