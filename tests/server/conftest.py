"""A real server on a Unix socket's neighbour, a port of the loopback, over a store with something in it."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import uvicorn

from envscout.server.app import make
from envscout.store import Database


class Server:
    """A server that answers, and its store."""

    def __init__(self, place: Path, address: str) -> None:
        self.place = place
        self.address = address
        self.session = requests.Session()

    def __call__(self, method: str, path: str, **how: object) -> requests.Response:
        return self.session.request(method, self.address + path, timeout=60, **how)  # type: ignore[arg-type]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    place = tmp_path / "envscout.db"
    Database(place).close()
    yield from serving(place)


def serving(place: Path) -> Iterator[Server]:
    """Serve a store for as long as the iterator lives."""
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(make(place), log_config=None, timeout_graceful_shutdown=5))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    while not running.started:
        time.sleep(0.01)
    found = Server(place, f"http://127.0.0.1:{listening.getsockname()[1]}")
    yield found
    found.session.close()
    running.should_exit = True
    thread.join()
    listening.close()
