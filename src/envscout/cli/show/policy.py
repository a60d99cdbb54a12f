"""The answer of `policy`: text laid out as Docker Scout does, Markdown, JSON."""

from collections.abc import Iterable, Iterator
from typing import Any

import click
import msgspec

from envscout.cli.session import CHECK
from envscout.cli.show import documents
from envscout.cli.show.markdown import escaped, grid
from envscout.cli.show.policies import in_force, origin
from envscout.cli.show.size import many
from envscout.cli.show.table import inert, table
from envscout.model import Verdict
from envscout.names import moment
from envscout.policies.force import Effective
from envscout.policies.policy import Health
from envscout.verbs.ask import ImageReport

_SIGNS = {"pass": CHECK, "fail": "!", "unknown": "?"}
_SHOWN = 20
"""Violations of a policy that are shown; the rest is counted."""


class Judged(msgspec.Struct, frozen=True):
    """An image and what policies say of it. environment: "" where none was named. at: a past moment, None for now."""

    report: ImageReport
    environment: str
    verdicts: tuple[Verdict, ...]
    health: Health
    policies: Effective
    at: int | None = None

    @property
    def status(self) -> str:
        """Return how many policies are met, as Docker Scout writes it."""
        states = [each.state for each in self.verdicts]
        missing = f", {states.count('unknown')} missing data" if "unknown" in states else ""
        word = "SUCCESS" if states.count("pass") == len(states) else "FAILED"
        return f"{word}  ({states.count('pass')}/{len(states)} policies met{missing})"

    @property
    def score(self) -> str:
        """Return the health score in words, "" where no policy counts."""
        return f"{self.health.grade} ({self.health.percent}%)" if self.health.grade else ""

    @property
    def lost(self) -> list[str]:
        """Return which policies cost how many points of the health score."""
        points = {each.policy: each.weight for each in self.verdicts}
        return [f"-{points[name]} {name}" for name in self.health.lost]


def json(shown: Judged) -> Iterator[str]:
    """Yield the document of `policy --format json`."""
    yield documents.encoded(document(shown))


def document(shown: Judged) -> dict[str, Any]:
    """Return the document of `policy --format json`."""
    return {
        "schema": "envscout/policy/1",
        "environment": shown.environment or None,
        "at": None if shown.at is None else moment.show(shown.at),
        "in_force": in_force(shown.policies),
        "image": documents.image(shown.report),
        "met": all(not each.blocks for each in shown.verdicts),
        "health": msgspec.structs.asdict(shown.health),
        "policies": [
            {**msgspec.structs.asdict(each), "violations": [msgspec.structs.asdict(one) for one in each.violations]}
            for each in shown.verdicts
        ],
    }


def text(shown: Judged) -> Iterator[str]:
    """Return the lines of the answer for a terminal."""
    where = f", to go to {shown.environment}" if shown.environment else ""
    yield from ("", inert(f"  {shown.report.reference}{where}"), "")
    yield f"Policy status  {shown.status}"
    if shown.score:
        why = f"  {', '.join(shown.lost)}" if shown.lost else ""
        yield f"Health score   {shown.score}{why}"
    yield inert(f"Policies       {origin(shown.policies)}")
    yield ""
    rows = [(_SIGNS[each.state], each.title, each.result, each.policy) for each in shown.verdicts]
    yield from table(("Status", "Policy", "Results", "Id"), rows)
    for each in shown.verdicts:
        yield from _details(each)


def _details(each: Verdict) -> Iterator[str]:
    if each.state == "pass":
        return
    yield from (
        "",
        click.style(f"  {_SIGNS[each.state]} {inert(each.title)}", fg="red" if each.violations else "yellow"),
    )
    for violation in each.violations[:_SHOWN]:
        fix = f" → {violation.remediation}" if violation.remediation else ""
        yield inert(f"      {violation.message}{fix}")
    if len(each.violations) > _SHOWN:
        yield f"      and {many(len(each.violations) - _SHOWN, 'other', 'others')}; --format json lists all"
    yield from (inert(f"      ? {reason}") for reason in each.reasons)


def markdown(shown: Judged) -> Iterator[str]:
    """Return the lines of a comment for a review."""
    yield from (f"## Policies: {escaped(shown.report.reference)}", "")
    score = f", health score {shown.score}" if shown.score else ""
    yield from (f"**{escaped(shown.status)}{escaped(score)}**", "")
    rows = [(_SIGNS[each.state], each.title, each.result, _first(each)) for each in shown.verdicts]
    yield from grid(("", "Policy", "Result", "Why"), rows)
    lost = f" Points lost: {', '.join(shown.lost)}." if shown.lost else ""
    yield from ("", escaped(f"Policies in force: {origin(shown.policies)}.{lost}"))


def _first(each: Verdict) -> str:
    said: Iterable[str] = (*(one.message for one in each.violations), *each.reasons)
    listed = list(said)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return "; ".join(listed[:3]) + more
