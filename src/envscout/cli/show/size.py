"""Sizes and counts as people read them."""


def human(size: int) -> str:
    """Write a number of bytes with a decimal unit, as docker does: 23 MB."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


def many(count: int, one: str, more: str, columns: int = 0) -> str:
    """Write a count and what is counted: `1 package`, `2 packages`. columns: that the number takes."""
    return f"{count:{columns}} {one if count == 1 else more}" if columns else f"{count} {one if count == 1 else more}"
