"""A process that watches a cluster."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stories.story import PROGRAM, Desk


class Watcher:
    """A process that watches; it may be killed and started again."""

    def __init__(self, desk: Desk, words: tuple[str, ...], folder: Path) -> None:
        self._desk, self._words, self._log = desk, words, folder / "watcher.log"
        self.start()

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            argv = [str(PROGRAM), *self._words]
            self._process = subprocess.Popen(argv, env=self._desk.env, stdout=log, stderr=log)

    def end(self, how: int = signal.SIGKILL) -> int:
        """End it; return the exit code."""
        self._process.send_signal(how)
        return self._process.wait(20)

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
def watching(desk: Desk, words: tuple[str, ...], folder: Path) -> Iterator[Watcher]:
    """Run one until the block ends."""
    watcher = Watcher(desk, words, folder)
    try:
        yield watcher
    finally:
        watcher.end()
