"""The report of an environment for a terminal, as Markdown and as JSON."""

from collections.abc import Iterator
from typing import Any

import msgspec

from envscout import __version__
from envscout.cli.session import CROSS
from envscout.cli.show import documents
from envscout.cli.show.cves import base_image, counted, coverage, suppressed
from envscout.cli.show.exceptions import HEAD as EXCEPTIONS
from envscout.cli.show.exceptions import document as exception
from envscout.cli.show.exceptions import row as exception_row
from envscout.cli.show.markdown import code, escaped, grid, link
from envscout.cli.show.policies import in_force, origin
from envscout.cli.show.size import many
from envscout.cli.show.table import inert, table
from envscout.formats.audit import Audit, Judged
from envscout.formats.csv import write as findings
from envscout.model import Deployment, Event, Finding
from envscout.names import address, moment

MOST = 500
"""Findings of an image that are listed: GitHub takes no comment of more than 65,536 characters."""


def text(shown: Audit) -> Iterator[str]:
    """Return the lines of the report in short."""
    report = shown.answer.report
    once = ", each vulnerability counted once" if len(report.images) > 1 else ""
    yield from ("", inert(f"## {shown.environment}"), "", inert(f"  {shown.moments}"), "")
    rows = [
        (
            ran.service if ran else "",
            each.report.reference,
            moment.show(ran.since) if ran else "",
            ran.actor if ran else "",
            counted(each.report.summary, each.report.coverage).strip(),
            _grade(each),
            each.report.coverage.state,
        )
        for each in shown.judged
        for ran in (each.report.deployment,)
    ]
    yield from table(("Service", "Image", "Since", "By", "Vulnerabilities", "Policies", "Coverage"), rows)
    yield from coverage(shown.answer.coverage)
    if shown.exceptions:
        yield from ("", f"  {many(len(shown.exceptions), 'exception', 'exceptions')} in force")
        yield from table(EXCEPTIONS, [exception_row(each) for each in shown.exceptions])
    if shown.since is not None:
        yield from ("", f"  {many(len(shown.events), 'event', 'events')} since {moment.show(shown.since)}")
        yield from table(("When", "What", "Service", "Image", "By", "Commit", "Run"), map(_event, shown.events))
    yield from (
        "",
        f"  {many(len(report.images), 'image', 'images')}: {counted(report.summary, report.coverage).strip()}{once}",
    )
    if shown.failing:
        yield f"  {CROSS} {many(shown.failing, 'image does', 'images do')} not meet every policy"


def _grade(each: Judged) -> str:
    health = f", {each.health.grade} ({each.health.percent}%)" if each.health.grade else ""
    return f"{each.met}/{len(each.verdicts)} met{health}"


def _event(each: Event) -> tuple[str, ...]:
    return (moment.show(each.at), each.action, each.service, each.reference, each.actor, each.commit[:12], each.run_url)


def markdown(shown: Audit) -> Iterator[str]:
    """Return the lines of the whole report."""
    report = shown.answer.report
    yield from (f"# {escaped(shown.environment)}", "", escaped(shown.moments), "")
    total = counted(report.summary, report.coverage).strip()
    yield from (
        f"**{escaped(total)}** in {many(len(report.images), 'image', 'images')}; coverage {report.coverage.state}",
        "",
    )
    for reference, why in shown.answer.reasons:
        yield from (f"> {code(why.code)} {escaped(f'{reference}: {why.message}' if reference else why.message)}", "")
    yield from ("## What ran", "")
    yield from grid(
        ("Service", "Image", "Digest", "Since", "By", "Commit", "Run", "Policies"), map(_ran, shown.judged), {2, 6}
    )
    yield from ("", "## Policies", "")
    for policies in shown.in_force:
        yield from (escaped(f"In force: {origin(policies)}"), "")
    verdicts = [(each.report.reference, one) for each in shown.judged for one in each.verdicts if one.state != "pass"]
    yield from grid(
        ("Image", "Policy", "State", "Result", "Why"),
        [
            (
                reference,
                one.title,
                one.state,
                one.result,
                "; ".join([*(each.message for each in one.violations), *one.reasons][:5]),
            )
            for reference, one in verdicts
        ],
    )
    yield from ("", "## Exceptions in force", "")
    yield from grid(EXCEPTIONS, [exception_row(each) for each in shown.exceptions])
    for each in shown.judged:
        yield from _image(each)
    if shown.since is not None:
        yield from ("", f"## Since {moment.show(shown.since)}", "")
        yield from grid(("When", "What", "Service", "Image", "By", "Commit", "Run"), map(_event, shown.events))
    yield from ("", "## Sources", "")
    feeds = [
        (each.name, each.kind, moment.show(each.run.as_of), moment.show(each.run.at), str(each.run.records))
        for each in shown.feeds
    ]
    yield from grid(("Feed", "Kind", "Speaks for", "Fetched", "Records"), feeds)
    yield from ("", f"Written by envscout {__version__} at {moment.show(shown.answer.given)}")


def _ran(each: Judged) -> tuple[str, ...]:
    ran = each.report.deployment or Deployment("", "", "", "", "", "", 0)
    run = link("run", ran.run_url) if ran.run_url else ""
    who = f"{ran.actor or 'nobody said who'} ({ran.source})"
    return (
        ran.service,
        each.report.reference,
        code(each.report.image.digest),
        moment.show(ran.since),
        who,
        ran.commit,
        run,
        _grade(each),
    )


def _image(each: Judged) -> Iterator[str]:
    report = each.report
    yield from ("", f"## {escaped(report.reference)}", "")
    said = f"{counted(report.summary, report.coverage).strip()}; coverage {report.coverage.state}"
    yield from (escaped(f"{said}; base image: {base_image(report.base) or 'not known'}"), "")
    head = ("Severity", "Vulnerability", "Package", "Fixed in", "CVSS")
    yield from grid(head, map(_found, report.findings[:MOST]), {1, 2})
    if len(report.findings) > MOST:
        yield from ("", f"and {len(report.findings) - MOST} more; --output csv=FILE lists all")
    if report.suppressed:
        yield from ("", f"{many(len(report.suppressed), 'finding', 'findings')} suppressed:", "")
        yield from grid(("Severity", "Vulnerability", "Package", "Why"), map(_hushed, report.suppressed[:MOST]), {1, 2})


def _found(found: Finding) -> tuple[str, ...]:
    kev = " (known exploited)" if found.kev else ""
    score = f"{found.cvss.score:g}" if found.cvss else ""
    return (*_named(found, kev), found.fixed_version or "not fixed", score)


def _named(found: Finding, more: str = "") -> tuple[str, str, str]:
    return (
        found.severity + more,
        link(found.vulnerability, found.url),
        code(f"{found.package.name} {found.package.version}"),
    )


def _hushed(found: Finding) -> tuple[str, ...]:
    why = "; ".join(part for _, part in suppressed(found.suppression)) if found.suppression else ""
    return (*_named(found), why)


def csv(shown: Audit) -> Iterator[str]:
    """Return the lines of all findings."""
    return findings(shown.answer)


def json(shown: Audit) -> Iterator[str]:
    """Yield the document of `report --format json`."""
    answer, report = shown.answer, shown.answer.report
    found = documents.cves(report)
    document: dict[str, Any] = {
        "schema": "envscout/report/1",
        "generator": f"envscout-{__version__}",
        "environment": shown.environment,
        "organizations": shown.organizations,
        "at": moment.show(shown.at),
        "known_at": moment.show(shown.known_at),
        "given_at": moment.show(answer.given),
        "since": moment.show(shown.since) if shown.since is not None else None,
        "as_of": found["as_of"],
        "images": [_judged(each) for each in shown.judged],
        **{name: found[name] for name in ("findings", "suppressed", "lapses", "summary", "coverage")},
        "exceptions": [exception(each.entry, each.state) for each in shown.exceptions],
        "events": [documents.said(each) for each in shown.events],
        "feeds": [
            {
                "name": each.name,
                "kind": each.kind,
                "location": address.shown(each.location),
                "as_of": moment.show(each.run.as_of),
                "updated_at": moment.show(each.run.at),
                "records": each.run.records,
            }
            for each in shown.feeds
        ],
    }
    yield documents.encoded(document)


def _judged(each: Judged) -> dict[str, Any]:
    ran = each.report.deployment
    return {
        **documents.image(each.report),
        "deployment": documents.said(ran) if ran else None,
        "met": not any(one.blocks for one in each.verdicts),
        "health": msgspec.structs.asdict(each.health),
        "in_force": in_force(each.policies),
        "policies": [
            {**msgspec.structs.asdict(one), "violations": [msgspec.structs.asdict(way) for way in one.violations]}
            for one in each.verdicts
        ],
    }
