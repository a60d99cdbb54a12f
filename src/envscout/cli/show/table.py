"""Plain tables with box lines, as Docker Scout draws them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

# Before Hangul nothing is wide, and no arrow is.
_NARROW = re.compile("[\x00-\u10ff\u2190-\u21ff]*")


def inert(text: str) -> str:
    """Make text from an image or feed safe for a terminal: control characters are shown, not obeyed; it is one line."""
    if text.isprintable():
        return text
    return "".join(each if _is_harmless(unicodedata.category(each)) else f"\\x{ord(each):02x}" for each in text)


def _is_harmless(category: str) -> bool:
    # https://www.unicode.org/reports/tr44/#General_Category_Values: controls, and what ends a line or a paragraph.
    return category[0] != "C" and category not in ("Zl", "Zp")


def width(text: str) -> int:
    """Return how many columns text takes on a terminal."""
    if _NARROW.fullmatch(text):
        return len(text)
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table; a column that is empty in every row is left out."""
    cells = [[inert(cell) for cell in row] for row in rows]
    kept = [i for i in range(len(head)) if not cells or any(row[i] for row in cells)]
    columns = [[head[i], *(row[i] for row in cells)] for i in kept]
    sizes = [[width(cell) for cell in column] for column in columns]
    widest = [max(column) for column in sizes]
    padded = [
        [cell + " " * (most - size) for cell, size in zip(column, taken, strict=True)]
        for column, taken, most in zip(columns, sizes, widest, strict=True)
    ]
    lines = [f"  {'  '.join(row)}".rstrip() for row in zip(*padded, strict=True)]
    return [lines[0], "─" * (sum(widest) + 2 * len(widest)), *lines[1:]]


def pad(text: str, columns: int) -> str:
    """Fill text with spaces up to a number of columns."""
    return text + " " * (columns - width(text))
