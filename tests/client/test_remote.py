"""A server asked over HTTP: what is sent again, what is refused, and what is never told to anybody else."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from envscout import errors
from envscout.client import keeping
from envscout.client.remote import Remote
from envscout.client.transport import PACKED_FROM, Transport, Way, checked
from envscout.config import Settings
from envscout.errors import ConfigError, EnvscoutError, NotAllowed, NotFound, Unauthenticated, UsageError
from envscout.store.deployments import EnvironmentRow, Scope
from envscout.verbs import ask, repositories


class Said(NamedTuple):
    """One answer of the server below. None for the status: it hangs up."""

    status: int | None
    body: bytes = b"[]"
    headers: tuple[tuple[str, str], ...] = ()


class Script(ThreadingHTTPServer):
    """Answers as it is told to, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, answers: list[Said]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Script
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        said = self.server.answers.pop(0)
        if said.status is None:
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in said.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def script(*answers: Said) -> Iterator[Script]:
    with Script(list(answers)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def asked(server: Script, token: str = "secret", verb: Any = ask.environments) -> Any:
    remote = Remote(Way(server.address, token))
    remote._transport._sleep = lambda _: None
    try:
        return remote.call(verb, [Scope()] if verb is ask.environments else [["a"], True], {})
    finally:
        remote.close()


def problem(status: int, kind: str, title: str = "a cause", detail: str = "a step") -> Said:
    return Said(status, json.dumps({"type": f"urn:envscout:{kind}", "title": title, "detail": detail}).encode())


def test_what_passes_is_asked_again_under_the_same_key() -> None:
    with script(Said(503, b"", (("Retry-After", "1"),)), Said(None), Said(429), Said(200)) as server:
        assert asked(server, verb=repositories.switch) == []
        assert len(server.asked) == 4
        assert len({headers["idempotency-key"] for _, headers, _ in server.asked}) == 1
        assert {headers["authorization"] for _, headers, _ in server.asked} == {"Bearer secret"}
        assert {path for path, _, _ in server.asked} == {"/api/v1/operations/repositories.switch"}


def test_what_stays_is_told_at_the_end() -> None:
    with script(*[problem(503, "StoreBusy", "busy", "later")] * 5) as server, pytest.raises(errors.StoreBusy) as failed:
        asked(server)
    assert (failed.value.cause, failed.value.next_step) == ("busy", "later")


@pytest.mark.parametrize("seconds", ["-1", "1e9", "nan", "9" * 50, "Wed, 21 Oct 2026 07:28:00 GMT", "２"])
def test_no_server_makes_anybody_wait_for_long(seconds: str) -> None:
    waited: list[float] = []
    with script(Said(503, b"", (("Retry-After", seconds.encode().decode("latin-1")),)), Said(200)) as server:
        transport = Transport(Way(server.address), waited.append)
        assert transport.post("/", b"{}").status == 200
        transport.close()
    assert all(0 <= each <= 20 for each in waited)


def test_a_large_message_is_packed_once_the_server_has_said_that_it_unpacks_one() -> None:
    accepts = (("Accept-Encoding", "gzip"),)
    large = b'{"a": "' + b"x" * PACKED_FROM + b'"}'
    with script(Said(200), Said(200, b"", accepts), Said(200, b"", accepts), Said(200), Said(200)) as server:
        transport = Transport(Way(server.address))
        for data in (large, large, large, b"{}", large):
            transport.post("/", data)
        transport.close()
        packed = [headers.get("content-encoding", "") for _, headers, _ in server.asked]
        assert packed == ["", "", "gzip", "", ""]
        assert gzip.decompress(server.asked[2][2]) == large


def test_a_redirect_is_not_followed() -> None:
    with script(Said(200)) as other, script(Said(307, b"", (("Location", other.address),))) as server:
        with pytest.raises(UsageError, match="leads elsewhere"):
            asked(server)
        assert other.asked == []


@pytest.mark.parametrize(
    ("said", "kind", "cause"),
    [
        (problem(404, "NotFound"), NotFound, "a cause"),
        (problem(401, "Unauthenticated", "who are you?"), Unauthenticated, "who are you"),
        (Said(401, b""), Unauthenticated, "does not know who asks"),
        (problem(403, "NotAllowed"), NotAllowed, "a cause"),
        (problem(404, "NotFound", "Not Found", "see /schema"), EnvscoutError, "does not know ask.environments"),
        (Said(404, b"<html>"), EnvscoutError, "does not know ask.environments"),
        (problem(500, "NoSuchKind", "new"), EnvscoutError, "new"),
        (problem(500, "__doc__", "new"), EnvscoutError, "new"),
        (Said(500, b"[" * 100_000), EnvscoutError, "status 500"),
        (Said(200, b'{"a": 1}'), EnvscoutError, "cannot be read"),
        (Said(200, b"<html>", (("Envscout-Version", "9.9"),)), EnvscoutError, "cannot be read"),
    ],
)
def test_what_a_server_says_becomes_an_error_with_a_next_step(
    said: Said, kind: type[EnvscoutError], cause: str
) -> None:
    with script(said) as server, pytest.raises(EnvscoutError, match=cause) as failed:
        asked(server)
    assert type(failed.value) is kind
    assert failed.value.next_step
    assert "secret" not in f"{failed.value} {failed.value.next_step}"


def test_another_version_is_named() -> None:
    with script(Said(200, b"<html>", (("Envscout-Version", "9.9"),))) as server, pytest.raises(EnvscoutError) as failed:
        asked(server)
    assert "9.9" in failed.value.next_step


def test_what_a_newer_server_says_beside_is_passed_over() -> None:
    row = {"organization": "o", "name": "n", "images": 1, "last": 1, "more": True}
    fields = {name: row.get(name, 0) for name in ("more", *EnvironmentRow.__struct_fields__)}
    with script(Said(200, json.dumps([fields | row]).encode())) as server:
        assert [each.name for each in asked(server)] == ["n"]


def test_a_compressed_answer_is_read() -> None:
    with script(Said(200, gzip.compress(b"[]"), (("Content-Encoding", "gzip"),))) as server:
        assert asked(server) == []


def test_a_server_that_is_not_there_is_named_with_a_next_step() -> None:
    with script() as server:
        address = server.address
    transport = Transport(Way(address), lambda _: None)
    with pytest.raises(EnvscoutError, match="does not answer") as failed:
        transport.post("/", b"{}")
    transport.close()
    assert "object at" not in str(failed.value)


@pytest.mark.parametrize(
    "address",
    [
        "envscout.example",
        "ftp://envscout.example",
        "http://envscout.example",
        "http://10.0.0.1:8080",
        "https://user:password@envscout.example",
        "https://envscout.example/?a=1",
        "https://envscout.example/#a",
        "https://envscout.example:99999",
        "https://",
        "https://a\nb",
        "http://127.0.0.1.example",
    ],
)
def test_an_address_that_tells_the_token_to_others_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        checked(Way(address))


@pytest.mark.parametrize(
    "address", ["https://envscout.example/", "http://127.0.0.1:8080", "http://[::1]:1", "http://localhost"]
)
def test_an_address_that_keeps_it_is_not(address: str) -> None:
    assert checked(Way(address)) == address.rstrip("/")
    assert checked(Way("http://envscout.example", plain=True))


def test_a_token_is_kept_where_nobody_else_can_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    settings = Settings({"ENVSCOUT_HOME": str(tmp_path / "home")})
    keeping.keep(settings, "https://a.example/", "one")
    keeping.keep(settings, "https://b.example", "two")
    file = tmp_path / "home" / "tokens.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert keeping.way(settings, "https://a.example").token == "one"
    assert keeping.way(settings, "https://c.example").token == ""
    assert keeping.forget(settings, "https://a.example")
    assert not keeping.forget(settings, "https://a.example")
    assert keeping.kept(settings, "https://b.example/") == "two"
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read"):
        keeping.kept(settings, "https://b.example")


def test_a_token_is_kept_by_the_helper_that_docker_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "docker-credential-folder"
    helper.write_text(HELPER.replace("FOLDER", str(tmp_path)))
    helper.chmod(0o755)
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text('{"credsStore": "folder"}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    settings = Settings({"ENVSCOUT_HOME": str(tmp_path / "home")})
    assert "docker-credential-folder" in keeping.keep(settings, "https://a.example", "one")
    assert "one" not in (tmp_path / "home" / "tokens.json").read_text()
    assert keeping.kept(settings, "https://a.example") == "one"
    assert keeping.forget(settings, "https://a.example")
    assert not (tmp_path / "kept").exists()


HELPER = """#!/bin/sh
case $1 in
  store) cat >FOLDER/kept ;;
  get) cat FOLDER/kept ;;
  erase) rm FOLDER/kept ;;
esac
"""
