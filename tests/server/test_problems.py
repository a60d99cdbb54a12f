"""Every failure is a problem in the form of RFC 9457, whoever noticed it."""

import pytest

from envscout.server.unpacking import MAX_BODY
from tests.server.conftest import Server

OPERATION = "/api/v1/operations/ask.running"


@pytest.mark.parametrize(
    ("method", "path", "how", "status"),
    [
        ("POST", OPERATION, {"data": b"{"}, 400),
        ("POST", OPERATION, {"data": b"\xff"}, 400),
        ("POST", OPERATION, {"data": b""}, 400),
        ("POST", OPERATION, {"json": {"scope": {"at": "x"}}}, 400),
        ("POST", OPERATION, {"json": {"scope": {"environment": "e", "at": 1 << 70}}}, 400),
        ("POST", OPERATION, {"json": {"scope": {"environment": "nowhere"}}}, 404),
        ("POST", OPERATION, {"json": {"scope": {"environment": "a\0b"}}}, 400),
        ("POST", OPERATION + "?x=1", {"json": {"scope": {}}}, 400),
        ("POST", OPERATION + "?x=%FF", {"json": {"scope": {}}}, 400),
        ("POST", "/api/v1/operations/ask.nothing", {"json": {}}, 404),
        ("GET", "/api/v1/elsewhere", {}, 404),
        ("GET", "/api/v1/a%2Fb", {}, 404),
        ("GET", OPERATION, {}, 405),
        ("POST", OPERATION, {"data": bytes(MAX_BODY + 1)}, 413),
    ],
)
def test_a_failure_is_a_problem(server: Server, method: str, path: str, how: dict[str, object], status: int) -> None:
    answer = server(method, path, **how)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert said["type"].startswith("urn:envscout:")
    assert said["status"] == status
    assert said["title"]
