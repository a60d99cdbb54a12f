"""Real workers, `envscout worker` in processes of their own, for many stores. Run as a program.

Stories are many and each has a store of its own; a worker that reads the whole program anew would take longer than
most of them. So one process has read it, and forks: a line of JSON on its stdin has workers begin or end.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO

import pytest

from envscout.store import Place

ROOT = Path(__file__).parents[2]
COUNT = 3
"""For each store."""

# What a worker asks the internet for is nothing that a story may depend on.
_SETTINGS = {"ENVSCOUT_REFRESH_MINUTES": "0"}


class Workers:
    """Workers that begin and end with the stores of stories."""

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self._stdin, self._stdout = stdin, stdout

    def begin(self, place: Place, home: Path) -> None:
        """Have workers for a store, until they are ended."""
        self._say({"place": str(place), "home": str(home)})

    def end(self, place: Place | None = None) -> None:
        """End the workers of a store, None for all, wherever they are: a machine may lose its power, too."""
        self._say({"place": "" if place is None else str(place), "home": ""})

    def _say(self, what: dict[str, str]) -> None:
        self._stdin.write(json.dumps(what) + "\n")
        self._stdin.flush()
        assert self._stdout.readline() == "done\n", "the workers are gone"


@contextmanager
def working(log: Path) -> Iterator[Workers]:
    """Have workers at hand until the block ends."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.servers.workers import main; main()"
    pipes = partial(subprocess.Popen, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with log.open("wb") as output, pipes([sys.executable, "-c", program], stderr=output) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Workers(process.stdin, process.stdout)
        # With its stdin it ends, and everybody whom it began.
        process.stdin.close()
        assert process.wait(60) == 0, log.read_text(errors="replace")[-2_000:]


def main() -> None:
    """Begin and end workers as told, and end them all at the end of stdin."""
    for module in ("cli.entry", "cli.commands.worker", "work.table", "work.postgresql"):
        import_module(f"envscout.{module}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    working: dict[str, list[int]] = {}
    for line in sys.stdin:
        said = json.loads(line)
        place = said["place"]
        if said["home"]:
            working.setdefault(place, []).extend(_fork(place, said["home"]) for _ in range(COUNT))
        else:
            for each in [place] if place else list(working):
                _end(working.pop(each, []))
        sys.stdout.write("done\n")
        sys.stdout.flush()
    for pids in working.values():
        _end(pids)


def _fork(place: str, home: str) -> int:
    """Run `envscout worker` in another process; return its id."""
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # However the one that forks ends, no worker outlives it: prctl(PR_SET_PDEATHSIG, ...).
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1):
            os.dup2(null, stream)
        os.environ.update({"ENVSCOUT_STORE": place, "ENVSCOUT_HOME": home, **_SETTINGS})
        from envscout.cli import entry

        code = entry.run(["worker"])
    finally:
        os._exit(code)


def _end(pids: list[int]) -> None:
    for each in pids:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            sys.stderr.write(f"worker {each} had ended by itself\n")


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """Return workers for stores on PostgreSQL."""
    with working(tmp_path_factory.mktemp("workers") / "log") as found:
        yield found
