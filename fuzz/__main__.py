"""`make fuzz`: every target for its share of the time, two engines, and a table of what came of it.

Variables: FUZZ_MINUTES, of all targets together (60); FUZZ_JOBS, how many run at once (2); FUZZ_FOLDER, where seeds,
corpora and results lie (build/fuzz); FUZZ_TARGETS, names of some targets; FUZZ_ENGINES, some of them; and those of
fuzz/seeds.py. Exit code 1 where something failed.
"""

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from fuzz import seeds
from fuzz.guard import Result, fuzzed
from fuzz.targets import targets

ENGINES = ("chance", "growth", "coverage")
_COLUMNS = "{:<20} {:>10} {:>8} {:>9} {:>11} {:>9}  {}"


def main() -> int:
    """Fuzz, print the table, return the exit code."""
    folder = Path(os.environ.get("FUZZ_FOLDER") or seeds.ROOT / "build" / "fuzz").absolute()
    names = os.environ.get("FUZZ_TARGETS", "").split() or list(targets())
    engines = _engines()
    jobs = int(os.environ.get("FUZZ_JOBS") or 2)
    each = float(os.environ.get("FUZZ_MINUTES") or 60) * 60 * jobs / len(names) / len(engines)
    print(f"{len(names)} targets, {' and '.join(engines)}, {each:.0f} s each, {jobs} at a time; seeds in {folder}")
    if not all((folder / "seeds" / name).is_dir() for name in names):
        seeds.gathered(folder / "seeds")
    print(
        _COLUMNS.format("target", "executions", "each s", "coverage", "s / 100 kB", "peak MiB", "failures"), flush=True
    )
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda name: _one(name, engines, folder, each), names))
    return _told(results)


def _engines() -> Sequence[str]:
    wanted = os.environ.get("FUZZ_ENGINES", "").split() or ENGINES
    if "coverage" in wanted and find_spec("atheris") is None:
        print("atheris is not installed: nothing is guided by coverage")
        return [engine for engine in wanted if engine != "coverage"] or ["chance"]
    return wanted


def _one(name: str, engines: Sequence[str], folder: Path, seconds: float) -> Result:
    # Another seed each time: two runs find more than one.
    result = fuzzed(targets()[name], engines, folder, seconds, f"{name} {time.time()}")
    print(_row(result), flush=True)
    return result


def _row(result: Result) -> str:
    pace = result.runs / result.seconds if result.seconds else 0
    failed = f"{len(result.failures)}" if result.failures else ""
    failed += f" (+{result.unconfirmed} not again)" if result.unconfirmed else ""
    said = [f"{result.runs:,}", f"{pace:,.0f}", result.coverage or "-", f"{result.slowest:.3f}", result.peak >> 20]
    return _COLUMNS.format(result.name, *said, failed)


def _told(results: Sequence[Result]) -> int:
    runs, seconds = sum(result.runs for result in results), sum(result.seconds for result in results)
    failures = [(result.name, path, failure) for result in results for path, failure in result.failures]
    print(f"{runs:,} executions in {seconds / 60:.0f} minutes of fuzzing; {len(failures)} failures")
    for name, path, failure in failures:
        print(f"\n{name}: {failure.key}\n  {path}\n{failure.text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
