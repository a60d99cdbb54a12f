"""Clocks that jump, and clocks that disagree."""

import time
from pathlib import Path

import pytest

from tests.faults.conftest import Make
from tests.faults.invariants import check
from tests.servers.program import unavailable

JUMPS = ("+0", "+45d", "-45d", "+1h", "-1s", "+0")


def faked(file: Path) -> dict[str, str]:
    """Return the environment in which the time of day is moved by what a file says; what is measured is left alone."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        unavailable("missing library: libfaketime")
    file.write_text("+0\n")
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_the_clock_jumps_under_load(make: Make, patience: float, engine: str) -> None:
    world = make(engine)
    clock = world.folder / "clock"
    world.start(apis=2 if engine == "postgresql" else 1, workers=0, more=faked(clock))
    if engine == "postgresql":
        # The other one has the right time all along.
        world.apis[1].stop()
        del world.apis[1].env["LD_PRELOAD"]
        world.apis[1].start()
        world.apis[1].await_ready()
    with world.load() as load:
        for jump in JUMPS:
            clock.write_text(f"{jump}\n")
            load.await_count(5)
            time.sleep(patience / len(JUMPS) / 2)
    assert not load.log.failures
    check(world)
