"""Columns parted by lines, with cells of several lines, as Docker Scout draws what it says of images."""

from collections.abc import Iterable, Sequence

from envscout.cli.show.table import inert, pad, width


def columns(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> list[str]:
    """Return the lines of rows whose cells may hold several lines; with a head, rows are parted from it."""
    cells = [[[inert(line) for line in cell.split("\n")] for cell in row] for row in rows]
    shown = [[[title] for title in head], *cells] if head else cells
    if not shown:
        return []
    widths = [max(width(line) for row in shown for line in row[i]) for i in range(len(shown[0]))]
    lines = [line for row in shown for line in _lines(row, widths)]
    if head:
        lines.insert(1, "┼".join("─" * (size + 2) for size in widths))
    return lines


def _lines(row: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterable[str]:
    for number in range(max(len(cell) for cell in row)):
        parts = [cell[number] if number < len(cell) else "" for cell in row]
        yield "│".join(f" {pad(part, size)} " for part, size in zip(parts, widths, strict=True)).rstrip()
