"""What a worker says failed, run again in a process of its own; what fails there is made smaller and kept."""

import gzip
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from fuzz.measure import Failure, Meter
from fuzz.seeds import ROOT
from fuzz.shrink import smaller
from fuzz.targets import Target

SECONDS = 60
"""How long one input may take when it is run alone; what takes longer hangs."""

MAX_KEPT = 10_000
"""Bytes of an input that is worth keeping in the repository, packed if need be."""


class Run(NamedTuple):
    """What one input did in a process of its own. slowest: CPU seconds per 100 kB; peak: bytes."""

    failure: Failure | None
    slowest: float
    peak: int


def alone(name: str, path: Path) -> Run:
    """Run the input in this file."""
    words = [sys.executable, "-m", "fuzz.worker", name, "replay", str(path)]
    try:
        done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Run(Failure("hang", "", f"more than {SECONDS} s"), SECONDS, 0)
    if done.returncode:
        return Run(Failure("crash", str(done.returncode), done.stderr.decode(errors="replace")[-2000:]), 0, 0)
    said = json.loads(done.stdout)
    return Run(Failure(**said["failure"]) if said["failure"] else None, said["slowest"], said["peak"])


def environment() -> dict[str, str]:
    """Return the environment of workers: the repository's folder is where `fuzz` and `tests` are imported from."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"}


def kept(target: Target, data: bytes, failure: Failure, folders: tuple[Path, Path]) -> Path:
    """Make an input smaller and write it below the first of two folders, or the second one if it stays too large."""
    if failure.kind in ("error", "broken"):
        meter = Meter(target, 1e9)
        data = smaller(data, lambda each: _same(meter.run(each), failure), 20)
    elif failure.kind == "slow":
        meter = Meter(target)
        data = smaller(data, lambda each: _same(meter.run(each), failure), 60)
    name = sha256(data).hexdigest()[:12]
    packed = gzip.compress(data, 9, mtime=0)
    place, content = (name, data) if len(data) <= MAX_KEPT else (f"{name}.gz", packed)
    folder = folders[len(content) > MAX_KEPT] / target.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / place).write_bytes(content)
    return folder / place


def _same(found: Failure | None, wanted: Failure) -> bool:
    return found is not None and found.key == wanted.key
