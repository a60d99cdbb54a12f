"""How the order tests read their plain data."""

from collections.abc import Callable, Iterator
from pathlib import Path

OPERATORS: dict[str, Callable[[bytes, bytes], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
Line = tuple[str, str, str]

HERE = Path(__file__).parent


def tables() -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each table's scheme and lines, as words: `1.0~rc1 < 1.0`, or `none dev-main` for what has no key."""
    for path in sorted((HERE / "tables").glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        yield path.stem, [line.split(None, 2) for line in lines if line and not line.startswith("#")]


def suite(path: Path) -> list[Line]:
    """Return the lines `left op right` of a conformance file, which starts with its header."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:])
    return [(left, op, right) for left, op, right in rows]


def holds(left: bytes | None, op: str, right: bytes | None) -> bool:
    """Say whether two keys stand as `op` says; a version without key stands nowhere."""
    return left is not None and right is not None and OPERATORS[op](left, right)
