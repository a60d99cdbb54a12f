"""The answer of `environment sync`: what became of each service, as text and as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli.show.table import inert
from envscout.model import Event, Problem

if TYPE_CHECKING:
    from envscout.environments.becoming import Change, Kind, Ran

_SIGNS: Mapping["Kind", tuple[str, str]] = {
    "added": ("+", "green"),
    "changed": ("~", "yellow"),
    "removed": ("-", "red"),
    "kept": ("?", "yellow"),
    "unchanged": ("=", "bright_black"),
}


class Synced(msgspec.Struct, frozen=True):
    """What an environment became. said: whose it is, and by which source. dry: nothing was changed."""

    said: Event
    changes: "Sequence[Change]"
    problems: Sequence[Problem]
    notes: Sequence[Problem]
    dry: bool


def document(shown: Synced) -> dict[str, Any]:
    """Return the document of `environment sync --format json`."""
    return {
        "organization": shown.said.organization,
        "environment": shown.said.environment,
        "source": shown.said.source,
        "dry_run": shown.dry,
        "changes": [
            {field: value for field, value in msgspec.to_builtins(each).items() if field != "events"}
            for each in shown.changes
        ],
        "problems": shown.problems,
        "notes": shown.notes,
    }


def lines(shown: Synced) -> Iterator[str]:
    """Yield a line for each service, and the counts."""
    for each in shown.changes:
        sign, colour = _SIGNS[each.kind]
        platform = f" ({each.platform})" if each.platform else ""
        text = inert(f"{sign} {each.service}{platform}  {_told(each)}")
        yield f"    {click.style(text, fg=colour)}"
    counts = Counter(each.kind for each in shown.changes)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in _SIGNS if counts[kind])
    whole = f"{shown.said.environment} of {shown.said.organization}"
    would = "would have" if shown.dry else "has"
    yield inert(f"    {whole} {would} {told}" if told else f"    nothing runs in {whole}, and that stays so")


def _told(change: "Change") -> str:
    if change.kind != "changed":
        return ", ".join(map(_name, change.after or change.before))
    return f"{', '.join(map(_name, change.before))} -> {', '.join(map(_name, change.after))}"


def _name(ran: "Ran") -> str:
    name = ran.reference.partition("@")[0] or "?"
    return f"{name}@{ran.digest[:19]}"
