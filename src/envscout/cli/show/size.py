"""Sizes as people read them."""


def human(size: int) -> str:
    """Write a number of bytes with a decimal unit, as docker does: 23 MB."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
