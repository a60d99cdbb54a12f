"""Events are received from who knows the secret; everybody else gets little, and not for long."""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest
import requests

from envscout.errors import StoreError, UsageError
from envscout.store.watching import Sighting
from envscout.watch import receiver
from envscout.watch.receiver import MAX_BODY, receiving
from envscout.watch.registries import parse
from tests.watch.test_events import DIGEST, distribution

SECRET = "a secret"
BODY = json.dumps({"events": [distribution()]}).encode()
RIGHT = {"Authorization": SECRET}


class Kept:
    """What was received; `answer` decides what becomes of the next."""

    def __init__(self) -> None:
        self.sightings: list[Sighting] = []
        self.room = True
        self.broken = False

    def __call__(self, told: Sequence[Sighting]) -> bool:
        if self.broken:
            raise StoreError("full")
        if self.room:
            self.sightings += told
        return self.room


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def port(kept: Kept) -> Iterator[int]:
    with receiving(parse("registry=a.example,port=0,listen=127.0.0.1"), SECRET, kept) as found:
        yield found


def send(port: int, headers: dict[str, str] = RIGHT, body: bytes = BODY, method: str = "POST") -> int:
    return requests.request(method, f"http://127.0.0.1:{port}/x", data=body, headers=headers, timeout=30).status_code


def raw(port: int, text: bytes) -> bytes:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(1000)


def test_an_event_is_kept_before_it_is_answered(port: int, kept: Kept) -> None:
    assert send(port) == 200
    assert kept.sightings == [Sighting("team/app", "v1", DIGEST)]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "a secre"},
        {"Authorization": "a secrets"},
        {"Authorization": "Basic YSBzZWNyZXQ="},
        {"X-JFrog-Event-Auth": SECRET},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": "sha256=" + hmac.new(b"other", BODY, hashlib.sha256).hexdigest()},
        {"X-Hub-Signature-256": hmac.new(SECRET.encode(), BODY + b" ", hashlib.sha256).hexdigest()},
    ],
)
def test_who_does_not_know_the_secret(port: int, kept: Kept, headers: dict[str, str]) -> None:
    assert send(port, headers) == 401
    assert kept.sightings == []


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("oci", {"Authorization": f"Bearer {SECRET}"}),
        ("oci", {"X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), b"{", hashlib.sha256).hexdigest()}),
        ("harbor", {"authorization": SECRET}),
        ("artifactory", {"X-JFrog-Event-Auth": SECRET}),
        ("artifactory", {"X-JFrog-Event-Auth": hmac.new(SECRET.encode(), b"{", hashlib.sha256).hexdigest()}),
        ("nexus", {"X-Nexus-Webhook-Signature": hmac.new(SECRET.encode(), b"{", hashlib.sha1).hexdigest()}),
    ],
)
def test_how_each_kind_proves_itself(kept: Kept, kind: str, headers: dict[str, str]) -> None:
    # A message that is none tells the right proof from a wrong one, whatever the kind.
    with receiving(parse(f"type={kind},registry=a.example,port=0,listen=127.0.0.1"), SECRET, kept) as port:
        assert send(port, headers, b"{") == 400
        assert send(port, {}, b"{") == 401


def test_no_room_and_no_store(port: int, kept: Kept) -> None:
    kept.room = False
    assert send(port) == 503
    kept.room, kept.broken = True, True
    assert send(port) == 503


def test_messages_that_are_none(port: int, kept: Kept) -> None:
    assert send(port, body=b"not json") == 400
    assert send(port, body=b"x" * (MAX_BODY + 1)) == 413
    assert send(port, method="GET") == 501
    assert b" 411 " in raw(
        port, b"POST / HTTP/1.1\r\nAuthorization: a secret\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    for length in (b"-1", b"1e3", b"9" * 5000, b"0x10", b"\xb2"):
        assert b" 413 " in raw(port, b"POST / HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n")
    assert b" 400 " in raw(port, b"POST / HTTP/1.1\r\nAuthorization: a secret\r\nContent-Length: 50\r\n\r\n{}")
    assert b" 431 " in raw(port, b"POST / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n")
    assert raw(port, b"\x16\x03\x01\x00garbage\r\n\r\n")
    assert kept.sightings == []
    assert send(port) == 200


def test_who_is_slow_is_cut_off_and_keeps_nobody_out(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "SECONDS", 0.5)
    with receiving(parse("registry=a.example,port=0,listen=127.0.0.1"), SECRET, kept) as port:
        slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(receiver.MAX_AT_ONCE * 2)]
        for connection in slow:
            connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n")

        def drip() -> None:
            for _ in range(40):
                for connection in slow:
                    try:
                        connection.sendall(b"a: b\r\n")
                    except OSError:
                        return
                time.sleep(0.05)

        dripping = threading.Thread(target=drip)
        dripping.start()
        end = time.monotonic() + 60
        while True:
            try:
                if send(port) == 200:
                    break
            except requests.ConnectionError:
                assert time.monotonic() < end
                time.sleep(0.05)
        dripping.join()
        for connection in slow:
            connection.close()
    assert kept.sightings == [Sighting("team/app", "v1", DIGEST)]


def test_an_address_of_the_sixth_version(kept: Kept) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with receiving(parse("registry=a.example,port=0,listen=::1"), SECRET, kept) as port:
        assert requests.post(f"http://[::1]:{port}/", data=BODY, headers=RIGHT, timeout=30).status_code == 200


def test_a_port_that_is_taken(port: int, kept: Kept) -> None:
    with (
        pytest.raises(UsageError, match="Cannot listen"),
        receiving(parse(f"registry=a.example,port={port},listen=127.0.0.1"), SECRET, kept),
    ):
        pass
