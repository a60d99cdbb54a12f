"""People with a session: where they come from, and for which of their organizations they look."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from envscout.access import secret
from envscout.server.auth import CHOSEN_COOKIE, COOKIE
from envscout.store import Database, access, now
from envscout.verbs import members
from tests.server.conftest import Server, serving

ODD = "a;b=c, d\u00e9"
FOLLOWED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve a store in which alice is a viewer of two organizations, and bob of one."""
    place = tmp_path / "envscout.db"
    with Database(place) as database:
        for name, organization in (("alice", "acme"), ("alice", ODD), ("bob", "acme")):
            members.add(database, f"{name}@example.com", "viewer", "x", organization)
        with database.write() as connection:
            for name in ("alice", "bob"):
                person = access.Person(name, f"{name}@example.com", (), now() + 3_600_000_000)
                access.put_session(connection, secret.kept(f"session-{name}"), person, now())
    yield from serving(place)


def ask(server: Server, who: str, path: str, chosen: str = "", method: str = "GET", **more: str) -> requests.Response:
    cookie = f"{COOKIE}=session-{who}" + (f"; {CHOSEN_COOKIE}={chosen}" if chosen else "")
    headers = {"Cookie": cookie, "Accept": "text/html", **more}
    return server(method, path, headers=headers, allow_redirects=False)


def test_who_follows_a_link_from_elsewhere_arrives(server: Server) -> None:
    assert ask(server, "bob", "/", **FOLLOWED).status_code == 200
    assert ask(server, "bob", "/promotion", **FOLLOWED | {"Sec-Fetch-Site": "same-site"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        FOLLOWED | {"Sec-Fetch-Dest": "iframe"},
        FOLLOWED | {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        FOLLOWED | {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        FOLLOWED | {"Origin": "https://attacker.example"},
        FOLLOWED | {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_what_a_page_of_another_site_loads_is_refused(server: Server, headers: dict[str, str]) -> None:
    assert ask(server, "bob", "/", **headers).status_code == 403


@pytest.mark.parametrize("headers", [FOLLOWED, FOLLOWED | {"Origin": "https://attacker.example"}, {}])
def test_a_form_of_another_site_is_refused(server: Server, headers: dict[str, str]) -> None:
    for path in ("/seen", "/login/organization?name=acme", "/logout"):
        answer = ask(server, "alice", path, method="POST", **headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_who_is_a_member_of_several_chooses_one(server: Server) -> None:
    answer = ask(server, "alice", "/reports?org=x")
    assert "Which organization?" in answer.text
    for name in ("acme", ODD):
        target = f"/login/organization?name={quote(name, safe='').replace('%20', '+')}&amp;next=%2Freports%3Forg%3Dx"
        assert target in answer.text
    chosen = ask(server, "alice", f"/login/organization?name={quote(ODD)}&next=/reports", method="POST", **_own(server))
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/reports")
    cookie = chosen.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", CHOSEN_COOKIE))
    value = cookie.partition(";")[0].partition("=")[2]
    shown = ask(server, "alice", "/reports", value)
    assert shown.status_code == 200
    assert f"viewer of {ODD}" in shown.text
    assert "Another organization" in shown.text
    again = ask(server, "alice", "/login/organization", value, "POST", **_own(server))
    assert f'{CHOSEN_COOKIE}=""; ' in again.headers["set-cookie"]
    assert "Max-Age=0" in again.headers["set-cookie"]


def test_who_chose_what_is_not_theirs_is_nobody(server: Server) -> None:
    assert ask(server, "alice", "/", "evil").headers["location"].startswith("/login")
    assert ask(server, "alice", "/", "%00%ff").headers["location"].startswith("/login")
    assert ask(server, "bob", "/", "evil").headers["location"].startswith("/login")
    assert "Which organization?" not in ask(server, "bob", "/").text
    elsewhere = ask(server, "alice", "/login/organization?name=acme&next=//evil.example", method="POST", **_own(server))
    assert elsewhere.headers["location"] == "/"


def test_going_back_after_logging_out_shows_nothing(server: Server) -> None:
    assert ask(server, "bob", "/logout", method="POST", **_own(server)).headers["clear-site-data"] == '"cache"'


def _own(server: Server) -> dict[str, str]:
    return {"Origin": server.address}
