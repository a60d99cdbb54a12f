"""Who may what: every endpoint, asked by everybody, for what is theirs and for what is another organization's.

The endpoints are those of the table: a new one is in the grid at once. All that is the other organization's holds a
word that no answer may hold; and whatever was asked, its rows are what they were.
"""

import itertools
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from envscout.access.principal import Principal
from envscout.access.roles import ROLES
from envscout.operations.answers import ANSWERS
from envscout.operations.signature import signature
from envscout.operations.table import OPERATIONS
from envscout.server.routes.route import Route
from envscout.server.routes.table import routes
from envscout.store import Place
from tests.conftest import Filled
from tests.server import grid
from tests.server.conftest import Server, serving

ASKERS = {role: Principal(role, role, "acme") for role in ROLES} | {
    "staging": Principal("staging", "owner", "acme", "staging")
}
STRANGERS = ("nobody", "expired", "revoked", "garbage", "basic")
SHOWN = frozenset((
    "asked", "audience", "channel", "claim", "command", "enrolled", "environment", "file", "identity", "integration",
    "issuer", "label", "member", "owner", "package", "policy", "reason", "reference", "service", "text", "token",
))  # fmt: skip
"""Canaries that their own organization is told of: others are not kept from what nobody would see."""
SPECIAL = {"changes": "?wait=0", "keep.prune": ""}


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, filled: Filled) -> Iterator[tuple[Server, grid.Seeded, Place]]:
    """Serve a store in which two organizations are."""
    where, made = filled(request.param, grid.seeded)
    for server in serving(typing.cast(Path, where)):
        yield server, made, where


def ask(server: Server, row: Route, headers: dict[str, str], number: int, own: str = "evil") -> requests.Response:
    """Ask an endpoint for what is the other organization's, or for what is one's own."""
    path = re.sub(
        r"\{(\w+)\}", lambda found: str(number) if found[1] == "number" else grid.text(found[1], own), row.path
    )
    fields = row.query.__struct_fields__
    query = {name: grid.text(name, own) for name in fields if name in ("org", "env", "from_env", "to_env", "reason")}
    body: Any = None
    if row.tag == "operations":
        hints = typing.get_type_hints(signature(row.name).arguments)
        body = {name: grid.argument(name, type_, number, own) for name, type_ in hints.items()}
    elif row.body is not None:
        body = grid.argument("", row.body, number, own)
    return server(row.method, path + SPECIAL.get(row.name, ""), params=query, json=body, headers=headers)


def bearer(made: grid.Seeded, who: str) -> dict[str, str]:
    said = {"nobody": "", "garbage": f"Bearer es_{'x' * 43}", "basic": "Basic YTpi"}
    text = said.get(who, f"Bearer {made.tokens.get(who, '')}")
    return {"Authorization": text} if text else {}


@pytest.mark.parametrize("who", ASKERS)
def test_nobody_sees_or_changes_what_is_another_organizations(
    world: tuple[Server, grid.Seeded, Place], who: str
) -> None:
    server, made, place = world
    before, headers, principal = grid.rows(place), bearer(made, who), ASKERS[who]
    for row in routes():
        for number in {number for name, number in made.numbers.items() if name.startswith("evil.")}:
            answer = ask(server, row, headers, number)
            said = f"{who} {row.name} {number}: {answer.status_code} {answer.text[:500]}"
            assert "canary" not in answer.text + str(answer.headers), said
            assert answer.status_code < 500, said
            assert answer.status_code != 401, said
            if not principal.may(row.action):
                assert answer.status_code in (400, 403, 404, 413), said
    after = grid.rows(place)
    for name, rows in before.items():
        assert after[name] == rows, f"{who} changed {name}"


@pytest.mark.parametrize("who", ASKERS)
def test_everybody_may_what_their_role_allows_on_what_is_theirs(
    world: tuple[Server, grid.Seeded, Place], who: str
) -> None:
    server, made, place = world
    before, headers, principal = grid.rows(place), bearer(made, who), ASKERS[who]
    for row, named in itertools.product(routes(), ("acme", "")):
        answer = ask(server, row, headers, made.numbers["acme.image"], named)
        said = f"{who} {row.name} {named!r}: {answer.status_code} {answer.text[:500]}"
        assert "canary" not in answer.text + str(answer.headers), said
        assert answer.status_code < 500, said
        answered = ANSWERS.get(row.name)
        if answered is not None and principal.may(row.action) and answered.kind != "whole":
            assert answer.status_code != 403 or (who == "staging" and not answered.by_environment), said
        if row.tag == "operations" and not principal.may(row.action) and answer.status_code != 400:
            assert answer.status_code == 403, said
    after = grid.rows(place)
    for name, rows in before.items():
        assert after[name] == rows, f"{who} changed {name}"


def test_who_may_see_what_is_hidden_from_others_sees_it(world: tuple[Server, grid.Seeded, Place]) -> None:
    server, made, _ = world
    seen = set()
    for row in routes():
        for number in (made.numbers["evil.image"], 2**30):
            answer = ask(server, row, bearer(made, "evil"), number)
            seen |= set(re.findall(r"canary-(\w+)", answer.text))
    assert seen >= SHOWN, SHOWN - seen


@pytest.mark.parametrize("who", ASKERS)
def test_the_metrics_of_one_organization_tell_of_no_other(world: tuple[Server, grid.Seeded, Place], who: str) -> None:
    server, made, _ = world
    answer = server("GET", "/metrics", headers=bearer(made, who))
    assert answer.status_code == (403 if who == "staging" else 200)
    assert "canary" not in answer.text
    assert "acme" in answer.text or who == "staging"


@pytest.mark.parametrize("who", ["owner", "operator"])
def test_what_was_answered_under_a_key_is_told_to_nobody_else(
    world: tuple[Server, grid.Seeded, Place], who: str
) -> None:
    server, made, _ = world
    told: dict[str, list[dict[str, str]]] = {}
    for each in ("evil", who, "evil", who):
        headers = {**bearer(made, each), "Idempotency-Key": "made"}
        wish = {"kind": "accepted-risk", "owner": "me", "reason": "because", "environment": "production"}
        body = {"names": ["CVE-2024-0002"], "wish": wish, "actor": "me"}
        answer = server("POST", "/api/v1/operations/exceptions.add", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert "canary" not in answer.text
        assert told.setdefault(each, answer.json()) == answer.json()
    (own,), (other,) = told[who], told["evil"]
    assert own["number"] != other["number"]
    assert own["added_by"] != other["added_by"]
    assert "evil" not in str(own)


@pytest.mark.parametrize("who", STRANGERS)
def test_who_does_not_say_who_they_are_gets_nothing(world: tuple[Server, grid.Seeded, Place], who: str) -> None:
    server, made, place = world
    before = grid.rows(place)
    for row in routes():
        answer = ask(server, row, bearer(made, who), 1)
        assert answer.status_code in (401, 429), row.name
        assert answer.headers["content-type"] == "application/problem+json"
        assert "canary" not in answer.text
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert grid.rows(place) == before


def test_every_operation_is_in_the_grid() -> None:
    assert {row.name for row in routes() if row.tag == "operations"} == set(OPERATIONS)


def test_a_revoked_token_serves_no_more(world: tuple[Server, grid.Seeded, Place]) -> None:
    server, made, _ = world
    path, owner = "/api/v1/operations/tokens.{}", bearer(made, "owner")
    created = server("POST", path.format("create"), json={"role": "viewer", "actor": "x"}, headers=owner).json()
    assert created["token"]["organization"] == "acme"
    assert created["token"]["created_by"].startswith("token:")
    fresh = {"Authorization": f"Bearer {created['secret']}"}
    body = {"number": created["token"]["number"], "actor": "x"}
    assert server("POST", path.format("revoke"), json=body, headers=owner).status_code == 200
    assert server("GET", "/api/v1/environments", headers=fresh).status_code == 401


def test_who_fails_too_often_has_to_wait_and_others_need_not(world: tuple[Server, grid.Seeded, Place]) -> None:
    server, made, _ = world
    assert server("GET", "/api/v1/environments", headers=bearer(made, "viewer")).status_code == 200
    codes = [server("GET", "/api/v1/environments", headers=bearer(made, "garbage")).status_code for _ in range(40)]
    assert codes[0] == 401
    assert codes[-1] == 429
    assert "retry-after" in server("GET", "/api/v1/environments", headers=bearer(made, "garbage")).headers


def test_no_page_in_a_browser_asks_an_open_server(server: Server) -> None:
    path = "/api/v1/environments"
    assert server("GET", path).status_code == 200
    for headers in (
        {"Host": "attacker.example"},
        {"Host": "127.0.0.1.attacker.example"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert server("GET", path, headers=headers).status_code == 403, headers
    own = server.address
    assert server("GET", path, headers={"Origin": own, "Sec-Fetch-Site": "same-origin"}).status_code == 200
