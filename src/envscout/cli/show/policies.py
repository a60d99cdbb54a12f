"""Policies themselves: what was applied and what is in force, as lines and as parts of JSON documents."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli.session import CHECK
from envscout.cli.show.size import many
from envscout.cli.show.table import inert, table
from envscout.names import moment

if TYPE_CHECKING:
    from envscout.policies.changes import Change
    from envscout.policies.force import Applied, Effective
    from envscout.verbs.govern import Step

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def origin(found: "Effective") -> str:
    """Return in words where policies come from."""
    if found.applied:
        by = f" by {found.applied.actor}" if found.applied.actor else ""
        file = f" ({found.applied.file}, {short(found.applied.digest)})" if found.applied.file else ""
        return f"those of {found.applied.scope}, applied {moment.show(found.applied.at)}{by}{file}"
    if found.source == "standard":
        return "the standard ones"
    return f"those of {found.where}" if found.source != "config" else f"the standard ones, changed by {found.where}"


def short(digest: str) -> str:
    """Return a digest as people read it."""
    return digest.removeprefix("sha256:")[:12]


def in_force(found: "Effective") -> dict[str, Any]:
    """Return the part of a document that says which policies were in force, and where they came from."""
    return {
        "source": found.source,
        "where": found.where or None,
        "digest": found.digest,
        "policies": [each.id for each in found.policies],
        "applied": applied(found.applied) if found.applied else None,
    }


def applied(each: "Applied") -> dict[str, Any]:
    """Return what was put in force, without the policies."""
    fields = msgspec.structs.asdict(each)
    section = fields.pop("section")
    return {
        **fields,
        "environment": each.environment or None,
        "at": moment.show(each.at),
        "extends": section.extends or None,
        "policies": [one.id or one.name for one in section.policies],
    }


def listed(found: Sequence["Applied"]) -> Iterable[str]:
    """Return the lines of `policy list`."""
    rows = [
        (
            each.organization,
            each.environment or "(all)",
            moment.show(each.at),
            each.actor,
            short(each.digest),
            str(len(each.section.policies)),
            each.section.extends,
            each.file,
        )
        for each in found
    ]
    head = ("Organization", "Environment", "Applied", "By", "Digest", "Policies", "Extends", "File")
    return table(head, rows) if rows else ()


def steps(found: Sequence["Step"], dry_run: bool) -> dict[str, Any]:
    """Return the content of the document of `policy apply`."""
    return {
        "dry_run": dry_run,
        "scopes": [
            {
                "organization": each.organization,
                "environment": each.environment or None,
                "changed": each.written,
                "before": in_force(each.before),
                "after": in_force(each.after if each.written else each.before),
                "changes": [msgspec.structs.asdict(one) for one in each.changes],
            }
            for each in found
        ],
    }


def told(found: Sequence["Step"], dry_run: bool) -> Iterator[str]:
    """Return the lines of `policy apply`."""
    for each in found:
        scope = (
            f"environment {each.environment} of {each.organization}"
            if each.environment
            else (f"organization {each.organization}")
        )
        if not each.written and not each.changes:
            yield inert(f"    {scope}: unchanged")
            continue
        yield inert(f"    {scope}: {_number(each)}")
        yield from (line for one in each.changes for line in _change(one))
    written = sum(each.written for each in found)
    if dry_run:
        yield f"    nothing was applied; {many(written, 'scope', 'scopes')} would be"
    elif written:
        yield f"    {click.style(CHECK, fg='green')} applied to {many(written, 'scope', 'scopes')}"
    else:
        yield f"    {click.style(CHECK, fg='green')} unchanged, nothing to apply"


def _number(each: "Step") -> str:
    count = many(len(each.after.policies), "policy", "policies")
    return f"{count} in force" if each.changes else f"{count} in force, the same as before"


def _change(one: "Change") -> Iterator[str]:
    yield inert(f"      {_SIGNS[one.what]} {one.policy}")
    yield from (inert(f"          {each}") for each in one.details)
