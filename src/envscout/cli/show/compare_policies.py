"""What `compare` says of policies: which are met on either side, and why that differs."""

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from envscout.cli.session import CHECK
from envscout.cli.show.markdown import escaped, grid
from envscout.cli.show.pair import Pair
from envscout.cli.show.table import inert, table
from envscout.model import Verdict
from envscout.policies.beside import PolicyChange

_SIGNS = {"pass": CHECK, "fail": "!", "unknown": "?"}
_CAUSES = {
    "policy-changed": "policy changed",
    "image-changed": "image changed",
    "knowledge-changed": "other things were known",
}
_HEAD = ("Policy", "Analyzed", "Comparison", "Why")


def document(shown: Pair) -> dict[str, Any] | None:
    """Return what policies say as part of a document, None where they were not asked."""
    if not shown.judged:
        return None
    sides = dict(zip(("analyzed", "comparison"), shown.judged, strict=True))
    return {
        "health": {name: msgspec.structs.asdict(each.health) for name, each in sides.items()},
        "verdicts": [
            {
                "policy": each.policy,
                "title": each.title,
                "analyzed": _verdict(each.analyzed),
                "comparison": _verdict(each.comparison),
                "causes": each.causes,
                "worse": each.worse,
            }
            for each in shown.changes
        ],
    }


def _verdict(said: Verdict | None) -> dict[str, Any] | None:
    if said is None:
        return None
    reasons = [*(each.message for each in said.violations), *said.reasons]
    return {"state": said.state, "result": said.result, "reasons": reasons}


def text(shown: Pair) -> Iterator[str]:
    """Yield the lines about policies, nothing where they are hidden or were not asked."""
    changes = _wanted(shown)
    if not changes:
        return
    yield from ("", "", "## Policies", "")
    lines = table(_HEAD, [_row(each) for each in changes])
    yield from lines[:2]
    for line, each in zip(lines[2:], changes, strict=True):
        yield click.style(line, fg="red") if each.worse else line
    for each in changes:
        if each.worse and each.analyzed is not None:
            said = [*(one.message for one in each.analyzed.violations), *each.analyzed.reasons]
            yield from ("", inert(f"  ! {each.policy}: {'; '.join(said[:3])}"))


def markdown(shown: Pair) -> Iterator[str]:
    """Yield the same for a review."""
    changes = _wanted(shown)
    if changes:
        yield from ("", "### Policies", "")
        yield from grid(_HEAD, [_row(each) for each in changes])
        worse = [each.policy for each in changes if each.worse]
        if worse:
            yield from ("", f"**Worse than the comparison: {escaped(', '.join(worse))}**")


def _wanted(shown: Pair) -> list[PolicyChange]:
    if shown.hide_policies:
        return []
    return [each for each in shown.changes if each.causes or not shown.ignore_unchanged]


def _row(each: PolicyChange) -> tuple[str, str, str, str]:
    why = ", ".join(_CAUSES[cause] for cause in each.causes)
    return each.title, _said(each.analyzed), _said(each.comparison), why


def _said(said: Verdict | None) -> str:
    return f"{_SIGNS[said.state]} {said.result}".rstrip() if said else "not in force"
