"""How everything here is measured: alternated runs, medians, wall and CPU, ratios. Measures nothing itself."""

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Timing(NamedTuple):
    """What one run took, in seconds. cpu: user and system time, of child processes too."""

    wall: float
    cpu: float


Run = Callable[[], Timing]


def process(command: Sequence[str], env: Mapping[str, str] | None = None) -> Timing:
    """Run a program to its end and time it whole. Raise CalledProcessError with what it said if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace"))
        raise subprocess.CalledProcessError(done.returncode, command)
    return Timing(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def call(function: Callable[[], object]) -> Timing:
    """Time a call in this process."""
    start, cpu = time.perf_counter(), time.process_time()
    function()
    return Timing(time.perf_counter() - start, time.process_time() - cpu)


def alternate(times: int, *runs: Run) -> list[Timing]:
    """Run all of them in turn, `times` times; return the median of each, so that a busy moment hits them alike."""
    taken: list[list[Timing]] = [[] for _ in runs]
    for _ in range(times):
        for timings, run in zip(taken, runs, strict=True):
            timings.append(run())
    return [median(timings) for timings in taken]


def median(timings: Sequence[Timing]) -> Timing:
    """Return the median wall time and the median CPU time."""
    return Timing(statistics.median(t.wall for t in timings), statistics.median(t.cpu for t in timings))


def ratio(measured: Timing, against: Timing) -> str:
    """Return how many times as long it took, in wall time and in CPU time."""
    return f"{measured.wall / against.wall:5.2f}x wall  {_over(measured.cpu, against.cpu)} cpu"


def _over(a: float, b: float) -> str:
    return f"{a / b:5.2f}x" if b else "    -"


def shown(timing: Timing) -> str:
    """Return a timing in the unit that suits it."""
    unit, factor = ("s ", 1) if timing.wall >= 1 else ("ms", 1000)
    return f"{timing.wall * factor:8.2f} {unit} wall  {timing.cpu * factor:8.2f} {unit} cpu"


def heading() -> None:
    """Print the command, the machine and how busy it is."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"# python {' '.join(sys.argv)}")
    print(f"# {time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {_processor()}, load {load}")
    print(f"# {platform.system()} {platform.machine()}, {platform.python_implementation()} {platform.python_version()}")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )


def test_data(given: Path | None) -> Path | None:
    """Return the folder of real data: as given, else as ENVSCOUT_TEST_DATA says, else None."""
    named = os.environ.get("ENVSCOUT_TEST_DATA", "")
    return given or (Path(named) if named else None)


def program() -> str:
    """Return the path of the `envscout` that belongs to this interpreter."""
    return str(Path(sys.executable).with_name("envscout"))
