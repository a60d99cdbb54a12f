"""Secrets found in an image, as a section of text. The secrets themselves are nowhere in it."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from envscout.cli.show.table import table

if TYPE_CHECKING:
    from envscout.model import Secret
    from envscout.verbs.embedded import Searched

NONE = "No secrets of the known kinds found"
_EXAMPLE = "example"
_SHORT = 12


def summary(searched: "Searched") -> str:
    """Return one sentence: how many of which certainty, and how much was searched."""
    looked = f"in {searched.files:,} files of all layers and in the configuration"
    if not searched.secrets:
        return f"{NONE} {looked}"
    counts = Counter(each.certainty for each in searched.secrets)
    said = ", ".join(f"{counts[word]} {word}" for word in ("checked", "likely", _EXAMPLE) if counts[word])
    return f"{len(searched.secrets)} secrets of the known kinds found {looked}: {said}"


def section(secrets: Sequence["Secret"]) -> list[str]:
    """Return the lines of the section: what looks like an example is counted, the rest is listed."""
    shown = [each for each in secrets if each.certainty != _EXAMPLE]
    examples = len(secrets) - len(shown)
    lines = ["", "Secrets", *table(_HEAD, map(_row, shown))] if shown else ["", NONE]
    if examples:
        lines.append(f"{examples} more look like examples; --format json lists them")
    return lines


_HEAD = ("Kind", "Certainty", "Where", "Layer", "In the container", "Text")


def _row(each: "Secret") -> tuple[str, ...]:
    where = f"/{each.path}" if each.place == "file" else f"{each.place} {each.name}".strip()
    text = f"{each.starts}… ({each.length} characters)" if each.length else ""
    line = f":{each.line}" if each.line and each.place == "file" else f" step {each.line}" if each.line else ""
    layer = each.layer.rpartition(":")[2][:_SHORT]
    return each.title, each.certainty, where + line, layer, "visible" if each.visible else "removed", text
