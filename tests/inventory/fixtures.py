"""Real files beside the tests of each group; SOURCES.md in each folder says where they are from."""

from pathlib import Path

HERE = Path(__file__).parent


def fixture(group: str, name: str) -> bytes:
    """Return one file of `tests/inventory/GROUP/fixtures`."""
    return (HERE / group / "fixtures" / name).read_bytes()


def fixtures() -> list[Path]:
    """Return all files of all groups."""
    return sorted(path for path in HERE.glob("*/fixtures/**/*") if path.is_file() and path.name != "SOURCES.md")
