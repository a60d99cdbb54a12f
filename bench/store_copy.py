"""A whole store copied from a file into PostgreSQL and back, each row compared: how long, and how many rows a second.

    python bench/store_copy.py [--work FOLDER] [--scale 0.25]

Builds the fleet of bench/synthetic.py where it is not there yet, and copies it by `envscout store copy` into a durable
PostgreSQL of its own on the same machine, then from there into a new file.
"""

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path

import server_store
from fleet import fleet
from measure import Timing, heading, process, program

from envscout.store import Database, catalog


def main() -> None:
    """Build, copy, copy back, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "envscout-bench", help="kept fleet")
    wanted.add_argument("--scale", type=float, default=1.0, help="size, 1 = 20,000 images")
    options = wanted.parse_args()
    heading()
    file = fleet(options.work, options.scale)
    rows = _rows(file)
    print(f"# {rows:,} rows, {file.stat().st_size / 1e6:,.0f} MB")
    with server_store.server() as postgres, tempfile.TemporaryDirectory(prefix="envscout-bench-") as folder:
        env = server_store.environment(Path(folder), postgres.place())
        place, back = postgres.make(), str(Path(folder) / "back.db")
        for label, words in (("file -> PostgreSQL", (str(file), place)), ("PostgreSQL -> file", (place, back))):
            _print(label, rows, process([program(), "store", "copy", *words], env))


def _rows(file: Path) -> int:
    with Database(file) as database, database.read() as connection:
        return sum(_count(catalog.rows(connection, each, each.columns[:1])) for each in catalog.tables(connection))


def _count(rows: Iterable[object]) -> int:
    return sum(1 for _ in rows)


def _print(label: str, rows: int, timing: Timing) -> None:
    print(
        f"{label:22}{timing.wall:8.1f} s{timing.cpu:8.1f} s CPU of envscout{rows / timing.wall:12,.0f} rows/s",
        flush=True,
    )


if __name__ == "__main__":
    main()
