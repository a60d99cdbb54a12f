"""One browser, one server over the sample fleet, and windows in which nothing goes wrong unseen."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.fleet import Made, fill
from tests.browser.window import Window
from tests.server.conftest import Server, serving
from tests.servers.program import need, run, unavailable

_HERE = Path(__file__).parent
_AXE = _HERE / "node_modules" / "axe-core" / "axe.min.js"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Run a browser. It ends with this folder: while it runs, no other event loop can be in this thread."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        unavailable(f"missing program: {' or '.join(_NAMES)}")
    # Nobody is another user in a container, and its shared memory is small.
    words = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as started:
        running = started.chromium.launch(executable_path=program, args=words)
        yield running
        running.close()


@pytest.fixture(scope="package")
def axe() -> str:
    """Return the script that looks for what keeps people out, of the version in the lock file."""
    if not _AXE.exists():
        need("npm")
        with (_HERE / "package-lock.json").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _AXE.exists():
                _install()
    return _AXE.read_text()


def _install() -> None:
    try:
        run("npm", "--prefix", _HERE, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    except (RuntimeError, subprocess.SubprocessError) as error:
        unavailable(f"axe-core cannot be installed: {error}")


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return what is in the store. Nobody may change it."""
    return fill(tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="package")
def server(made: Made) -> Iterator[Server]:
    """Serve it to whoever has a token."""
    yield from serving(made.place)


@pytest.fixture(scope="package")
def windows(browser: Browser, server: Server, made: Made) -> Iterator[dict[str, Window]]:
    """Return two windows of an owner: `script`, and `no script`, whose browser runs none."""
    found = {
        name: Window(browser, server.address, script=name == "script", token=made.token)
        for name in ("script", "no script")
    }
    yield found
    for each in found.values():
        each.close()


@pytest.fixture(params=["script", "no script"])
def window(request: pytest.FixtureRequest, windows: dict[str, Window]) -> Iterator[Window]:
    """Return a window of either kind."""
    found = windows[request.param]
    yield found
    assert found.wrong == []


Opens = Callable[..., Window]


@pytest.fixture
def opens(browser: Browser) -> Iterator[Opens]:
    """Return a function that opens a window of its own on a server."""
    opened: list[Window] = []

    def opening(address: str, token: str = "", *, script: bool = True) -> Window:
        opened.append(Window(browser, address, script=script, token=token))
        return opened[-1]

    yield opening
    for each in opened:
        each.close()
