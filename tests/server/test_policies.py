"""What policies say of images, asked of a server; and that a gate which stays shut is told."""

import pytest

from envscout.environments.origin import Origin
from envscout.store import Database, news
from envscout.verbs import govern
from tests.server.conftest import Server

API = "/api/v1"


def _refused(server: Server) -> list[news.Entry]:
    with Database(server.place) as database, database.read() as connection:
        return [each for each in news.after(connection, 0) if each.news.kind == "gate-failed"]


@pytest.fixture
def running(demo_server: Server) -> dict[str, str]:
    """Return something that runs in production and meets not all policies."""
    found: list[dict[str, str]] = demo_server("GET", f"{API}/environments/production/deployments").json()["items"]
    return found[0]


def test_what_runs_is_judged_page_by_page(demo_server: Server) -> None:
    whole = demo_server("GET", f"{API}/environments/production/policy").json()
    assert whole["in_force"]["source"] == "standard"
    assert whole["total"] == len(whole["items"]) > 1
    for each in whole["items"]:
        assert {one["policy"] for one in each["verdicts"]} == set(whole["in_force"]["policies"])
        assert each["met"] == (not any(one["blocks"] for one in each["verdicts"]))
    first = demo_server("GET", f"{API}/environments/production/policy?limit=1").json()
    rest = demo_server("GET", f"{API}/environments/production/policy?cursor={first['next']}").json()
    assert first["items"] + rest["items"] == whole["items"]


def test_a_question_is_not_told_and_a_gate_that_stays_shut_is(demo_server: Server, running: dict[str, str]) -> None:
    path = f"{API}/images/{running['digest']}/policy"
    where = {"env": "production", "service": running["service"], "org": running["organization"]}
    asked = demo_server("GET", path, params=where).json()
    assert asked["status"] == "failed"
    assert _refused(demo_server) == []
    assert demo_server("POST", path, params=where).json() == asked
    (told,) = _refused(demo_server)
    assert (told.news.environment, told.news.service, told.news.digest) == (
        "production", running["service"], running["digest"],
    )  # fmt: skip
    blocking = [each["policy"] for each in asked["judged"]["verdicts"] if each["blocks"]]
    assert all(name in told.news.facts.about for name in blocking)


def test_a_gate_asked_twice_under_a_key_is_told_once(demo_server: Server, running: dict[str, str]) -> None:
    path = f"{API}/images/{running['digest']}/policy?env=production"
    answers = [demo_server("POST", path, headers={"Idempotency-Key": "a"}).content for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(_refused(demo_server)) == 1


def test_a_gate_where_every_policy_is_met_is_open(demo_server: Server, running: dict[str, str]) -> None:
    file = b"policies:\n  - {id: name, kind: maximum-image-age, config: {days: 36000}}\n"
    with Database(demo_server.place) as database:
        govern.apply(database, govern.Given(file, "p.yaml", running["organization"], "production"), Origin("cli"))
    path = f"{API}/images/{running['digest']}/policy?env=production"
    assert demo_server("POST", path).json()["in_force"]["source"] == "environment"
    assert demo_server("POST", path).json()["status"] == "passed"
    assert _refused(demo_server) == []


def test_an_environment_that_nobody_knows_opens_no_gate(demo_server: Server, running: dict[str, str]) -> None:
    answer = demo_server("POST", f"{API}/images/{running['digest']}/policy?env=nowhere")
    assert answer.status_code == 404
    assert "nowhere" in answer.json()["title"]
    assert demo_server("GET", f"{API}/images/sha256:{'0' * 64}/policy?env=production").status_code == 404
