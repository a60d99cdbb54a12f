"""A machine that systemd runs: in namespaces of its own, on a view of this machine that keeps nothing.

Of this machine it has the kernel and the network. Nothing of it outlives the test.
"""

import os
import signal
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers.program import need, run, running, unavailable

ROOT = Path(__file__).parents[2]
BOOT = Path(__file__).with_name("boot.sh")
PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAM = "/opt/envscout/bin/envscout"
GROUPS = Path("/sys/fs/cgroup")


class Machine:
    """One running machine. pid: of its systemd, as this machine counts."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def run(self, *words: str, stdin: bytes = b"") -> str:
        """Run a command on it, as root, and return what it printed. Raise RuntimeError if it fails."""
        enter = ("nsenter", f"--target={self.pid}", "--mount", "--pid", "--uts", "--ipc", "--cgroup")
        return run(*enter, "--", "env", "--ignore-environment", PATH, *words, stdin=stdin)

    def write(self, path: str, text: str, mode: str = "644") -> None:
        """Write a file."""
        folder = path.rpartition("/")[0]
        self.run("sh", "-c", f"mkdir -p {folder} && install -m {mode} /dev/stdin {path}", stdin=text.encode())


@contextmanager
def machine(folder: Path, *sources: str) -> Iterator[Machine]:
    """Run a machine with the program in /opt/envscout until the block ends. sources: `/FROM:/TO`, seen there too."""
    need("unshare", "nsenter", "pivot_root", "systemctl", "systemd-run", "dbus-daemon")
    if os.geteuid():
        unavailable("namespaces need root")
    (folder / "root").mkdir()
    seen = (
        f"{sys.base_prefix}:/opt/python",
        f"{sysconfig.get_paths()['platlib']}:/opt/envscout/site",
        f"{ROOT / 'src'}:/opt/envscout/src",
        *sources,
    )
    group = _group()
    # It is moved into a group of its own first: what it makes there goes with it.
    enter = f'echo $$ >"{group}/cgroup.procs"; exec "$@"'
    apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--cgroup")
    argv = ("sh", "-c", enter, "sh", *apart, "sh", str(BOOT), str(folder / "root"), *seen)
    found: list[Machine] = []

    def ready() -> bool:
        with suppress(RuntimeError, OSError, StopIteration):
            found[:] = [Machine(_first(group))]
            return found[0].run("systemctl", "is-active", "test.target") == "active\n"
        return False

    try:
        with running(argv, folder / "boot.log", ready, signal.SIGKILL):
            found[0].write(PROGRAM, _SCRIPT, "755")
            yield found[0]
    finally:
        _gone(group)


_SCRIPT = f"""#!/bin/sh
export PYTHONHOME=/opt/python LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH=/opt/envscout/src:/opt/envscout/site
exec /opt/python/bin/python{sys.version_info.major}.{sys.version_info.minor} -m envscout "$@"
"""


def _group() -> Path:
    """Make a control group, and return its folder."""
    base = GROUPS / "systemd" if (GROUPS / "systemd").is_dir() else GROUPS
    group = base / f"envscout-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        unavailable(f"no control group can be made: {error}")
    return group


def _first(group: Path) -> int:
    """Return the process that is the first one in its namespace."""
    numbers = [int(each) for file in group.rglob("cgroup.procs") for each in file.read_text().split()]
    spaces = {each: Path(f"/proc/{each}/status").read_text().partition("NSpid:")[2].split("\n")[0] for each in numbers}
    return next(each for each, space in spaces.items() if space.endswith("\t1"))


def _gone(group: Path) -> None:
    """Remove a control group once nothing is in it."""
    deadline = time.monotonic() + 10
    while group.exists() and time.monotonic() < deadline:
        for each in (*sorted(group.rglob("*/"), reverse=True), group):
            with suppress(OSError):
                each.rmdir()
        time.sleep(0.05)
