"""SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), as code scanning reads it.

A rule for each vulnerability, a result for each package that has it. What is suppressed is there as suppressed, what
nobody could assess as `open`, and why an answer is not complete as notifications of the tool. The same answer gives the
same bytes. What code scanning wants beyond the format:
https://docs.github.com/code-security/reference/code-scanning/sarif-support-for-code-scanning
"""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from envscout import __version__
from envscout.formats.answer import FIXED, INTRODUCED, KEPT, Answer, Subject
from envscout.formats.sarif_rules import LEVELS, rule
from envscout.formats.sarif_shape import Artifact, Location, Logical, Message, Physical, Region, Result, Rule
from envscout.formats.words import fingerprint, fix, line, plain, reason
from envscout.model import Finding
from envscout.names import moment

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASELINE = {INTRODUCED: "new", KEPT: "unchanged", FIXED: "absent"}
_PLACES = 10


_TOP = Region()

_Known = dict[tuple[str, str, tuple[str, ...]], list[Location]]
"""Locations by package, layer and files."""


def write(answer: Answer) -> Iterator[str]:
    """Yield the document."""
    subjects = answer.subjects
    rules: dict[str, int] = {}
    worst: dict[str, list[Finding]] = {}
    for found in _all(subjects):
        rules.setdefault(found.vulnerability, len(rules))
        worst.setdefault(found.vulnerability, []).append(found)
    written = [rule(group) for group in worst.values()]
    for name in (name for each in subjects for _, name in each.report.unassessed):
        if name not in rules:
            rules[name] = len(rules)
            written.append(Rule(line(name), short_description=Message(line(name))))
    driver = {
        "name": "envscout",
        "fullName": f"envscout {__version__}",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": written,
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{line(_category(answer))}/"},
        "invocations": [
            {
                "executionSuccessful": answer.coverage.state != "unknown",
                "toolExecutionNotifications": list(_notifications(answer)),
            }
        ],
        "columnKind": "utf16CodeUnits",
        "results": [each for subject in subjects for each in _results(subject, rules)],
        "properties": _run(answer),
    }
    yield msgspec.json.encode({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}).decode()


def _all(subjects: Iterable[Subject]) -> Iterator[Finding]:
    for each in subjects:
        yield from each.report.findings
        yield from each.report.suppressed
        yield from each.gone


def _category(answer: Answer) -> str:
    """Return what uploads of the same question have in common."""
    if answer.report.environment:
        return f"envscout/{answer.report.environment}"
    return f"envscout/{answer.subjects[0].place}" if answer.subjects else "envscout"


def _run(answer: Answer) -> dict[str, Any]:
    report = answer.report
    return {
        "environment": plain(report.environment) or None,
        "advisoriesOf": moment.show(report.as_of) if report.as_of is not None else None,
        "coverage": answer.coverage.state,
        "summary": report.summary,
        "images": [
            {
                "reference": line(each.report.reference),
                "digest": each.report.image.digest,
                "platform": each.report.image.platform,
                "service": each.report.deployment.service if each.report.deployment else None,
                "packages": each.report.packages,
                "coverage": each.report.coverage.state,
            }
            for each in answer.subjects
        ],
    }


def _notifications(answer: Answer) -> Iterator[dict[str, Any]]:
    for reference, why in answer.reasons:
        text = f"{reference}: {why.message}" if reference else why.message
        yield {
            "descriptor": {"id": why.code},
            "level": "error" if answer.coverage.state == "unknown" else "warning",
            "message": {"text": line(text)},
        }


def _results(subject: Subject, rules: dict[str, int]) -> Iterator[Result]:
    report, place, whole = subject.report, subject.place, line(subject.whole)
    ours = {"image": whole, **({"service": line(report.deployment.service)} if report.deployment else {})}
    known: _Known = {}
    for found in (*report.findings, *report.suppressed):
        yield _result(found, place, ours, rules, known, _BASELINE.get(subject.changes.get(found.vulnerability, ""), ""))
    for found in subject.gone:
        yield _result(found, place, ours, rules, known, "absent")
    for name, vulnerability in report.unassessed:
        yield Result(
            rule_id=line(vulnerability),
            rule_index=rules[vulnerability],
            level="none",
            kind="open",
            message=Message(
                f"Whether {line(name)} has {line(vulnerability)} is unknown: its advisory names no versions that can"
                " be compared."
            ),
            locations=[_location(line(name), line(name), "")],
            partial_fingerprints=_prints(place, vulnerability, name),
            properties=ours,
        )


def _result(
    found: Finding,
    place: str,
    ours: dict[str, str],
    rules: dict[str, int],
    known: _Known,
    state: str,
) -> Result:
    package = found.package
    key = (package.purl, found.layer, found.locations)
    where = known.get(key)
    if where is None:
        where = known[key] = _locations(found)
    vulnerability = line(found.vulnerability)
    named = f"{line(package.name)} {line(package.version)}"
    return Result(
        rule_id=vulnerability,
        rule_index=rules[found.vulnerability],
        level=LEVELS[found.severity],
        message=Message(f"{named} has {vulnerability} ({found.severity}). {line(fix(found))}"),
        locations=where,
        partial_fingerprints=_prints(place, found.vulnerability, package.type, package.name, *found.locations[:1]),
        properties=ours,
        baseline_state=state,
        suppressions=_suppressions(found) if found.suppression else [],
    )


def _suppressions(found: Finding) -> list[dict[str, Any]]:
    said = found.suppression
    if said is None:
        return []
    fields = {name: value for name, value in msgspec.structs.asdict(said).items() if value}
    told = {name: moment.show(value) if name in ("since", "until") else line(value) for name, value in fields.items()}
    return [{"kind": "external", "status": "accepted", "justification": plain(reason(said)), "properties": told}]


def _prints(*parts: str) -> dict[str, str]:
    """Return what makes it the same result in the next version of the image: nothing of its version counts."""
    return {"primaryLocationLineHash": f"{fingerprint(*parts)}:1"}


def _locations(found: Finding) -> list[Location]:
    package = found.package
    paths = found.locations[:_PLACES] or (f"{package.type}/{package.name}",)
    return [_location(path, line(package.purl), found.layer, line(package.name)) for path in paths]


def _location(path: str, full: str, layer: str, name: str = "") -> Location:
    logical = [Logical(name or full, full, "package")]
    if layer:
        logical.append(Logical("layer", layer, "layer"))
    uri = quote(path.lstrip("/").encode(errors="backslashreplace")) or "image"
    return Location(Physical(Artifact(uri), _TOP), logical)
