"""What runs, told by the names of images, as deployment tools know them."""

from typing import Any

import pytest

from envscout.store import Database
from envscout.verbs import tokens
from tests.server.conftest import Server

PATH = "/api/v1/environments/told/images"
A, B = (f"sha256:{digit * 64}" for digit in "ab")


def _tell(server: Server, *images: str, **more: Any) -> Any:
    answer = server("POST", PATH, json={"organization": "shop", "images": list(images), **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def _running(server: Server) -> list[tuple[str, str]]:
    items = server("GET", "/api/v1/environments/told/deployments?org=shop").json()["items"]
    return [(each["service"], each["digest"]) for each in items]


def test_what_is_named_is_what_runs(demo_server: Server) -> None:
    known = demo_server("GET", "/api/v1/environments/production/deployments").json()["items"][0]
    told = _tell(demo_server, known["reference"], f"shop/new:1@{A}", source="argocd", commit="c0ffee")
    assert [each["kind"] for each in told["changes"]] == ["added", "added"]
    assert told["unclear"] == []
    assert set(_running(demo_server)) == {(known["service"], known["digest"]), ("shop/new", A)}
    events = demo_server("GET", "/api/v1/environments/told/history?org=shop").json()["items"]
    assert {(each["source"], each["commit"]) for each in events} == {("argocd", "c0ffee")}
    again = _tell(demo_server, f"shop/new:1@{A}", source="argocd")
    assert {each["kind"] for each in again["changes"]} == {"unchanged", "kept"}
    waiting = demo_server("POST", "/api/v1/operations/queue.requested", json={}).json()
    assert f"docker.io/shop/new@{A}" in str(waiting)


def test_what_nobody_knows_keeps_what_it_ran(demo_server: Server) -> None:
    _tell(demo_server, f"shop/a:1@{A}", f"shop/b:1@{B}")
    told = _tell(demo_server, "shop/a:2", whole=True)
    assert [(each["reference"], each["asked"]) for each in told["unclear"]] == [("shop/a:2", True)]
    assert {each["service"]: each["kind"] for each in told["changes"]} == {"shop/a": "kept", "shop/b": "removed"}
    # Of what is no reference nobody knows what it means.
    _tell(demo_server, f"shop/b:1@{B}")
    for name in ("not an image", f"oci-dir://x@{A}", f"Foo@{A}"):
        told = _tell(demo_server, name, whole=True)
        assert [each["asked"] for each in told["unclear"]] == [False]
        assert {each["kind"] for each in told["changes"]} == {"kept"}
    assert len(_running(demo_server)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"images": "x"},
        {"images": ["a"] * 201},
        {"images": ["a"], "more": 1},
        {"images": ["a"], "organization": ""},
        {"images": ["a"], "organization": "shop", "source": "kubernetes"},
    ],
)
def test_what_cannot_be_understood_is_refused(demo_server: Server, body: dict[str, Any]) -> None:
    assert demo_server("POST", PATH, json=body).status_code == 400


def test_only_who_may_record_there_does(demo_server: Server) -> None:
    with Database(demo_server.place) as database:
        viewer = tokens.create(database, "viewer", "test", "shop").secret
        other = tokens.create(database, "recorder", "test", "shop", "production").secret
        right = tokens.create(database, "recorder", "test", "shop", "told").secret
    for secret, code in ((viewer, 403), (other, 404), (right, 200)):
        headers = {"Authorization": f"Bearer {secret}"}
        answer = demo_server("POST", PATH, json={"images": [f"shop/a@{A}"]}, headers=headers)
        assert answer.status_code == code, answer.text
