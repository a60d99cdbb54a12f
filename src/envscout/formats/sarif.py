"""SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), as code scanning reads it.

A rule for each vulnerability, a result for each package that has it. What is suppressed is there as suppressed, what
nobody could assess as `open`, and why an answer is not complete as notifications of the tool. The same answer gives the
same bytes. What code scanning wants beyond the format:
https://docs.github.com/code-security/reference/code-scanning/sarif-support-for-code-scanning
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from envscout import __version__
from envscout.formats.answer import FIXED, INTRODUCED, KEPT, Answer, Subject
from envscout.formats.sarif_rules import LEVELS, rule
from envscout.formats.sarif_shape import Artifact, Location, Logical, Message, Physical, Prints, Region, Result, Rule
from envscout.formats.words import fix, line, plain, reason
from envscout.model import Finding
from envscout.names import moment

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASELINE = {INTRODUCED: "new", KEPT: "unchanged", FIXED: "absent"}
_PLACES = 10


_TOP = Region()


def write(answer: Answer) -> Iterator[str]:
    """Yield the document."""
    subjects = answer.subjects
    worst: dict[str, Finding] = {}
    for found in _all(subjects):
        held = worst.get(found.vulnerability)
        if held is None or found.level > held.level:
            worst[found.vulnerability] = found
    rules = {name: number for number, name in enumerate(worst)}
    written = [rule(found) for found in worst.values()]
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
                "executionSuccessful": not answer.is_blind,
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
    level = "error" if answer.is_blind else "warning"
    for reference, why in answer.reasons:
        text = f"{reference}: {why.message}" if reference else why.message
        yield {
            "descriptor": {"id": why.code},
            "level": level,
            "message": {"text": line(text)},
        }


class _Place(NamedTuple):
    """An image: what its results have in common. seed: of their fingerprints. known: locations that were made."""

    common: dict[str, str]
    seed: "hashlib.blake2b"
    known: dict[tuple[str, str, tuple[str, ...]], list[Location]]

    def prints(self, *parts: str) -> Prints:
        """Return what makes it the same result in the next version of the image: nothing of its version counts."""
        seed = self.seed.copy()
        seed.update("\0".join(parts).encode(errors="backslashreplace"))
        return Prints(f"{seed.hexdigest()}:1")

    def locations(self, found: Finding) -> list[Location]:
        """Return where the package of a finding is."""
        key = (found.package.purl, found.layer, found.locations)
        where = self.known.get(key)
        if where is None:
            where = self.known[key] = _locations(found)
        return where


def _results(subject: Subject, rules: dict[str, int]) -> Iterator[Result]:
    report = subject.report
    common = {"image": line(subject.whole)}
    if report.deployment:
        common["service"] = line(report.deployment.service)
    seed = hashlib.blake2b(f"{subject.place}\0".encode(errors="backslashreplace"), digest_size=16)
    place = _Place(common, seed, {})
    for found in (*report.findings, *report.suppressed):
        state = _BASELINE.get(subject.changes.get(found.vulnerability, ""), "") if subject.changes else ""
        yield _result(found, place, rules, state)
    for found in subject.gone:
        yield _result(found, place, rules, "absent")
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
            locations=[Location(_physical(line(name)), [Logical(line(name), line(name), "package")])],
            partial_fingerprints=place.prints(vulnerability, name),
            properties=common,
        )


def _result(found: Finding, place: _Place, rules: dict[str, int], state: str) -> Result:
    package, vulnerability = found.package, found.vulnerability
    return Result(
        rule_id=vulnerability,
        rule_index=rules[vulnerability],
        level=LEVELS[found.severity],
        message=Message(f"{package.name} {package.version} has {vulnerability} ({found.severity}). {fix(found)}"),
        locations=place.locations(found),
        partial_fingerprints=place.prints(vulnerability, package.type, package.name, *found.locations[:1]),
        properties=place.common,
        baseline_state=state,
        suppressions=_suppressions(found) if found.suppression else [],
    )


def _suppressions(found: Finding) -> list[dict[str, Any]]:
    said = found.suppression
    if said is None:
        return []
    fields = {name: value for name, value in msgspec.structs.asdict(said).items() if value}
    told = {name: moment.show(value) if name in ("since", "until") else line(value) for name, value in fields.items()}
    return [{"kind": "external", "status": "accepted", "justification": reason(said), "properties": told}]


def _locations(found: Finding) -> list[Location]:
    package = found.package
    logical = [Logical(package.name, package.purl, "package")]
    if found.layer:
        logical.append(_layer(found.layer))
    paths = found.locations[:_PLACES] or (f"{package.type}/{package.name}",)
    return [Location(_physical(path), logical) for path in paths]


@lru_cache(maxsize=4096)
def _layer(diff_id: str) -> Logical:
    return Logical("layer", diff_id, "layer")


def _physical(path: str) -> Physical:
    path = path.lstrip("/")
    if not _SAFE.fullmatch(path):
        path = quote(path.encode(errors="backslashreplace"))
    return Physical(Artifact(path or "image"), _TOP)


_SAFE = re.compile(r"[A-Za-z0-9._~/-]*")
