"""The questions of a large fleet: envscout's own functions beside bare SQL that asks the same of the same data.

    python bench/fleet.py [--work FOLDER] [--scale 0.05] [--times N] [--only QUESTION]

Builds the fleet of bench/synthetic.py once and keeps it in FOLDER. "bare" is the least SQL that answers
(bench/bare.sql), "sql" what envscout runs for exactly that, "whole" the function a user's command calls, with what it
tells beyond: records, severities, places, coverage. "prototype" is the figure the design was decided on (full size, two
cores). The bar: sql at most 1.5 times bare. At the end both must have given the same answers.
"""

import argparse
import gc
import tempfile
from pathlib import Path

import questions
import synthetic
from measure import heading
from shape import Sizes
from sql import queries

from envscout.store import Database

_QUESTIONS = (
    questions.full_match,
    questions.one_image,
    questions.find_cve,
    questions.compare,
    questions.explain_one,
)


def main() -> None:
    """Build the fleet where it is not there yet, measure, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "envscout-bench", help="kept fleet")
    wanted.add_argument("--scale", type=float, default=1.0, help="size, 1 = 20,000 images")
    wanted.add_argument("--times", type=int, default=7, help="runs of each whole-fleet question")
    wanted.add_argument("--only", choices=[each.__name__ for each in _QUESTIONS], help="ask one question alone")
    wanted.add_argument("--samples", type=int, default=100, help="images and CVEs asked about")
    options = wanted.parse_args()
    heading()
    # As the program does, which looks for cycles seldom.
    gc.set_threshold(50_000)
    path = fleet(options.work, options.scale)
    with Database(path) as database:
        sizes = database.connection.execute(queries("bare")["sizes"]).fetchone()
        labels = ("names", "packages", "sets", "links", "images", "advisories", "ranges", "findings", "deployments")
        print("# " + ", ".join(f"{size:,} {label}" for size, label in zip(sizes, labels, strict=True)))
        print(
            f"{'ms, median':34}{'prototype':>10}{'bare':>10}{'sql':>10}{'sql/bare':>10}{'whole':>10}{'whole/bare':>12}"
        )
        for question in _QUESTIONS:
            if options.only in (None, question.__name__):
                _print(question(database, options.times, options.samples))
        if options.only:
            return
        questions.agree(database, options.samples)
    _print(questions.refresh(path, options.times))
    print("# product and bare SQL agree")


def fleet(folder: Path, scale: float) -> Path:
    """Return the file of the fleet of a size, built where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"fleet-{synthetic.edition()}-{scale:g}.db"
    if not path.exists():
        print(f"# building {path}", flush=True)
        synthetic.build(path, Sizes() if scale == 1 else Sizes().scaled(scale))
    return path


def _print(rows: list[questions.Row]) -> None:
    for row in rows:
        bare, sql, whole = (_ms(seconds) for seconds in (row.bare, row.sql, row.whole))
        over_bare = (_over(row.sql, row.bare, 10), _over(row.whole, row.bare, 12))
        print(f"{row.label:34}{row.prototype:>10}{bare}{sql}{over_bare[0]}{whole}{over_bare[1]}")


def _ms(seconds: float | None) -> str:
    return f"{'' if seconds is None else f'{seconds * 1000:.2f}':>10}"


def _over(a: float | None, b: float | None, width: int) -> str:
    return f"{f'{a / b:.2f}x' if a and b else '':>{width}}"


if __name__ == "__main__":
    main()
