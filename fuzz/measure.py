"""One input at a time: whether it fails, what CPU time it takes, and by how much memory grows meanwhile."""

import os
import re
import resource
import time
import traceback
from pathlib import Path
from typing import NamedTuple

from fuzz.promises import Broken
from fuzz.targets import Target

UNIT = 100_000
"""Bytes that may take a second; a smaller input may, too."""

MEMORY = 64 << 20
PER_BYTE = 50
"""Memory that an input may take beyond MEMORY, in bytes for each of its bytes."""

ADDRESS_SPACE = 4 << 30
_RESET = 16 << 20
_HIGHEST = re.compile(rb"VmHWM:\s+(\d+) kB")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Failure(NamedTuple):
    """Why an input failed. kind: error, broken, slow, memory, hang or crash; place: where in the code, if known."""

    kind: str
    place: str
    text: str = ""

    @property
    def key(self) -> str:
        """Return what failures of one cause have in common."""
        return f"{self.kind} {self.place}"


class Meter:
    """Runs inputs of one target. peak: bytes by which memory grew at most; slowest: CPU seconds per UNIT at most."""

    def __init__(self, target: Target, patience: float = 1.0) -> None:
        """patience: how much slower than allowed an input may be."""
        self._target = target
        self._patience = patience
        # What the process took before the first input is not that input's doing.
        self._highest = _lowered()
        self.peak = 0
        self.slowest = 0.0

    def run(self, data: bytes) -> Failure | None:
        """Run one input; return why it failed, None if it did not."""
        units = max(len(data), UNIT) / UNIT
        before = _resident()
        started = time.process_time()
        failure = _failure(self._target, data)
        seconds = (time.process_time() - started) / units
        self.slowest = max(self.slowest, seconds)
        grown = self._grown(before)
        self.peak = max(self.peak, grown)
        if failure:
            return failure
        if grown > MEMORY + PER_BYTE * len(data):
            return Failure("memory", "", f"{grown >> 20} MiB for {len(data)} bytes")
        if seconds > self._patience:
            return Failure("slow", "", f"{seconds:.1f} CPU seconds per {UNIT // 1000} kB, input of {len(data)} bytes")
        return None

    def _grown(self, before: int) -> int:
        """Return by how much memory grew beyond what it was; 0 where it was higher at an earlier time."""
        highest = _highest()
        if highest <= self._highest:
            return 0
        self._highest = highest
        if highest - _resident() > _RESET:
            self._highest = _lowered()
        return highest - before


def bounded() -> None:
    """Let this process have no more address space than ADDRESS_SPACE: endless growth becomes a MemoryError."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def _failure(target: Target, data: bytes) -> Failure | None:
    try:
        target.run(data)
    except Broken as broken:
        return Failure("broken", str(broken), str(broken))
    except Exception as error:
        return Failure(
            "error", f"{type(error).__name__} in {_place(error)}", "".join(traceback.format_exception(error))
        )
    return None


def _place(error: BaseException) -> str:
    """Return the innermost function of ours in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/envscout/" in frame.filename]
    last = (ours or frames)[-1]
    return f"{Path(last.filename).stem}.{last.name}"


def _lowered() -> int:
    """Make Linux forget the highest mark (proc(5), clear_refs), and return the new one."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _highest()


def _highest() -> int:
    """Return the most memory this process had at once; getrusage(2) tells that of its parent, where that had more."""
    with open("/proc/self/status", "rb", buffering=0) as file:  # noqa: PTH123
        return int(_HIGHEST.findall(file.read(4096))[0]) << 10


def _resident() -> int:
    with open("/proc/self/statm", "rb", buffering=0) as file:  # noqa: PTH123 - twice for each input: quickly
        return int(file.read(64).split()[1]) * _PAGE
