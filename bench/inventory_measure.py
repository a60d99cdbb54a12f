"""What listing an image costs: wall time, CPU time and memory of whole processes, alternated, as medians and ratios."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from inventory_peers import Lister, Question

# A process's peak counts what its parent had at the fork: the parent is a Python that has imported next to nothing.
_LAUNCHER = """
import os, sys, time
start = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss, file=open(3, "w"))
sys.exit(os.waitstatus_to_exitcode(status))
"""
_KIB = 1024


class Cost(NamedTuple):
    """What one run took. wall, cpu: seconds, cpu with that of child processes; peak: bytes, of the largest process."""

    wall: float
    cpu: float
    peak: int


class Case(NamedTuple):
    """One thing to measure. before: called ahead of each run, untimed."""

    label: str
    question: Question
    before: Callable[[], object] = lambda: None


def measure(cases: Sequence[Case], times: int) -> dict[str, Cost]:
    """Run all cases in turn, `times` times; return the median of each under its label."""
    taken: dict[str, list[Cost]] = {case.label: [] for case in cases}
    for _ in range(times):
        for case in cases:
            case.before()
            taken[case.label].append(run(case.question))
    return {label: median(costs) for label, costs in taken.items()}


def run(question: Question, answer: Path | None = None) -> Cost:
    """Run a command to its end, its output written to a file if one is given. Raise CalledProcessError if it fails."""
    with tempfile.TemporaryFile("w+") as said, tempfile.NamedTemporaryFile("r") as cost:
        words = ["sh", "-c", 'exec 3>"$0"; exec "$@"', cost.name, sys.executable, "-I", "-S", "-c", _LAUNCHER]
        with (answer or Path("/dev/null")).open("wb") as output:
            done = subprocess.run([*words, *question.words], env=question.env, stdout=output, stderr=said, check=False)
        if done.returncode:
            said.seek(0)
            sys.stderr.write(said.read()[-2000:])
            raise subprocess.CalledProcessError(done.returncode, question.words)
        wall, cpu, peak = cost.read().split()
    return Cost(float(wall), float(cpu), int(peak) * _KIB)


def median(costs: Sequence[Cost]) -> Cost:
    """Return the medians of wall time, CPU time and peak."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        int(statistics.median(cost.peak for cost in costs)),
    )


def cases(listers: Sequence[Lister], product: Lister, home: Path, layout: Path, pushed: str) -> list[Case]:
    """Return what is measured of one image, from its layout and, if it was pushed, from the registry.

    home: the folder of the product's data. pushed: `HOST/NAME:TAG` or "".
    """
    found = [Case(f"{lister.name}, layout", lister.layout(layout)) for lister in listers]
    found += _product(product.layout(layout), home, "layout")
    if pushed:
        found += _product(product.registry(pushed), home, "registry") if product.registry else []
        found += [Case(f"{each.name}, registry", each.registry(pushed)) for each in listers if each.registry]
    bare = Question((sys.executable, "-I", "-c", "pass"), os.environ)
    return [*found, Case("bare interpreter", bare)]


def _product(question: Question, home: Path, source: str) -> list[Case]:
    """Return the product's two cases: on a store that knows nothing, and then once more on the same."""
    cold = Case(f"envscout, {source}", question, lambda: shutil.rmtree(home, ignore_errors=True))
    return [cold, Case(f"envscout, {source}, warm", question)]


class Bar(NamedTuple):
    """At most `limit` times another case, in each of the named fields of Cost."""

    case: str
    limit: float
    against: str
    fields: tuple[str, ...]


BARS = (
    Bar("envscout, layout", 1.8, "floor, layout", ("cpu", "wall")),
    Bar("envscout, layout", 0.5, "trivy, layout", ("cpu", "wall", "peak")),
    Bar("envscout, layout", 0.125, "syft, layout", ("cpu",)),
    Bar("envscout, layout, warm", 5, "bare interpreter", ("wall",)),
)


def table(costs: Mapping[str, Cost], judged: bool) -> list[str]:
    """Return a line for each case and, if asked to judge, for each bar whether it is met."""
    base = costs["floor, layout"]
    lines = [
        f"  {label:26} {cost.wall:8.2f} s {cost.cpu:8.2f} s cpu {cost.peak / 2**20:7.0f} MiB"
        f" {cost.wall / base.wall:7.2f}x {cost.cpu / base.cpu:6.2f}x of the floor"
        for label, cost in costs.items()
    ]
    return lines + [line for bar in BARS if judged for line in _judged(bar, costs)]


def _judged(bar: Bar, costs: Mapping[str, Cost]) -> list[str]:
    if bar.against not in costs:
        return [f"  {bar.case} against {bar.against}: not measurable here"]
    lines = []
    for field in bar.fields:
        value = getattr(costs[bar.case], field) / getattr(costs[bar.against], field)
        verdict = "met" if value <= bar.limit else "NOT MET"
        lines.append(f"  {bar.case}: {field} {value:.3f} of {bar.against}, at most {bar.limit}: {verdict}")
    return lines
