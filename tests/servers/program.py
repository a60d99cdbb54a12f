"""Starting and stopping one real program."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 60.0
STOP_SECONDS = 20.0


def need(*programs: str) -> None:
    """Skip the test if a program is missing; fail it where ENVSCOUT_REQUIRE_SERVERS=1 says that nothing may be."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        unavailable(f"missing program: {', '.join(missing)}")


def unavailable(reason: str) -> None:
    """Skip for this reason, or fail where servers are required."""
    if os.environ.get("ENVSCOUT_REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def run(*argv: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed; its complaints are in the error."""
    words = [str(word) for word in argv]
    done = subprocess.run(words, input=stdin, capture_output=True, env=env, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


@contextmanager
def running(
    argv: Sequence[str], log: Path, ready: Callable[[], bool], stop: signal.Signals = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; enter it when ready() first says yes.

    stop: what asks it to end.

    log receives everything that the server prints. The server is the leader of a group of its own, and the whole
    group is stopped, so that its helpers never outlive it.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _wait(process, log, ready)
            yield process
        finally:
            _stop(process, stop)


def _wait(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:]
            unavailable(f"{process.args!r} does not start here:\n{tail}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    for how in (stop, signal.SIGKILL):
        try:
            if how is signal.SIGKILL:
                os.killpg(process.pid, how)
            else:
                process.send_signal(how)
        except ProcessLookupError:
            pass
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
