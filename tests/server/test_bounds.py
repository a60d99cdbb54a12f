"""What hostile clients send: too fast, too large, packed, deep, or characters that no store keeps."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from envscout.errors import TooManyRequests
from envscout.server.auth import Door
from envscout.server.rates import BURST_SECONDS, MOST, Rates
from envscout.store import Database, Place
from tests.server.conftest import Server, serving

API = "/api/v1"
DIGEST = "sha256:" + "4" * 64
DEPLOYED = {"environment": "production", "service": "web", "organization": "shop", "digest": DIGEST, "unindexed": True}


@pytest.fixture
def either(place: Callable[[str], Place]) -> Iterator[Server]:
    """Serve an empty store of each engine."""
    where = place("store")
    Database(where).close()
    yield from serving(cast(Path, where))


def test_who_asks_too_fast_waits_and_the_others_do_not() -> None:
    moment = 0.0
    rates = Rates(2, lambda: moment)
    for _ in range(2 * BURST_SECONDS):
        rates.take("a")
    with pytest.raises(TooManyRequests) as refused:
        rates.take("a")
    assert 0 < refused.value.after <= 0.5
    rates.take("b")
    moment = refused.value.after
    rates.take("a")
    with pytest.raises(TooManyRequests):
        rates.take("a")


def test_askers_without_end_are_forgotten_and_no_bound_is_none() -> None:
    rates, free = Rates(1, lambda: 0.0), Rates(0)
    for number in range(MOST + 10):
        rates.take(str(number))
        free.take("a")
    assert len(rates._full) == MOST


def test_a_server_says_when_to_come_back_and_how_it_fares(tmp_path: Path) -> None:
    place = tmp_path / "envscout.db"
    Database(place).close()
    for server in serving(place, Door(requests_per_second=1)):
        answers = [server("GET", f"{API}/environments") for _ in range(BURST_SECONDS + 5)]
        assert answers[0].status_code == 200
        last = answers[-1]
        assert (last.status_code, last.headers["content-type"]) == (429, "application/problem+json")
        assert 1 <= int(last.headers["Retry-After"]) <= 2
        assert server("GET", "/healthz").status_code == 200
        assert server("GET", "/metrics").status_code == 200


def test_a_packed_body_is_read(server: Server) -> None:
    import json

    packed = gzip.compress(json.dumps(DEPLOYED).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = server("POST", f"{API}/deployments", data=packed, headers=headers)
    assert answer.status_code < 300, answer.text
    assert answer.headers["Accept-Encoding"] == "gzip"
    for wrong in (packed[:-4], packed + b"x", b"{}", b""):
        assert server("POST", f"{API}/deployments", data=wrong, headers=headers).status_code == 400
    assert server("POST", f"{API}/deployments", data=packed, headers={"Content-Encoding": "br"}).status_code == 415


def test_what_unpacks_without_end_is_refused(server: Server) -> None:
    bomb = gzip.compress(b" " * (65 << 20), 9)
    assert server("POST", f"{API}/deployments", data=bomb, headers={"Content-Encoding": "gzip"}).status_code == 413


def test_nul_and_halves_of_characters_are_refused(either: Server) -> None:
    paths = (
        "environments/%00",
        "environments/a%00b/vulnerabilities",
        "environments?org=%00",
        "packages/%00/environments",
    )
    for path in paths:
        assert either("GET", f"{API}/{path}").status_code == 400, path
    for text in (rb"\u0000", rb"a\u0000b", rb"\\\u0000", rb"\ud800", rb"\udc00", b"\xed\xa0\x80", b"\x00"):
        body = b'{"digest": "%s", "environment": "a", "organization": "b", "service": "%s"}' % (DIGEST.encode(), text)
        answer = either("POST", f"{API}/deployments", data=body)
        assert answer.status_code == 400, text
        scope = b'{"scope": {"environment": "%s"}}' % text
        assert either("POST", f"{API}/operations/ask.running", data=scope).status_code == 400, text
    assert either("GET", f"{API}/environments/%ED%A0%80").status_code in (400, 404)
    # What only looks like one is text.
    scope = rb'{"scope": {"environment": "\\u0000"}}'
    assert either("POST", f"{API}/operations/ask.running", data=scope).status_code == 404


def test_nesting_texts_and_lists_are_bounded(server: Server) -> None:
    deep = b'{"scope": ' + b'{"x": ' * 200_000 + b"1" + b"}" * 200_001
    assert server("POST", f"{API}/operations/ask.running", data=deep).status_code == 400
    assert server("POST", f"{API}/sboms", data=b'{"bomFormat": ' + b"[" * 200_000).status_code == 400
    long = b'{"scope": {"environment": "%s"}}' % (b"a" * (1 << 21))
    assert server("POST", f"{API}/operations/ask.running", data=long).status_code == 413
    many = b'{"numbers": [' + b"1," * 200_000 + b"1]}"
    assert server("POST", f"{API}/operations/whole.names", data=many).status_code == 413
