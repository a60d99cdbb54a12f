"""Programs that are started, killed, stopped and started again: a database, and envscout's own processes."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from tests.servers.postgresql import Server, command

PROGRAM = Path(sys.executable).parent / "envscout"
START_SECONDS = 60.0
STOP_SECONDS = 45.0
# A crash loses what was not on the disk, so that this server keeps its word, unlike the one of the other tests.
DURABLE = ("fsync=on", "synchronous_commit=on", "listen_addresses=", "max_connections=60", "shared_buffers=32MB")


class Program:
    """One process that leads a group of its own; what it prints is appended to its log."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.argv, self.env, self.log = list(argv), dict(env), log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the number of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; do not wait until it is ready."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.argv,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def runs(self) -> bool:
        """Tell whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal, by default that it is to end, to the process alone."""
        if self.runs():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it and all that it started, as a machine does that loses its power."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> int:
        """Ask it to end; return its exit code. One that does not listen is killed."""
        if self._process is None:
            return 0
        self.signal()
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        self.kill()
        return code

    def said(self) -> str:
        """Return the end of what it printed."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([each for each in lines if "HTTP/1.1" not in each][-40:])

    def is_ready(self) -> bool:
        """Tell whether it does its work."""
        return self.runs()

    def await_ready(self) -> None:
        """Wait until it does its work. Raise AssertionError with what it said."""
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            assert self.runs(), f"{self.argv} has ended:\n{self.said()}"
            assert time.monotonic() < deadline, f"{self.argv} does not get ready:\n{self.said()}"
            time.sleep(0.05)


class Api(Program):
    """A process that answers over HTTP, always at the same port."""

    def __init__(self, env: Mapping[str, str], log: Path, *words: str) -> None:
        self.port = free_port()
        super().__init__([str(PROGRAM), "serve", "--port", str(self.port), *words], env, log)
        self.address = f"http://127.0.0.1:{self.port}"

    def is_listening(self) -> bool:
        """Tell whether it takes connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        try:
            return requests.get(f"{self.address}/readyz", timeout=2).status_code < 500
        except requests.RequestException:
            return False


class Postgres(Program):
    """A database server whose folder may be taken from a stopped one."""

    def __init__(self, folder: Path, log: Path, env: Mapping[str, str] = os.environ, more: Sequence[str] = ()) -> None:
        self.server = Server(folder)
        super().__init__(command(folder, (*DURABLE, *more)), env, log)

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        return self.server.is_ready()

    def kill(self) -> None:
        """Kill it and all that serve its clients, each of which leads a group of its own: all at once.

        They are gone then: while one of them holds the shared memory, no other server takes the folder.
        """
        if not self.runs():
            super().kill()
            return
        # It must not bear another one after they were counted.
        self.signal(signal.SIGSTOP)
        theirs = _children(self.pid)
        super().kill()
        for each in theirs:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(_is_there, theirs)):
            assert time.monotonic() < deadline, f"{theirs} do not end"
            time.sleep(0.01)

    def stop(self) -> int:
        """Let it end at once, in order."""
        self.signal(signal.SIGINT)
        return super().stop()


def _children(pid: int) -> list[int]:
    """Return the processes that a process started, where the machine tells."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(_told(stat)[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def _is_there(pid: int) -> bool:
    """Tell whether a process still holds anything."""
    try:
        return _told(Path(f"/proc/{pid}/stat"))[0] != "Z"
    except OSError:
        return False


def _told(stat: Path) -> list[str]:
    """Return what is told of a process after its name, which may hold anything: its state, its parent, and so on."""
    return stat.read_text().rpartition(")")[2].split()


def copied(seed: Path, to: Path) -> None:
    """Copy the folder of a stopped database server."""
    shutil.copytree(seed / "data", to / "data")
    if not os.geteuid():
        for each in (to, *to.rglob("*")):
            shutil.chown(each, "nobody", "nogroup")
    (to / "data").chmod(0o700)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
