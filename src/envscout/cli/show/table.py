"""Plain tables with box lines, as Docker Scout draws them."""

import unicodedata
from collections.abc import Iterable, Sequence


def inert(text: str) -> str:
    """Make text from an image or feed safe for a terminal: control characters are shown, not obeyed."""
    if text.isprintable():
        return text
    return "".join(each if unicodedata.category(each)[0] != "C" else f"\\x{ord(each):02x}" for each in text)


def width(text: str) -> int:
    """Return how many columns text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table; a column that is empty in every row is left out."""
    cells = [[inert(cell) for cell in row] for row in rows]
    kept = [i for i in range(len(head)) if not cells or any(row[i] for row in cells)]
    shown = [[head[i] for i in kept], *([row[i] for i in kept] for row in cells)]
    widths = [max(width(row[i]) for row in shown) for i in range(len(kept))]
    lines = [
        "  " + "  ".join(pad(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in shown
    ]
    return [lines[0], "─" * (sum(widths) + 2 * len(widths)), *lines[1:]]


def pad(text: str, columns: int) -> str:
    """Fill text with spaces up to a number of columns."""
    return text + " " * (columns - width(text))
