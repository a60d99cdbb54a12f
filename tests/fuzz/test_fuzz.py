"""The fuzzer: what once failed does not fail again, every target takes changed inputs, and failures are noticed."""

import random
from pathlib import Path

import pytest

from fuzz import guard, seeds, shapes
from fuzz.measure import MEMORY, Failure, Meter
from fuzz.promises import check
from fuzz.shrink import smaller
from fuzz.targets import Target, targets

TARGETS = targets()
COMMITTED = seeds.committed()
KEPT = [(name, file) for name in TARGETS for file in seeds.kept(name)]
PATIENCE = 20
"""What hangs is told from what waits for a busy machine: no test measures time."""


def spin(data: bytes) -> None:
    """Take longer than a thousandth of a second."""
    sum(number * number for number in range(1_000_000))


def divide(data: bytes) -> None:
    """Raise for some inputs."""
    _ = 1 // (data.count(b"x") - 1)


@pytest.mark.parametrize(("name", "file"), KEPT)
def test_what_once_failed_is_read(name: str, file: str) -> None:
    assert Meter(TARGETS[name], PATIENCE).run(seeds.kept(name)[file]) is None


def test_what_is_kept_belongs_to_a_target() -> None:
    assert {path.name for path in seeds.KEPT.iterdir()} <= TARGETS.keys()
    assert all(path.stat().st_size <= 10_000 for path in seeds.KEPT.rglob("*"))


@pytest.mark.parametrize("name", TARGETS)
def test_real_inputs_and_changes_of_them_are_read(name: str) -> None:
    inputs = COMMITTED[name]
    assert inputs, "nothing to begin with"
    meter, chance = Meter(TARGETS[name], PATIENCE), random.Random(name)
    for data in inputs[:20]:
        assert meter.run(data) is None
    small = [data for data in inputs if len(data) < 50_000] or inputs
    for _ in range(12):
        data = TARGETS[name].mutate(chance.choice(small), small, chance)
        assert meter.run(data) is None, data[:500]


@pytest.mark.parametrize(
    ("run", "patience", "expected"),
    [
        (divide, 1, Failure("error", "ZeroDivisionError in test_fuzz.divide")),
        (lambda data: check(b"x" in data, "there is an x"), 1, Failure("broken", "there is an x")),
        (spin, 0.001, Failure("slow", "")),
        (lambda data: bytearray(2 * MEMORY).count(1), 1, Failure("memory", "")),
    ],
)
def test_failures_are_noticed(run: object, patience: float, expected: Failure) -> None:
    target = Target("x", run)  # type: ignore[arg-type]
    meter = Meter(target, patience)
    found = [meter.run(data) for data in (b"x", b"")]
    assert any(failure and failure.key == expected.key for failure in found)


def test_an_input_becomes_smaller_as_long_as_it_fails() -> None:
    assert smaller(b"a" * 999 + b"x" + b"b" * 999, lambda data: b"x" in data, 10) == b"x"
    assert smaller(b"", lambda data: True, 1) == b""


def test_a_worker_runs_in_its_own_process(tmp_path: Path) -> None:
    place = tmp_path / "seeds" / "purl"
    place.mkdir(parents=True)
    for number, data in enumerate(COMMITTED["purl"]):
        (place / str(number)).write_bytes(data)
    result = guard.fuzzed(TARGETS["purl"], ["chance"], tmp_path, 0.3, "seed", tmp_path / "kept")
    assert result.runs > len(COMMITTED["purl"])
    assert result.failures == []
    assert result.peak < MEMORY


@pytest.mark.parametrize(("engine", "unconfirmed", "failures"), [("hangs", 1, 0), ("dies", 0, 1)])
def test_a_worker_that_hangs_or_dies_is_noticed(
    engine: str, unconfirmed: int, failures: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "STUCK", 0.5)
    monkeypatch.setattr(guard, "_MODULES", {engine: "tests.fuzz.misbehaving"})
    result = guard.fuzzed(TARGETS["purl"], [engine], tmp_path, 60, "seed", tmp_path / "kept")
    assert result.runs == 2
    assert (result.unconfirmed, len(result.failures)) == (unconfirmed, failures)
    assert [path.read_bytes() for path, _ in result.failures] == [b"pkg:npm/second@1"] * failures


def test_members_of_archives_are_changed_within_them() -> None:
    chance = random.Random(1)
    wheel = COMMITTED["wheel"][0]
    changed = [shapes.archive(wheel, (), chance) for _ in range(40)]
    readings = [seeds.reading(TARGETS["wheel"], data) for data in changed if data.startswith(wheel.partition(b"\0")[0])]
    assert any(reading.records and reading.problems == () for reading in readings)
    assert len(set(changed)) > 20
