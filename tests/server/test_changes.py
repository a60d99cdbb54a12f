"""The change feed: by cursor, with waiting, as a stream that is resumed; for others it is silent."""

import json
import threading
from collections.abc import Iterator

import requests

from tests.server.conftest import Server

CHANGES = "/api/v1/changes"


def _record(server: Server, service: str, environment: str = "production") -> None:
    body = {"organization": "shop", "environment": environment, "service": service, "digest": "sha256:" + "1" * 64}
    assert server("POST", "/api/v1/deployments", json={**body, "unindexed": True}).json()["recorded"] == 1


def _services(found: dict[str, object]) -> list[str]:
    return [each["news"]["service"] for each in found["items"]]  # type: ignore[attr-defined]


def test_what_happened_is_told_after_a_cursor(server: Server) -> None:
    end = server("GET", CHANGES).json()
    assert end["items"] == []
    _record(server, "a")
    _record(server, "b")
    found = server("GET", f"{CHANGES}?after={end['next']}&limit=1").json()
    assert _services(found) == ["a"]
    assert found["more"]
    rest = server("GET", f"{CHANGES}?after={found['next']}").json()
    assert _services(rest) == ["b"]
    assert not rest["more"]
    assert server("GET", f"{CHANGES}?after={rest['next']}&env=production").json()["items"] == []
    assert server("GET", f"{CHANGES}?after=999999").json()["missed"]


def test_who_waits_is_told_at_once(server: Server) -> None:
    _record(server, "a")
    end = server("GET", CHANGES).json()["next"]
    threading.Timer(0.3, _record, (server, "b")).start()
    found = requests.get(f"{server.address}{CHANGES}?after={end}&wait=30", timeout=60).json()
    assert _services(found) == ["b"]
    assert requests.get(f"{server.address}{CHANGES}?after={found['next']}&wait=1", timeout=60).json()["items"] == []


def _events(answer: requests.Response) -> Iterator[tuple[str, dict[str, object]]]:
    number = ""
    for line in answer.iter_lines():
        if line.startswith(b"id: "):
            number = line[4:].decode()
        if line.startswith(b"data: "):
            yield number, json.loads(line[6:])


def test_a_stream_goes_on_where_it_was_broken_off(server: Server) -> None:
    stream = {"Accept": "text/event-stream"}
    address = server.address + CHANGES
    with requests.get(f"{address}?after=0", headers=stream, stream=True, timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        _record(server, "a")
        number, first = next(_events(answer))
        assert first["news"]["service"] == "a"  # type: ignore[index]
    _record(server, "b", "staging")
    _record(server, "c")
    resumed = {**stream, "Last-Event-ID": number}
    with requests.get(f"{address}?env=production", headers=resumed, stream=True, timeout=60) as answer:
        _, following = next(_events(answer))
        assert following["news"]["service"] == "c"  # type: ignore[index]
    assert requests.get(address, headers={**stream, "Last-Event-ID": "x"}, timeout=60).status_code == 400


def test_many_who_wait_hold_no_threads(server: Server) -> None:
    stream = {"Accept": "text/event-stream"}
    answers = [
        requests.get(f"{server.address}{CHANGES}?after=0", headers=stream, stream=True, timeout=60) for _ in range(60)
    ]
    _record(server, "a")
    assert {next(_events(each))[1]["news"]["service"] for each in answers} == {"a"}  # type: ignore[index]
    for each in answers:
        each.close()
