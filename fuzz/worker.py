"""One process that fuzzes one target with one engine for some seconds.

What it does is seen from outside: the input at hand lies in FOLDER/now, sums in FOLDER/status.json, what failed in
FOLDER/failed. A process that hangs or dies is thus no loss.
"""

import json
import mmap
import random
import struct
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from fuzz.measure import Failure, Meter, bounded
from fuzz.mutate import MAX_SIZE, growing
from fuzz.targets import Target, targets

NOW = struct.Struct("<QQ")
"""What stands before the input at hand: how many were run before it, and its size."""

LARGEST = 1 << 20
_INTERESTING = 400
_NOTEWORTHY = 0.02
"""CPU seconds for a sixteenth of LARGEST: if they grow with the square, LARGEST takes half of what it may."""


class Session:
    """The state of one process."""

    def __init__(self, target: Target, folder: Path, pace: float) -> None:
        """pace: how much slower than usual code runs here; what looks slow is measured again elsewhere."""
        self.target = target
        self.meter = Meter(target, pace)
        self.runs = 0
        self._folder = folder
        self._failed = folder / "failed"
        self._failed.mkdir(parents=True, exist_ok=True)
        self._known: set[str] = set()
        self._written = 0.0
        self._slowest = self._largest = 0.0
        self._now = _mapped(folder / "now")

    def run(self, data: bytes) -> Failure | None:
        """Run one input and note what came of it."""
        size = min(len(data), LARGEST)
        self._now[: NOW.size] = NOW.pack(self.runs, size)
        self._now[NOW.size : NOW.size + size] = data[:size]
        failure = self.meter.run(data)
        self.runs += 1
        if failure and failure.key not in self._known:
            self._known.add(failure.key)
            self._keep(failure, data)
        if self.meter.slowest > 1.1 * self._slowest + 0.01:
            self._slowest = self.meter.slowest
            (self._folder / "slowest").write_bytes(data)
        if self.meter.peak > self._largest:
            self._largest = self.meter.peak
            (self._folder / "largest").write_bytes(data)
        if time.monotonic() - self._written > 1:
            self.write()
        return failure

    def write(self) -> None:
        """Write the sums."""
        self._written = time.monotonic()
        sums = {"runs": self.runs, "slowest": self.meter.slowest, "peak": self.meter.peak}
        (self._folder / "status.json").write_text(json.dumps(sums), encoding="utf-8")

    def _keep(self, failure: Failure, data: bytes) -> None:
        name = sha256(data).hexdigest()[:16]
        (self._failed / name).write_bytes(data)
        (self._failed / f"{name}.json").write_text(json.dumps(failure._asdict()), encoding="utf-8")


def _mapped(path: Path) -> mmap.mmap:
    with path.open("w+b") as file:
        file.truncate(NOW.size + LARGEST)
        return mmap.mmap(file.fileno(), NOW.size + LARGEST)


def by_chance(session: Session, seeds: Sequence[bytes], seconds: float, seed: str) -> None:
    """Run the seeds, then changes of them and of what new ways of failing or answering they led to."""
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    for data in seeds:
        session.run(data)
    pool = [*seeds] or [b""]
    while time.monotonic() < until:
        data = session.target.mutate(chance.choice(pool), pool, chance)
        session.run(data)
        # A walk of several changes gets further than single ones; half of the pool stays real.
        if chance.random() < 0.02:
            place = len(seeds) + chance.randrange(_INTERESTING)
            pool[place : place + 1] = [data]


def by_growth(session: Session, seeds: Sequence[bytes], seconds: float, seed: str) -> None:
    """Run real inputs in which a piece is repeated; what takes its time is tried again with sixteen times as much.

    Linear work takes sixteen times as long then, and stays far below what is allowed; quadratic work does not.
    """
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    pool = [data for data in seeds if len(data) < LARGEST >> 5] or [b""]
    while time.monotonic() < until:
        grown = growing(chance.choice(pool), chance)
        started = time.process_time()
        session.run(grown(LARGEST >> 4))
        if time.process_time() - started > _NOTEWORTHY:
            session.run(grown(LARGEST))


def by_coverage(session: Session, seeds: Sequence[bytes], seconds: float, seed: str, corpus: Path) -> None:
    """Let atheris choose what to change, by the ways through our code that inputs take. Never returns."""
    import atheris

    chance = random.Random(seed)
    corpus.mkdir(parents=True, exist_ok=True)
    for data in seeds:
        (corpus / sha256(data).hexdigest()[:16]).write_bytes(data)

    def change(data: bytes, max_size: int, number: int) -> bytes:
        if number % 2:
            return bytes(atheris.Mutate(data, len(data) or 1))
        return session.target.mutate(data, seeds, chance)[:max_size]

    def one(data: bytes) -> None:
        session.run(data)

    words = [
        f"-max_total_time={max(int(seconds), 1)}",
        *(f"-max_len={MAX_SIZE}", "-timeout=600", "-rss_limit_mb=3000", "-print_final_stats=1", "-detect_leaks=0"),
        *(f"-seed={int(sha256(seed.encode()).hexdigest()[:7], 16)}", "-len_control=0", "-verbosity=1"),
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *words], one, custom_mutator=change)
    atheris.Fuzz()


def replay(target: Target, data: bytes) -> dict[str, Any]:
    """Run one input a few times in this fresh process; return the failure of the last one and the least time."""
    found: dict[str, Any] = {"failure": None, "slowest": 1e9, "peak": 0}
    for number in range(3):
        meter = Meter(target)
        failure = meter.run(data)
        found["slowest"] = min(found["slowest"], meter.slowest)
        found["peak"] = max(found["peak"], meter.peak)
        # The first run may be slow for what it imports, later ones may find memory that was left to them.
        if failure and (number or failure.kind != "slow"):
            found["failure"] = failure._asdict()
            if failure.kind != "slow":
                break
        elif failure is None and number:
            found["failure"] = None if (found["failure"] or {}).get("kind") == "slow" else found["failure"]
    return found


def main(words: Sequence[str]) -> None:
    """Run one engine as the words say: TARGET ENGINE FOLDER SECONDS SEED SEEDS CORPUS, or TARGET replay FILE."""
    name, engine, place, *rest = words
    target = targets()[name]
    bounded()
    if engine == "replay":
        print(json.dumps(replay(target, Path(place).read_bytes())))
        return
    seconds, seed, folder, corpus = rest
    seeds = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
    session = Session(target, Path(place), 4.0 if engine == "coverage" else 1.0)
    if engine == "coverage":
        by_coverage(session, seeds, float(seconds), seed, Path(corpus))
    else:
        {"chance": by_chance, "growth": by_growth}[engine](session, seeds, float(seconds), seed)
    session.write()


if __name__ == "__main__":
    main(sys.argv[1:])
