"""The answer of `quickview`: text laid out as Docker Scout does, Markdown, JSON."""

import os
import shlex
from collections.abc import Iterator
from typing import Any

import msgspec

from envscout.cli.advising import Advice
from envscout.cli.entry import PLUGIN_CALL
from envscout.cli.session import CHECK, NOTE
from envscout.cli.show.columns import columns
from envscout.cli.show.cves import counted, coverage, strip
from envscout.cli.show.markdown import escaped, grid
from envscout.cli.show.policy import Judged
from envscout.cli.show.policy import document as policies
from envscout.cli.show.recommendations import difference
from envscout.cli.show.table import inert
from envscout.model import Summary

_SIGNS = {"pass": CHECK, "fail": "!", "unknown": "?"}
_AUTO = (
    "Base image was auto-detected. To get more accurate results, build images with max-mode provenance attestations."
)


class View(msgspec.Struct, frozen=True):
    """An image at a glance. named: as the user named it, "" where nothing was."""

    judged: Judged
    advice: Advice
    named: str = ""


def document(view: View) -> dict[str, Any]:
    """Return the document of `quickview --format json`: that of `policy`, with the base image and what replaces it."""
    judged, best = view.judged, view.advice.best
    current = view.advice.current
    shown = policies(judged)
    shown["schema"] = "envscout/quickview/1"
    shown["suppressed"] = len({each.vulnerability for each in judged.report.suppressed})
    shown["base"] = {
        "name": view.advice.name or None,
        "is_current": view.advice.is_current,
        "summary": _asdict(current.summary if current else None),
    }
    shown["updated_base"] = (
        {"kind": best.kind, "tag": best.image.tag, "digest": best.image.digest, "summary": _asdict(best.image.summary)}
        if best
        else None
    )
    return shown


def _asdict(summary: Summary | None) -> dict[str, int] | None:
    return msgspec.structs.asdict(summary) if summary else None


def rows(view: View) -> list[tuple[str, str, str]]:
    """Return what is shown of the images: a label, a name, counts."""
    report, advice = view.judged.report, view.advice
    found = [
        ("Target", report.reference, counted(report.summary, report.coverage)),
        ("  digest", report.image.digest.partition(":")[2][:12] or report.image.digest, ""),
    ]
    if report.deployment:
        found.append(("  environment", f"{report.deployment.environment} ({report.deployment.service})", ""))
    if report.suppressed:
        found.append(("  suppressed", "", strip(_suppressed(view))))
    if advice.base is None:
        found.append(("Base image", "not known", ""))
    else:
        name = advice.name or advice.base.name or advice.base.digest.partition(":")[2][:12] or "unnamed"
        before = advice.current.summary if advice.current else None
        found.append(("Base image", name, strip(before) if before else "unknown"))
        found += _updated(advice, before)
    return found


def _suppressed(view: View) -> Summary:
    from envscout.findings.merge import vulnerabilities

    return vulnerabilities(view.judged.report.suppressed)


def _updated(advice: Advice, before: Summary | None) -> list[tuple[str, str, str]]:
    best = advice.best
    if best is None:
        return []
    after = best.image.summary
    label = "Updated base image" if best.kind == "update" else "Refreshed base image"
    name = f"{advice.name.rpartition(':')[0]}:{best.image.tag}"
    rows = [(label, name, strip(after) if after else "unknown")]
    if before and after:
        rows.append(("", "", difference(before, after)))
    return rows


def text(view: View) -> Iterator[str]:
    """Return the lines of the answer for a terminal."""
    judged = view.judged
    if view.advice.base is not None and view.advice.base.source != "provenance":
        yield from ("", f"    i {_AUTO}")
    yield from ("", *columns(rows(view)))
    yield from coverage(judged.report.coverage)
    if judged.verdicts:
        yield from ("", f"Policy status  {judged.status}")
        if judged.score:
            yield f"Health score   {judged.score}"
        lines = [(_SIGNS[each.state], each.title, _result(each.state, each.result)) for each in judged.verdicts]
        yield from ("", *columns(lines, ("Status", "Policy", "Results")))
    yield from ("", "What's next:", *_next(view))


def _result(state: str, result: str) -> str:
    return "No data" if state == "unknown" else result


def _next(view: View) -> Iterator[str]:
    """Say which command shows more of what is seen here."""
    # What is shown is copied into a shell.
    where = shlex.quote(view.named or view.judged.report.reference)
    named = f" {where}" if view.named else ""
    target = f"--env {shlex.quote(view.judged.environment)}{named}" if view.judged.environment else where
    report = view.judged.report
    if any(each.state != "pass" for each in view.judged.verdicts):
        yield _hint("View policy violations", "policy", target)
    if report.summary.total:
        yield _hint("View vulnerabilities", "cves", target)
        yield _hint("View base image and package update recommendations", "recommendations", target)
    elif report.coverage.state != "complete":
        yield _hint("View what is not known", "cves", target)
    if not view.judged.environment:
        yield _hint("Compare with what was recorded last", "compare --to-latest", target)


def _hint(what: str, command: str, target: str) -> str:
    program = "docker scout" if PLUGIN_CALL in os.environ else "envscout"
    return inert(f"    {what} → {program} {command} {target}")


def markdown(view: View) -> Iterator[str]:
    """Return the lines of a comment for a review."""
    judged = view.judged
    yield from (f"## Quickview: {escaped(judged.report.reference)}", "")
    yield from grid(("", "Image", "Vulnerabilities"), rows(view))
    reasons = judged.report.coverage.reasons
    if reasons:
        yield from ("", f"{NOTE} Partly unknown:", *(f"- {escaped(each.message)}" for each in reasons))
    if judged.verdicts:
        score = f", health score {judged.score}" if judged.score else ""
        yield from ("", f"**{escaped(judged.status)}{escaped(score)}**", "")
        lines = [(_SIGNS[each.state], each.title, _result(each.state, each.result)) for each in judged.verdicts]
        yield from grid(("", "Policy", "Result"), lines)


def lines(view: View, form: str) -> Iterator[str]:
    """Return the lines of a form that a person reads."""
    yield from markdown(view) if form == "markdown" else text(view)
