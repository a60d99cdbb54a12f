"""A real server on a Unix socket's neighbour, a port of the loopback, over a store with something in it."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import uvicorn

from envscout.server.app import make
from envscout.server.auth import Door
from envscout.store import Database


class Server:
    """A server that answers, and its store."""

    def __init__(self, place: Path, address: str) -> None:
        self.place = place
        self.address = address
        self.session = requests.Session()

    def __call__(self, method: str, path: str, **how: object) -> requests.Response:
        return self.session.request(method, self.address + path, timeout=60, **how)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the store of the demo, which nobody may change."""
    folder = tmp_path_factory.mktemp("demo")
    environ = {**os.environ, "ENVSCOUT_HOME": str(folder)}
    command = [sys.executable, "-m", "envscout", "demo", "--keep", str(folder / "kept")]
    subprocess.run(command, env=environ, check=True, capture_output=True)
    return folder / "kept" / "envscout.db"


@pytest.fixture
def demo_server(demo: Path, tmp_path: Path) -> Iterator[Server]:
    """Serve a copy of the store of the demo."""
    place = tmp_path / "envscout.db"
    shutil.copy(demo, place)
    yield from serving(place)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    place = tmp_path / "envscout.db"
    Database(place).close()
    yield from serving(place)


def serving(place: Path, door: Door = Door()) -> Iterator[Server]:  # noqa: B008
    """Serve a store for as long as the iterator lives."""
    app = make(place, door)
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    found = Server(place, f"http://127.0.0.1:{listening.getsockname()[1]}")
    try:
        yield found
    finally:
        # A test that failed leaves the iterator where it is: the process must not wait for its server.
        found.session.close()
        running.should_exit = True
        thread.join()
        listening.close()
