"""What became of feeds, for people."""

from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from envscout.verbs.update.ready import FeedResult


def told(result: "FeedResult") -> str:
    """Return the line of a feed that was applied, or was as it is."""
    mark = click.style("✓", fg="green")
    if result.unchanged:
        return f"    {mark} {result.name}: unchanged, {result.records} records"
    change = result.change
    text = f"    {mark} {result.name}: {result.records} records"
    if any(msgspec.structs.astuple(change)):
        text += f" ({change.added} new, {change.changed} changed, {change.withdrawn} gone)"
    return text + (f", {result.problems} problems (`envscout db status --problems`)" if result.problems else "")
