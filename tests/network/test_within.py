"""Libraries that connect by themselves, led into a network that is none of theirs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from envscout.config import Settings
from envscout.errors import ForbiddenAddress
from envscout.network.addresses import allowed
from envscout.network.guarded import Guard
from envscout.network.within import within
from envscout.notify import others
from envscout.notify.messages import Message
from envscout.notify.target import Target
from envscout.store import Database
from envscout.verbs import queue
from envscout.work.indexing import index
from envscout.work.task import Work


@contextmanager
def serving(address: str, leads_to: str = "") -> Iterator[tuple[str, list[str]]]:
    """Answer at an address, and lead on from there; give host and port, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(307 if leads_to else 200)
            self.send_header("Location", leads_to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer((address, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"{address}:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("permitted", ["127.0.0.1", "127.0.0.0/8"])
def test_a_registry_leads_a_server_nowhere_else(tmp_path: Path, permitted: str) -> None:
    settings = Settings({"ENVSCOUT_ALLOW_PRIVATE_ADDRESSES": permitted})
    with (
        serving("127.0.0.2") as (inside, found),
        serving("127.0.0.1", f"http://{inside}/secret") as (registry, asked),
        Database(tmp_path / "store.db") as database,
    ):
        queue.ask(database, [f"{registry}/app/x:1"])
        assert index(Work(database, settings, "one", threading.Event()))
        assert asked
        assert bool(found) is (permitted == "127.0.0.0/8")
        (request,) = queue.requested(database)
        assert ("127.0.0.2" in request.problem) is (permitted == "127.0.0.1")


@pytest.mark.parametrize("permitted", ["127.0.0.1", "127.0.0.0/8"])
def test_a_service_of_apprise_leads_a_server_nowhere_else(permitted: str) -> None:
    with serving("127.0.0.2") as (inside, found), serving("127.0.0.1", f"http://{inside}/secret") as (service, asked):
        target = Target("apprise", f"ntfy://{service}/topic")
        others.send(target, "msg_1", Message("test", 1), 1, Guard(allowed(permitted)), "")
        assert asked
        assert bool(found) is (permitted == "127.0.0.0/8")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "::1", "::ffff:10.0.0.1", "169.254.169.254"]
)
def test_what_is_looked_up_meanwhile_is_looked_at(host: str) -> None:
    import socket

    with within(allowed("")), pytest.raises(ForbiddenAddress):
        socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)
    assert socket.getaddrinfo("127.0.0.1", 80), "others are not watched"
