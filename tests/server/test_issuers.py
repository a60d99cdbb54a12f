"""Pipelines and people that an issuer vouches for: what is taken of its word, and what is not."""

import base64
import hmac
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import requests
from joserfc import jwk

from envscout.network.addresses import allowed
from envscout.server.auth import Door
from envscout.store import Database
from envscout.verbs import members, tokens, trust
from tests.server.conftest import Server, serving
from tests.server.issuer import Issuer, issuer

__all__ = ["issuer"]

ASKED = "/api/v1/environments"


@pytest.fixture
def server(tmp_path: Path, issuer: Issuer) -> Iterator[Server]:
    """Serve a store that trusts an issuer's word about acme's repositories."""
    place = tmp_path / "store.db"
    with Database(place) as database:
        trust.add(database, issuer.address, "ci", {"repository": "acme/*"}, "recorder", "x", "acme")
        tokens.create(database, "owner", "x")
    door = Door(
        permitted=allowed("127.0.0.1"),
        issuer=issuer.address,
        client_id="envscout",
        public_url="http://127.0.0.1",
    )
    yield from serving(place, door)


def code(server: Server, token: str, **headers: str) -> int:
    return server("GET", ASKED, headers={"Authorization": f"Bearer {token}", **headers}).status_code


def test_a_job_gets_in_by_its_issuers_word(server: Server, issuer: Issuer) -> None:
    assert code(server, issuer.token()) == 200
    asked = server("GET", ASKED + "?org=evil", headers={"Authorization": f"Bearer {issuer.token()}"})
    assert asked.status_code == 404
    made = server(
        "POST", "/api/v1/operations/tokens.listed", json={}, headers={"Authorization": f"Bearer {issuer.token()}"}
    )
    assert made.status_code == 403


def test_keys_are_exchanged(server: Server, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    from envscout.server import auth_issuers

    assert code(server, issuer.token()) == 200
    monkeypatch.setattr(auth_issuers, "AGAIN", 0.0)
    old = issuer.keys[0]
    issuer.rotate("two", "EC")
    assert code(server, issuer.token(sub="new")) == 200
    assert code(server, issuer.token(key=old, sub="old")) == 401


def forged(issuer: Issuer) -> dict[str, str]:
    """Return tokens that mean harm, each with a good reason to be refused."""
    present, key = int(time.time()), issuer.keys[0]
    claims = msgspec.json.decode(base64.urlsafe_b64decode(issuer.token().split(".")[1] + "=="))
    none = ".".join(_b64(each) for each in ({"alg": "none", "kid": "one"}, claims)) + "."
    signed = ".".join(_b64(each) for each in ({"alg": "HS256", "kid": "one"}, claims))
    mac = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
    hs = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    stranger = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    header, body, signature = issuer.token().split(".")
    return {
        "alg none": none,
        "HS256 with the public key": hs,
        "same kid, another key": issuer.token(key=stranger),
        "unknown kid": issuer.token({"kid": "nobody"}),
        "wrong audience": issuer.token(aud="other"),
        "no audience": issuer.token(aud=None),
        "expired": issuer.token(exp=present - 120),
        "never ends": issuer.token(exp=None),
        "ends with a text": issuer.token(exp="never"),
        "to come": issuer.token(nbf=present + 3600),
        "made in the future": issuer.token(iat=present + 3600),
        "another repository": issuer.token(repository="evil/app"),
        "repository twice": issuer.token(repository={"acme/app": 1}),
        "no repository": issuer.token(repository=None),
        "another issuer": issuer.token(iss="http://127.0.0.1:1"),
        "metadata as issuer": issuer.token(iss="http://169.254.169.254"),
        "changed": f"{header}.{_b64({**claims, 'repository': 'acme/other'})}.{signature}",
        "no signature": f"{header}.{body}.",
        "huge": issuer.token(more="x" * 20_000),
        "deep": f"{header}.{base64.urlsafe_b64encode(b'[' * 9_000).decode().rstrip('=')}.{signature}",
        "no JSON": "a.b.c",
    }


def _b64(content: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).decode().rstrip("=")


def test_hostile_tokens_are_refused(server: Server, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    from envscout.server.auth_pace import Pace

    monkeypatch.setattr(Pace, "check", lambda *_: None)
    for why, token in forged(issuer).items():
        assert code(server, token) == 401, why


def test_nobody_draws_anothers_jobs_to_themselves(server: Server, issuer: Issuer) -> None:
    with Database(server.place) as database:
        trust.add(database, issuer.address, "ci", {"repository": "acme/*"}, "owner", "x", "evil")
    token = issuer.token(sub="both")
    assert code(server, token) == 401
    assert code(server, token, **{"X-Envscout-Organization": "acme"}) == 200


def test_an_issuer_on_a_private_address_is_not_asked_unless_allowed(tmp_path: Path, issuer: Issuer) -> None:
    place = tmp_path / "store.db"
    with Database(place) as database:
        trust.add(database, issuer.address, "ci", {"repository": "acme/*"}, "recorder", "x", "acme")
    for server in serving(place, Door()):
        assert code(server, issuer.token()) == 401
    assert issuer.asked == []


def login(server: Server, issuer: Issuer) -> tuple[requests.Response, str, dict[str, str]]:
    """Go through a login as a browser does; return the last answer, its address, and what the browser showed."""
    begun = server("GET", "/login?next=/environments", allow_redirects=False)
    assert begun.status_code == 303
    shown = _cookie(begun)
    there = requests.get(begun.headers["Location"], allow_redirects=False, timeout=60)
    back = urlsplit(there.headers["Location"])
    assert back.path == "/login/done"
    address = f"/login/done?{back.query}"
    return server("GET", address, headers={"Cookie": shown}, allow_redirects=False), address, {"Cookie": shown}


def _cookie(answer: requests.Response) -> str:
    raw = answer.raw.headers.getlist("Set-Cookie")
    for each in raw:
        assert each.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in each.split(";")}, each
    return "; ".join(each.split(";")[0] for each in raw if "Max-Age=0" not in each)


def test_a_person_logs_in_and_out(server: Server, issuer: Issuer) -> None:
    with Database(server.place) as database:
        members.add(database, "alice@example.com", "viewer", "x", "acme")
    answer, address, shown = login(server, issuer)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/environments")
    session = _cookie(answer).split("; ")[0]
    headers = {"Cookie": session}
    assert server("GET", ASKED, headers=headers).status_code == 200
    assert server("GET", address, headers=shown, allow_redirects=False).status_code == 400, "a state serves once"
    body: dict[str, Any] = {"json": {"scope": {}}}
    path = "/api/v1/operations/ask.environments"
    assert server("POST", path, headers={**headers, "Origin": "https://evil.example"}, **body).status_code == 403
    assert server("POST", path, headers=headers, **body).status_code == 403, "nothing says where it comes from"
    assert server("POST", path, headers={**headers, "Origin": server.address}, **body).status_code == 200
    out = server("POST", "/logout", headers={**headers, "Origin": server.address}, allow_redirects=False)
    assert out.status_code == 303
    assert server("GET", ASKED, headers=headers).status_code == 401


def test_a_login_ends_in_the_browser_in_which_it_began(server: Server, issuer: Issuer) -> None:
    begun = server("GET", "/login", allow_redirects=False)
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    for cookie in ("", "__Host-envscout-login=other"):
        answer = server(
            "GET", f"/login/done?code=code&state={state}", headers={"Cookie": cookie}, allow_redirects=False
        )
        assert answer.status_code == 400


def test_who_is_no_member_gets_nothing(server: Server, issuer: Issuer) -> None:
    answer, _, _ = login(server, issuer)
    assert server("GET", ASKED, headers={"Cookie": _cookie(answer)}).status_code == 401
    issuer.person["email_verified"] = False
    with Database(server.place) as database:
        members.add(database, "alice@example.com", "viewer", "x", "acme")
    answer, _, _ = login(server, issuer)
    assert server("GET", ASKED, headers={"Cookie": _cookie(answer)}).status_code == 401, "nobody verified the address"
    issuer.person["groups"] = ["team"]
    with Database(server.place) as database:
        members.add(database, "group:team", "viewer", "x", "acme")
    answer, _, _ = login(server, issuer)
    assert server("GET", ASKED, headers={"Cookie": _cookie(answer)}).status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\r\nb"])
def test_a_login_leads_to_no_other_site(target: str) -> None:
    from envscout.server.auth_login import local

    assert local(target) == "/"
