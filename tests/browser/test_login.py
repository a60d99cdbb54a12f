"""Coming in with a token, and going out again: who the browser is taken for, and where it is led."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import expect

from envscout.server.auth import COOKIE, TOKEN_COOKIE
from envscout.store import Database
from envscout.verbs import tokens
from tests.browser.conftest import Opens
from tests.browser.fleet import Made
from tests.server.conftest import Server, serving

ELSEWHERE = (
    "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example",
    "javascript:alert(1)", "/%0d%0aSet-Cookie:%20a=b", "/\r\nLocation: https://evil.example", "/\t/evil.example",
    "///evil.example", "evil.example", "", "/ok\\..\\..//evil.example", "%2f%2fevil.example",
)  # fmt: skip
"""Where an attacker would lead whoever logs in."""


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[tuple[Server, str, str]]:
    """Serve a store; return the tokens of two viewers, too: of whoever logs in, and of an attacker."""
    place = tmp_path / "envscout.db"
    with Database(place) as database:
        mine, theirs = (tokens.create(database, "viewer", "x", name=name).secret for name in ("mine", "theirs"))
    for server in serving(place):
        yield server, mine, theirs


def test_who_logs_in_goes_where_they_wanted_to_go_and_who_logs_out_is_out(
    opens: Opens, server: Server, made: Made
) -> None:
    window = opens(server.address)
    window.go("/exceptions?show=all")
    assert "/login" in window.page.url
    window.page.get_by_label("Token").fill(made.token)
    window.page.get_by_role("button", name="Log in").click()
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Exceptions")
    assert window.page.url == f"{server.address}/exceptions?show=all"
    (cookie,) = window.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["secure"]) == (TOKEN_COOKIE, True, True)
    assert (cookie["sameSite"], cookie["path"], cookie["domain"]) == ("Lax", "/", "127.0.0.1")
    assert made.token not in window.page.evaluate("() => document.cookie + JSON.stringify({...localStorage})")
    assert made.token not in window.page.content() + window.page.url
    window.page.get_by_role("button", name="Log out").click()
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Log in")
    assert window.context.cookies() == []
    window.go("/exceptions")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Log in")
    assert window.wrong == []


def test_a_wrong_token_is_refused_on_the_page_and_kept_nowhere(opens: Opens, server: Server) -> None:
    window = opens(server.address)
    window.go("/audit")
    window.page.get_by_label("Token").fill("es_wrong")
    window.page.get_by_role("button", name="Log in").click()
    expect(window.page.get_by_role("alert")).to_contain_text("not known")
    expect(window.page.get_by_label("Token")).to_have_value("")
    assert window.page.locator("input[name=next]").input_value() == "/audit"
    assert window.context.cookies() == []


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_led_elsewhere(viewer: tuple[Server, str, str], target: str) -> None:
    server, mine, _ = viewer
    for spelled in {quote(target, safe=""), target.replace("\r\n", "%0d%0a").replace("\t", "%09")}:
        offered = requests.get(f"{server.address}/login/token?next={spelled}", timeout=60)
        (field,) = re.findall(r'name="next" value="([^"]*)"', offered.text)
        assert re.match(r"/(?![/\\])", field), field
        begun = requests.get(f"{server.address}/login?next={spelled}", headers={"Accept": "text/html"}, timeout=60)
        assert begun.url.startswith(f"{server.address}/login/token")
    sent = requests.post(
        f"{server.address}/login/token", data={"token": mine, "next": target}, timeout=60, allow_redirects=False,
        headers={"Origin": server.address, "Accept": "text/html"},
    )  # fmt: skip
    assert sent.status_code == 303
    assert re.fullmatch(r"/(?![/\\])[!-~]*", sent.headers["location"])
    assert set(sent.cookies.keys()) <= {TOKEN_COOKIE}


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "/%09/evil.example"])
def test_the_browser_goes_nowhere_else(opens: Opens, viewer: tuple[Server, str, str], target: str) -> None:
    server, mine, _ = viewer
    window = opens(server.address)
    window.go(f"/login/token?next={target}")
    window.page.get_by_label("Token").fill(mine)
    window.page.get_by_role("button", name="Log in").click()
    expect(window.page.get_by_role("button", name="Log out")).to_be_visible()
    assert window.page.url.startswith(f"{server.address}/")
    assert window.wrong == []


@pytest.mark.parametrize("name", [COOKIE, TOKEN_COOKIE])
def test_who_logs_in_is_nobody_whom_an_attacker_made_of_them(
    opens: Opens, viewer: tuple[Server, str, str], name: str
) -> None:
    """A cookie that was planted before does not say who somebody is after they logged in (session fixation)."""
    server, mine, theirs = viewer
    window = opens(server.address)
    window.go("/login/token")
    window.page.evaluate("said => { document.cookie = said; }", f"{name}={theirs}; Secure; Path=/")
    assert [each["name"] for each in window.context.cookies()] == [name]
    window.go("/login/token")
    window.page.get_by_label("Token").fill(mine)
    window.page.get_by_role("button", name="Log in").click()
    expect(window.page.locator("footer")).to_contain_text("mine, viewer")
    assert [(each["name"], each["value"]) for each in window.context.cookies()] == [(TOKEN_COOKIE, mine)]
    assert window.wrong == []


def test_a_form_of_another_site_does_nothing_in_the_name_of_who_is_logged_in(
    opens: Opens, viewer: tuple[Server, str, str]
) -> None:
    """The browser itself, another site that is open in it, and a form that sends itself."""
    server, mine, _ = viewer
    window = opens(server.address, mine)
    other = server.address.replace("127.0.0.1", "localhost")
    fields = '<input name="cursor" value="5"><button>Win a prize</button>'
    form = f'<form method="post" action="{server.address}/seen">{fields}</form>'
    window.context.route(f"{other}/**", lambda route: route.fulfill(body=form, content_type="text/html"))
    window.page.goto(f"{other}/attack")
    window.page.get_by_role("button").click()
    expect(window.page.get_by_text("Log in").or_(window.page.get_by_text("another site")).first).to_be_visible()
    assert not any("seen" in each["name"] for each in window.context.cookies())


def test_no_page_is_shown_inside_of_another(opens: Opens, server: Server, made: Made) -> None:
    """Not even in one of its own (clickjacking)."""
    window = opens(server.address, made.token)
    frame = f'<iframe src="{server.address}/access/tokens/new"></iframe>'
    window.context.route("**/around", lambda route: route.fulfill(body=frame, content_type="text/html"))
    window.go("/around")
    expect(window.page.locator("iframe")).to_be_visible()
    window.page.wait_for_timeout(300)
    assert any("frame-ancestors" in each or "X-Frame-Options" in each for each in window.wrong)
    assert window.page.frame_locator("iframe").get_by_role("heading", name="token").count() == 0
