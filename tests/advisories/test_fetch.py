"""Fetching from a real HTTP server on this machine, and refusing what is no public https address."""

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from envscout.advisories import fetch as module
from envscout.advisories.fetch import Fetched, Limits, Unchanged, fetch
from envscout.errors import FeedError

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers each path as a test says, and remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answers = outer.answers[self.path]
                (answers.pop(0) if len(answers) > 1 else answers[0])(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def answer(status: int, body: bytes = b"", length: int | None = None, **headers: str) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return send


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def get(url: str, into: Path, etag: str = "", last_modified: str = "", limit: int = 1 << 20) -> Fetched | Unchanged:
    return fetch(url, etag, last_modified, into, Limits(limit), pause=lambda _: None)


def test_a_feed_is_stored_with_what_the_next_request_needs(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = [answer(200, b"content", ETag='"1"', Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT")]
    into = tmp_path / "deep/feed"
    assert get(server.url("/a"), into) == Fetched(into, 7, '"1"', "Mon, 01 Jan 2024 00:00:00 GMT")
    assert into.read_bytes() == b"content"
    assert list(into.parent.iterdir()) == [into]
    [(_, headers)] = server.asked
    assert headers["user-agent"].startswith("envscout/")
    assert "if-none-match" not in headers


def test_an_unchanged_feed_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = [answer(304)]
    assert get(server.url("/a"), tmp_path / "x", '"1"', "yesterday") == Unchanged()
    [(_, headers)] = server.asked
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"1"', "yesterday")
    assert not (tmp_path / "x").exists()


def test_packed_content_stays_packed(server: Server, tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    server.answers["/a"] = [answer(200, bomb, Content_Encoding="gzip")]
    get(server.url("/a"), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == bomb


@pytest.mark.parametrize(
    "failure", [answer(503), answer(429, Retry_After="1"), answer(200, b"cut", length=10), hang_up]
)
def test_what_may_pass_is_tried_again(server: Server, tmp_path: Path, failure: Answer) -> None:
    server.answers["/a"] = [failure, failure, answer(200, b"whole")]
    get(server.url("/a"), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"whole"
    assert len(server.asked) == 3


@pytest.mark.parametrize("failure", [answer(503), answer(200, b"cut", length=10), hang_up])
def test_what_does_not_pass_leaves_the_old_copy(server: Server, tmp_path: Path, failure: Answer) -> None:
    (tmp_path / "x").write_bytes(b"old")
    server.answers["/a"] = [failure]
    with pytest.raises(FeedError) as caught:
        get(server.url("/a"), tmp_path / "x")
    assert "--from PATH" in caught.value.next_step
    assert len(server.asked) == 4
    assert (tmp_path / "x").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_wait_is_what_the_server_asks_within_reason(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = [
        answer(503, Retry_After="7"),
        answer(503, Retry_After="9999"),
        answer(503),
        answer(200, b"x"),
    ]
    waits: list[float] = []
    fetch(server.url("/a"), "", "", tmp_path / "x", pause=waits.append)
    assert waits == [7.0, 30.0, 4.0]


def trickle(begin: bytes, drop: bytes) -> Answer:
    """Send something, and then a little now and then for as long as anybody listens."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.connection.sendall(begin)
            while True:
                handler.connection.sendall(drop)
                time.sleep(0.02)

    return send


SLOW = {
    "body": trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
    "chunks": trickle(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "headers": trickle(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "status": trickle(b"", b"H"),
}


@pytest.mark.parametrize("what", SLOW)
def test_a_server_that_sends_a_little_now_and_then_holds_nobody(server: Server, tmp_path: Path, what: str) -> None:
    server.answers["/a"] = [SLOW[what]]
    for limits in (Limits(seconds=0.3), Limits(window=0.2, seconds=2)):
        with pytest.raises(FeedError, match=r"took longer|sent only|could not be fetched"):
            fetch(server.url("/a"), "", "", tmp_path / "x", limits, attempts=1)
    assert list(tmp_path.iterdir()) == []


def test_how_long_a_server_asks_to_wait_is_told(server: Server, tmp_path: Path) -> None:
    for header, least, most in (("120", 120, 120), ("Thu, 01 Jan 2099 00:00:00 GMT", 86_400, 86_400), ("soon", 0, 0)):
        server.answers["/a"] = [answer(503, Retry_After=header)]
        with pytest.raises(FeedError) as refusal:
            fetch(server.url("/a"), "", "", tmp_path / "x", attempts=1)
        assert least <= refusal.value.after <= most


def test_a_missing_feed_is_an_error_at_once(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = [answer(404)]
    with pytest.raises(FeedError, match="404"):
        get(server.url("/a"), tmp_path / "x")
    assert len(server.asked) == 1


def test_more_than_the_limit_is_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = [answer(200, b"x" * 1_000)]
    with pytest.raises(FeedError, match="larger than 999"):
        get(server.url("/a"), tmp_path / "x", limit=999)
    assert not list(tmp_path.iterdir())


def test_redirects_are_followed_a_few_times(server: Server, tmp_path: Path) -> None:
    server.answers |= {
        "/a": [answer(302, Location="/b")],
        "/b": [answer(200, b"here")],
        "/c": [answer(301, Location="/c")],
    }
    get(server.url("/a"), tmp_path / "x", '"1"')
    assert (tmp_path / "x").read_bytes() == b"here"
    with pytest.raises(FeedError, match="redirected"):
        get(server.url("/c"), tmp_path / "y")


@pytest.mark.parametrize(
    "target", ["http://example.org/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "https://10.0.0.1/x"]
)
def test_redirects_are_checked_as_the_first_address_was(server: Server, tmp_path: Path, target: str) -> None:
    server.answers["/a"] = [answer(302, Location=target)]
    with pytest.raises(FeedError):
        get(server.url("/a"), tmp_path / "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "https://10.0.0.1/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://0.0.0.0/x",
        "https:///x",
        "ftp://example.org/x",
        "file:///etc/passwd",
        "https://example.org:99999/x",
        "https://[::1/x",
        "nonsense",
    ],
)
def test_what_is_no_public_https_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(FeedError):
        get(url, tmp_path / "x")


def test_a_name_that_leads_to_a_private_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: private)
    with pytest.raises(FeedError, match=r"10\.1\.2\.3, which is no public address"):
        get("https://feeds.example.org/x", tmp_path / "x")


def test_a_redirect_may_not_lead_to_this_machine(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from requests import Session

    with Session() as session, pytest.raises(FeedError, match="a redirect led there"):
        module._check(session, server.url("/a"), by_user=False)


def test_a_name_that_cannot_be_resolved_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(FeedError, match="no such name"):
        get("https://feeds.invalid/x", tmp_path / "x")


def test_a_place_that_cannot_be_written_is_an_error(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = [answer(200, b"x")]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FeedError, match="cannot be written"):
        get(server.url("/a"), tmp_path / "file/x")


@pytest.mark.parametrize("target", ["https://[::1/x", "https://x]/", "https://h:x/", "//h:99999999/"])
def test_a_redirect_to_what_is_no_address(server: Server, tmp_path: Path, target: str) -> None:
    server.answers["/a"] = [answer(302, location=target)]
    with pytest.raises(FeedError, match="no address"):
        get(server.url("/a"), tmp_path / "x")


def test_what_proves_who_we_are_is_in_no_error(server: Server, tmp_path: Path) -> None:
    server.answers["/x?sig=secret"] = [answer(404)]
    for url in (
        server.url("/x?sig=secret").replace("127", "user:secret@127"),
        "https://user:secret@127.0.0.1:1/x?sig=secret",
        "http://user:secret@example.org/x?sig=secret",
    ):
        with pytest.raises(FeedError) as refusal:
            get(url, tmp_path / "x")
        assert "secret" not in f"{refusal.value.cause} {refusal.value.next_step}"
        assert "/x" in refusal.value.cause


@pytest.mark.parametrize("address", ["64:ff9b::a9fe:a9fe", "2002:a00:1::1"])
def test_what_leads_to_a_private_address_is_one(address: str, tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="no public address"):
        get(f"https://[{address}]/x", tmp_path / "x")
