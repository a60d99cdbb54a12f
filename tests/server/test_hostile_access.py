"""What people tried who wanted in, or wanted others out."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from envscout.access.claims import fit
from envscout.errors import Unauthenticated, UsageError
from envscout.network.addresses import allowed
from envscout.policies import reading
from envscout.server import changes
from envscout.server.auth import Door
from envscout.store import Database, Place, access, audit
from envscout.verbs import members, tokens, trust
from tests.server.conftest import Server, serving
from tests.server.issuer import Issuer, issuer

__all__ = ["issuer"]

ASKED = "/api/v1/environments"


def alice(subject: str = "alice-1", email: str = "alice@example.com", *groups: str) -> access.Person:
    return access.Person(subject, email, groups, 0)


def test_a_pattern_of_many_stars_costs_no_more_than_one() -> None:
    # With an expression that goes back, this takes hours, and nobody else gets an answer meanwhile.
    assert not fit({"ref": "*a*a*a*ab"}, {"ref": "a" * 999})
    assert fit({"ref": "x*a*b"}, {"ref": "x-a-b"})
    assert not fit({"ref": "ab*ba"}, {"ref": "aba"}), "what both ends would share"


def test_nobody_draws_anothers_people_to_themselves(database: Database) -> None:
    members.add(database, "alice@example.com", "recorder", "x", "acme")
    members.add(database, "alice@example.com", "owner", "x", "evil")
    with pytest.raises(Unauthenticated, match="several organizations"):
        members.standing(database, alice())
    found = members.standing(database, alice(), "acme")
    assert found
    assert (found.organization, found.role) == ("acme", "recorder")
    assert members.standing(database, alice(), "third") is None


def test_a_subject_is_no_address_and_no_group(database: Database) -> None:
    members.add(database, "alice@example.com", "owner", "x", "acme")
    members.add(database, "group:owners", "owner", "x", "acme")
    assert members.standing(database, alice("alice@example.com", "")) is None
    assert members.standing(database, alice("group:owners", "")) is None
    assert members.standing(database, alice("x", "", "owners"))


def test_who_guesses_does_not_lock_out_who_knows(server: Server) -> None:
    with Database(server.place) as database:
        shown = tokens.create(database, "viewer", "x").secret
    guess = {"Authorization": f"Bearer es_{'x' * 43}"}
    codes = [server("GET", ASKED, headers=guess).status_code for _ in range(25)]
    assert codes[0] == 401
    assert codes[-1] == 429
    assert server("GET", ASKED, headers={"Authorization": f"Bearer {shown}"}).status_code == 200


@contextmanager
def silent() -> Iterator[tuple[str, list[float]]]:
    """Take connections, and answer nothing. Give the address, and when somebody came."""
    came: list[float] = []
    held: list[socket.socket] = []

    def take() -> None:
        while True:
            try:
                held.append(listening.accept()[0])
            except OSError:
                return
            came.append(time.monotonic())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=take)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", came
        listening.shutdown(socket.SHUT_RDWR)
        for each in held:
            each.close()
        thread.join()


def test_an_issuer_that_is_silent_is_not_asked_by_every_request(tmp_path: Path, issuer: Issuer) -> None:
    place = tmp_path / "store.db"
    with silent() as (address, came):
        with Database(place) as database:
            for each, organization in ((issuer.address, "acme"), (address, "evil")):
                trust.add(database, each, "ci", {"repository": "acme/*"}, "recorder", "x", organization)
        for server in serving(place, Door(permitted=allowed("127.0.0.1"))):
            theirs = {"Authorization": f"Bearer {issuer.token(iss=address)}"}
            waiting = threading.Thread(target=server, args=("GET", ASKED), kwargs={"headers": theirs})
            waiting.start()
            while not came:
                time.sleep(0.01)
            # Nobody waits for an issuer of others.
            own = {"Authorization": f"Bearer {issuer.token()}"}
            assert server("GET", ASKED, headers=own).status_code == 200
            assert waiting.is_alive()
            waiting.join()
            for number in range(3):
                again = {"Authorization": f"Bearer {issuer.token(iss=address, sub=str(number))}"}
                assert server("GET", ASKED, headers=again).status_code == 401
            assert len(came) == 1


def test_names_of_answers_tell_nothing_of_others(place: Callable[[str], Place]) -> None:
    where = place("store")
    with Database(where) as database:
        shown = tokens.create(database, "owner", "x", "acme", "").secret
    headers = {"Authorization": f"Bearer {shown}", "If-None-Match": "*"}
    for server in serving(where):  # type: ignore[arg-type]
        path = "/api/v1/environments/production/vulnerabilities"
        answer = server("GET", path, params={"org": "evil"}, headers=headers)
        assert answer.status_code == 404
        assert "ETag" not in answer.headers


def test_a_finding_that_somebody_sends_along_has_a_severity_there_is(server: Server) -> None:
    package = {"purl": "pkg:npm/x@1", "name": "x", "version": "1", "type": "npm"}
    found = {
        "vulnerability": "CVE-1",
        "package": package,
        "severity": "grave",
        "severity_source": "",
        "range": {"text": ""},
    }
    answer = server("POST", "/api/v1/operations/recommend.upgrades", json={"image_id": 1, "found": [found]})
    assert answer.status_code == 400
    assert "severity" in answer.json()["title"]


def owner(place: Place, organization: str = "") -> dict[str, str]:
    with Database(place) as database:
        return {"Authorization": f"Bearer {tokens.create(database, 'owner', 'x', organization).secret}"}


def test_a_stream_ends_for_who_may_no_longer_ask(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "HEARTBEAT_SECONDS", 0.2)
    headers = {**owner(server.place), "Accept": "text/event-stream"}
    with requests.get(server.address + "/api/v1/changes", headers=headers, stream=True, timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith(b"retry")
        with Database(server.place) as database:
            tokens.revoke(database, 1, "x")
        assert all(b"data" not in line for line in lines), "and it comes to an end"


def test_what_is_refused_under_a_key_is_in_the_audit_log_and_no_secret_is_kept_under_one(server: Server) -> None:
    headers = {**owner(server.place, organization="acme"), "Idempotency-Key": "one"}
    path = "/api/v1/operations/record.enroll"
    refused = server("POST", path, json={"organization": "evil", "names": ["x"]}, headers=headers)
    assert refused.status_code in (400, 404), refused.text
    asked = {"organization": "evil", "name": "x"}
    assert server("POST", "/api/v1/operations/channels.pause", json=asked, headers=headers).status_code == 404
    channel = {"organization": "acme", "channel": {"name": "hook", "address": "https://hooks.example/x"}}
    made = server(
        "POST", "/api/v1/operations/channels.add", json=channel, headers={**headers, "Idempotency-Key": "two"}
    )
    assert made.json()["secret"].startswith("whsec_")
    with Database(server.place) as database, database.read() as connection:
        outcomes = [(each.operation, each.outcome) for each in audit.entries(connection)]
        assert ("channels.pause", "refused") in outcomes
        assert ("channels.add", "done") in outcomes
        kept = connection.execute("SELECT response FROM idempotency").fetchall()
        assert not any(b"whsec_" in bytes(row[0]) for row in kept)


def test_a_file_of_many_expressions_is_refused() -> None:
    rules = "".join(f"  - id: a{each}\n    kind: cel\n    config:\n      expression: 'true'\n" for each in range(101))
    with pytest.raises(UsageError, match="more than 100"):
        reading.read(f"policies:\n{rules}".encode(), "policies.yaml")
