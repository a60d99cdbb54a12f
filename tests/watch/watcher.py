"""A process that watches a cluster."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stories.story import PROGRAM, Desk

PATIENCE = 300
"""Seconds that a test waits for what comes much sooner, unless it never does."""
_PROGRAM = "from envscout.cli import entry, following; following.AGAIN = {}; entry.main()"


class Watcher:
    """A process that watches; it may be killed and started again."""

    def __init__(self, desk: Desk, words: tuple[str, ...], folder: Path, again: float) -> None:
        self._desk, self._log = desk, folder / "watcher.log"
        self._argv = [sys.executable, "-c", _PROGRAM.format(again), *words] if again else [str(PROGRAM), *words]
        self.start()

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._argv, env=self._desk.env, stdout=log, stderr=log)

    def end(self, how: int = signal.SIGKILL) -> int:
        """End it; return the exit code."""
        self._process.send_signal(how)
        return self._process.wait(PATIENCE)

    @property
    def peak(self) -> int:
        """Return the most memory that it ever took, in KiB."""
        (line,) = re.findall(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{self._process.pid}/status").read_text(), re.M)
        return int(line)

    @property
    def cpu(self) -> float:
        """Return how much of a processor it took, in seconds."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def told(self) -> str:
        """Return what it said so far."""
        return self._log.read_text()


@contextmanager
def watching(desk: Desk, words: tuple[str, ...], folder: Path, again: float = 0) -> Iterator[Watcher]:
    """Run one until the block ends. again: seconds after which it compares all again, 0 for as many as it wants."""
    watcher = Watcher(desk, words, folder, again)
    try:
        yield watcher
    finally:
        watcher.end()
