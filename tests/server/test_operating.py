"""The server as a process: how it begins, is watched over, is bounded, and ends."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from envscout.store import Database
from envscout.verbs import tokens
from tests.servers.program import running

Serving = Callable[..., "Server"]


class Server:
    """A server that was started."""

    def __init__(self, address: str, log: Path, process: "subprocess.Popen[bytes]", store: Path) -> None:
        self.address, self.log, self.process, self.store = address, log, process, store

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(
            self.address + path, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=30
        )

    def lines(self) -> list[dict[str, Any]]:
        text = self.log.read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture
def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    with contextlib.ExitStack() as stack:

        def start(*words: str, **settings: str) -> Server:
            port = _free()
            for name, value in {"HOME": str(tmp_path), **settings}.items():
                monkeypatch.setenv(f"ENVSCOUT_{name.upper()}", value)
            log = tmp_path / "log"
            argv = [sys.executable, "-m", "envscout", "serve", "--port", str(port), *words]
            address = f"http://127.0.0.1:{port}"
            process = stack.enter_context(running(argv, log, lambda: _answers(address)))
            return Server(address, log, process, tmp_path / "envscout.db")

        yield start


def test_it_lives_is_ready_and_tells_how_it_fares(serving: Serving) -> None:
    server = serving()
    assert server.get("/healthz").text == "ok\n"
    assert server.get("/readyz").text == "ok\n"
    told = server.get("/metrics")
    assert told.headers["Content-Type"].startswith("text/plain")
    for name in ("envscout_http_requests_total", "envscout_workers", "envscout_queue_waiting", "scout_stream_vuln"):
        assert name in told.text


def test_metrics_are_for_whoever_has_a_token_unless_they_are_open(serving: Serving, tmp_path: Path) -> None:
    with Database(tmp_path / "envscout.db") as database:
        tokens.create(database, "owner", "local", name="one")
    server = serving()
    assert server.get("/metrics").status_code == 401
    assert server.get("/healthz").status_code == 200


def test_metrics_may_be_open(serving: Serving, tmp_path: Path) -> None:
    with Database(tmp_path / "envscout.db") as database:
        tokens.create(database, "owner", "local", name="one")
    assert serving(metrics_open="1").get("/metrics").status_code == 200


def test_a_line_of_the_log_has_no_secret_in_it(serving: Serving) -> None:
    server = serving()
    answer = server.get("/api/v1/environments?cursor=hushhush", Authorization="Bearer es_hushhush")
    number = answer.headers["X-Request-Id"]
    _wait(lambda: number in {each.get("request_id") for each in server.lines()})
    assert "hushhush" not in server.log.read_text()


def test_only_a_trusted_proxy_says_for_whom_it_asks(serving: Serving) -> None:
    server = serving()
    answer = server.get("/api/v1/environments", X_Forwarded_For="203.0.113.9", X_Request_Id="mine")
    assert answer.headers["X-Request-Id"] != "mine"
    assert "203.0.113.9" not in server.log.read_text()


def test_a_trusted_proxy_is_believed(serving: Serving) -> None:
    server = serving("--trusted-proxies", "127.0.0.0/8")
    answer = server.get("/healthz", X_Forwarded_For="203.0.113.9", X_Request_Id="mine")
    assert answer.headers["X-Request-Id"] == "mine"
    server.get("/api/v1/environments", X_Forwarded_For="203.0.113.9")
    _wait(lambda: "203.0.113.9" in server.log.read_text())


@pytest.mark.parametrize("processes", ["1", "2"])
def test_it_ends_when_it_is_told_to(serving: Serving, processes: str) -> None:
    server = serving("--processes", processes)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    with Database(server.store) as database:
        assert database.connection.execute("SELECT count(*) FROM worker").fetchone() == (0,)


def test_several_processes_count_as_one(serving: Serving) -> None:
    server = serving("--processes", "2")
    for _ in range(20):
        server.get("/api/v1/environments")
    found = re.findall(r"^envscout_http_requests_total\{.*\} (\d+)", server.get("/metrics").text, re.MULTILINE)
    assert sum(map(int, found)) >= 20


def test_a_head_without_end_is_not_kept(serving: Serving) -> None:
    server = serving()
    with socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2]))) as peer:
        peer.settimeout(30)
        head = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(
            b"X-%d: %s\r\n" % (each, b"x" * 1000) for each in range(50_000)
        )
        with pytest.raises(ConnectionError):
            peer.sendall(head)
    assert server.get("/healthz").ok


def test_who_says_nothing_is_let_go(serving: Serving) -> None:
    server = serving()
    with socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2]))) as peer:
        peer.settimeout(60)
        peer.sendall(b"GET / HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(10) == b""


def test_health_is_answered_while_every_thread_is_busy(serving: Serving) -> None:
    server = serving()
    with Database(server.store) as database, database.write():
        began = time.monotonic()
        assert server.get("/healthz").ok
        assert server.get("/readyz").ok
        assert time.monotonic() - began < 30


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not until():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
