"""Watches over the workers of one target: starts them, ends those that hang, and gathers what they found."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from fuzz import confirm
from fuzz.measure import Failure
from fuzz.seeds import KEPT, ROOT
from fuzz.targets import Target
from fuzz.worker import NOW

STUCK = 20.0
"""CPU seconds within one input after which a worker is ended."""

_MODULES = {"chance": "fuzz.worker", "growth": "fuzz.worker", "coverage": "fuzz.watched"}
_COVERAGE = re.compile(r"cov: (\d+)")
_TICKS = 100


class Result(msgspec.Struct):
    """What came of one target. coverage: edges that atheris counted, 0 if it did not run."""

    name: str
    runs: int = 0
    seconds: float = 0
    coverage: int = 0
    slowest: float = 0
    peak: int = 0
    unconfirmed: int = 0
    failures: list[tuple[Path, Failure]] = []


def fuzzed(
    target: Target, engines: Sequence[str], folder: Path, seconds: float, seed: str, keep: Path = KEPT
) -> Result:
    """Run each engine for some seconds, confirm what it found, and keep what fails in the folder `keep`.

    folder: has `seeds` with a folder for the target; what workers leave is written beside it.
    """
    result = Result(target.name)
    known: set[str] = set()
    for engine in engines:
        place = folder / "work" / target.name / f"{engine}-{int(time.time() * 1000)}"
        place.mkdir(parents=True)
        started = time.monotonic()
        _watch(target, engine, folder, place, seconds, seed)
        result.seconds += time.monotonic() - started
        result.runs += _runs(place)
        result.coverage = max(result.coverage, _coverage(place))
        _measure(target, place, result)
        _confirm(target, place, (keep, folder / "failures"), known, result)
    return result


def _watch(target: Target, engine: str, folder: Path, place: Path, seconds: float, seed: str) -> None:
    """Run one worker to its end, or to the end of its time or patience."""
    words = [str(place), str(seconds), seed, str(folder / "seeds" / target.name), str(folder / "corpus" / target.name)]
    command = [sys.executable, "-m", _MODULES[engine], target.name, engine, *words]
    with (place / "log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=ROOT, env=confirm.environment(), stdout=log, stderr=log)
        why = _waited(worker, place, time.monotonic() + seconds + 120)
    if why:
        _note(place, Failure(why, "", (place / "log").read_text(errors="replace")[-2000:]))


def _waited(worker: "subprocess.Popen[bytes]", place: Path, until: float) -> str:
    """Wait for a worker; return why it came to a bad end, "" for a good one."""
    at, since = -1, 0.0
    while worker.poll() is None:
        time.sleep(0.5)
        now, spent = _at(place), _spent(worker.pid)
        if now != at:
            at, since = now, spent
        elif at >= 0 and spent - since > STUCK:
            worker.kill()
            worker.wait()
            return "hang"
        if time.monotonic() > until:
            worker.kill()
            worker.wait()
            return "hang"
    return "" if worker.returncode == 0 else "crash"


def _at(place: Path) -> int:
    """Return how many inputs were run, -1 before the first."""
    try:
        with (place / "now").open("rb") as file:
            runs, size = NOW.unpack(file.read(NOW.size))
    except (OSError, ValueError):
        return -1
    return int(runs) if runs or size else -1


def _spent(process: int) -> float:
    """Return the CPU seconds of a process, 0 where it has ended (proc(5), stat)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _note(place: Path, failure: Failure) -> None:
    """Write the input at hand as one that failed."""
    data = (place / "now").read_bytes() if (place / "now").exists() else bytes(NOW.size)
    size = NOW.unpack_from(data)[1]
    failed = place / "failed"
    failed.mkdir(exist_ok=True)
    (failed / failure.kind).write_bytes(data[NOW.size : NOW.size + size])
    (failed / f"{failure.kind}.json").write_text(json.dumps(failure._asdict()), encoding="utf-8")


def _runs(place: Path) -> int:
    return max(_at(place) + 1, 0)


def _coverage(place: Path) -> int:
    found = _COVERAGE.findall((place / "log").read_text(errors="replace"))
    return int(found[-1]) if found else 0


def _measure(target: Target, place: Path, result: Result) -> None:
    """Measure the slowest and the largest input again, alone."""
    for name in ("slowest", "largest"):
        if (place / name).exists():
            run = confirm.alone(target.name, place / name)
            result.slowest, result.peak = max(result.slowest, run.slowest), max(result.peak, run.peak)


def _confirm(target: Target, place: Path, folders: tuple[Path, Path], known: set[str], result: Result) -> None:
    for path, said in _said(place):
        run = confirm.alone(target.name, path)
        failure = run.failure
        if failure is None and said.kind in ("slow", "memory", "hang"):
            result.unconfirmed += 1
        elif failure is None:
            # It failed once: what it depends on beside its bytes is worth finding out.
            result.failures.append((path, said._replace(text=f"not again when run alone\n{said.text}")))
        elif failure.key not in known:
            known.add(failure.key)
            result.failures.append((confirm.kept(target, path.read_bytes(), failure, folders), failure))


def _said(place: Path) -> Iterator[tuple[Path, Failure]]:
    for note in sorted((place / "failed").glob("*.json")) if (place / "failed").is_dir() else ():
        yield note.with_suffix(""), Failure(**json.loads(note.read_text(encoding="utf-8")))
