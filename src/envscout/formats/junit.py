"""JUnit's XML as continuous integration reads it (https://github.com/jenkinsci/xunit-plugin, junit-10.xsd).

A suite for each image, a case for each vulnerability of a package: a failure where it counts, skipped where somebody
suppressed it or a comparison has it, too. Why an answer is not complete are cases of their own: an error where it is
unknown or a gate stays shut for it, else skipped. An image about which nothing is wrong has one case that passes.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from envscout.formats.answer import KEPT, Answer, Subject
from envscout.formats.words import fix, line, plain, reason
from envscout.model import Coverage, Finding


class _Case(NamedTuple):
    """outcome: `failure`, `error`, `skipped`, or "" where it passed."""

    package: str
    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def write(answer: Answer) -> Iterator[str]:
    """Yield the lines of the document."""
    suites = [(line(each.whole), list(_cases(each))) for each in answer.subjects if not each.is_absent]
    others = [reason for reference, reason in answer.reasons if not reference]
    if others:
        suites.append(("coverage", list(_doubts(Coverage(answer.coverage.state, tuple(others))))))
    counts = Counter(case.outcome for _, cases in suites for case in cases)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    total = sum(len(cases) for _, cases in suites)
    yield f'<testsuites name="envscout" tests="{total}" failures="{counts["failure"]}" errors="{counts["error"]}">'
    for name, cases in suites:
        yield from _suite(name, cases)
    yield "</testsuites>"


def _suite(name: str, cases: list[_Case]) -> Iterator[str]:
    counts = Counter(case.outcome for case in cases)
    yield (
        f'  <testsuite name={quoteattr(name)} tests="{len(cases)}" failures="{counts["failure"]}"'
        f' errors="{counts["error"]}" skipped="{counts["skipped"]}">'
    )
    for case in cases:
        head = f"    <testcase classname={quoteattr(case.package)} name={quoteattr(case.name)}"
        if not case.outcome:
            yield f"{head}/>"
            continue
        yield f"{head}>"
        told = f"type={quoteattr(case.kind)} message={quoteattr(case.message)}"
        yield f"      <{case.outcome} {told}>{escape(case.text)}</{case.outcome}>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _cases(subject: Subject) -> Iterator[_Case]:
    report = subject.report
    yield from _doubts(report.coverage)
    for found in report.findings:
        is_kept = subject.changes.get(found.vulnerability) == KEPT
        yield _found(found, "skipped" if is_kept else "failure", "the comparison has it, too" if is_kept else "")
    for found in report.suppressed:
        yield _found(found, "skipped", reason(found.suppression) if found.suppression else "suppressed")
    if not report.findings and report.coverage.state != "unknown" and not report.coverage.blind:
        yield _Case("envscout", "no vulnerability that counts")


def _doubts(coverage: Coverage) -> Iterator[_Case]:
    for why in coverage.reasons:
        is_grave = coverage.state == "unknown" or Coverage(coverage.state, (why,)).blind
        outcome = "error" if is_grave else "skipped"
        yield _Case("coverage", why.code, outcome, coverage.state, line(why.message))


def _found(found: Finding, outcome: str, why: str) -> _Case:
    package = f"{line(found.package.name)} {line(found.package.version)}"
    facts = (
        ("Package", line(found.package.purl)),
        ("Severity", f"{found.severity} ({line(found.severity_source) or 'nobody says so'})"),
        ("Affected", line(found.range.text)),
        ("Fixed", line(found.fixed_version or "not fixed")),
        ("CVSS", f"{found.cvss.score:g} {line(found.cvss.vector)}".strip() if found.cvss else ""),
        ("Where", ", ".join(map(line, found.locations))),
        ("More", line(found.url)),
    )
    text = "\n".join(f"{name}: {value}" for name, value in facts if value)
    message = f"{package} has {line(found.vulnerability)} ({found.severity}). {line(why or fix(found))}"
    return _Case(
        package,
        line(found.vulnerability),
        outcome,
        found.severity,
        message,
        f"{text}\n\n{plain(found.summary)}".rstrip(),
    )
