"""Whatever attackers write into images, feeds and records is text on every page, and a cell in every table."""

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
import requests

from envscout.server.pages.page import Page
from envscout.server.pages.table import FORMS, PAGES
from tests.server.conftest import Server, serving
from tests.server.pages import hostile
from tests.server.pages.hostile import CVE, DIGEST, MARK, ORGANIZATION, PACKAGE, SCHEMES, TEXT, TURNED, Hostile
from tests.server.pages.test_settings import FORMS as SETTINGS

_NAMED = quote(TEXT, safe="")
_SLASHED = f"?name={_NAMED}&organization={ORGANIZATION}"
# The path of a page -> the addresses at which it shows what is hostile; none: the page as it is.
ADDRESSES: dict[str, tuple[str, ...]] = {
    "/environments/{environment}": (f"/environments/{_NAMED}?org={ORGANIZATION}",),
    "/environments/{environment}/vulnerabilities": (f"/environments/{_NAMED}/vulnerabilities?org={ORGANIZATION}",),
    "/environments/{environment}/timeline": (f"/environments/{_NAMED}/timeline?org={ORGANIZATION}",),
    "/compare": (f"/compare?org={ORGANIZATION}&from_env=production&to_env={_NAMED}",),
    "/vulnerabilities/{vulnerability}": (f"/vulnerabilities/{CVE}", f"/vulnerabilities/{_NAMED}"),
    "/packages/{package}": (f"/packages/{_NAMED}", f"/packages/{PACKAGE}"),
    "/images/{digest}/explain": tuple(f"/images/{DIGEST}/explain?vulnerability={each}" for each in (CVE, _NAMED)),
    "/images/{digest}": (f"/images/{DIGEST}",),
    "/search": (f"/search?q={_NAMED}", f"/search?q={quote(TURNED)}"),
    "/vulnerabilities": ("/vulnerabilities", f"/vulnerabilities?q={_NAMED}"),
    "/policies/scope": (f"/policies/scope?organization={ORGANIZATION}&environment=production",),
    "/policies/file": ("/policies/file?organization=" + ORGANIZATION + "&digest={file}",),
    "/policies/apply": (f"/policies/apply?organization={ORGANIZATION}&environment=production",),
    "/exceptions": ("/exceptions?show=all",),
    "/exceptions/new": (f"/exceptions/new?cves={_NAMED}&environment={_NAMED}&service={_NAMED}&image={_NAMED}",),
    "/exceptions/asked": ("/exceptions/asked?every=1", "/exceptions/asked"),
    "/promotion/gate": (
        f"/promotion/gate?org={ORGANIZATION}&env={_NAMED}&service={_NAMED}&reference={_NAMED}&digest={DIGEST}",
    ),
    "/exceptions/remove": ("/exceptions/remove?number={exception}",),
    "/notifications/channels/rotate": (f"/notifications/channels/rotate{_SLASHED}",),
    "/notifications/channels/remove": (f"/notifications/channels/remove{_SLASHED}",),
    "/notifications/rules/remove": (f"/notifications/rules/remove{_SLASHED}",),
    "/feeds/release": (f"/feeds/release?name={_NAMED}",),
    "/access/tokens/revoke": ("/access/tokens/revoke?number={spare}",),
    "/access/members/remove": (f"/access/members/remove?subject={_NAMED}&organization={ORGANIZATION}",),
    "/access/trust/remove": ("/access/trust/remove?number={trust}",),
}
# These show nothing that anybody else wrote.
SILENT = {"/audit/verify", "/notifications/channels/new", "/access/members/new", "/access/trust/new"}
_WRITTEN = """
a b body button caption circle code datalist dd details div dl dt fieldset figure footer form h1 h2 h3 head header html
input label legend li line link main meta nav ol option p path pre script section select span summary svg table tbody td
text textarea th thead time title tr ul
"""
_TAGS = frozenset(_WRITTEN.split())
"""All that templates are made of."""
_LEADING = frozenset({"href", "src", "action", "formaction", "xlink:href", "hx-get", "hx-post", "data", "poster"})


class Read(HTMLParser):
    """Reads a page as a browser does. wrong: what is in it that no template wrote. main: what its content says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.said: list[str] = []
        self.scripts: list[str] = []
        self.main: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "input"):
            self._open.append(tag)
        if tag not in _TAGS:
            self.wrong.append(f"<{tag}>")
        if tag == "script":
            self.scripts.append(str(dict(attrs).get("src")))
        for name, value in attrs:
            self.said.append(value or "")
            if "main" in self._open and name == "value":
                self.main.append(value or "")
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.wrong.append(f"{name} of <{tag}>")
            if name in _LEADING and not re.match(r"/(?![/\\])|#|\?|https?://[\w.]", value or ""):
                self.wrong.append(f"{name}={value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self.said.append(data)
        if "main" in self._open:
            self.main.append(data)
        if self._open[-1:] == ["script"] and data.strip():
            self.wrong.append(f"a script in the page: {data[:40]}")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass


def _check(answer: requests.Response) -> str:
    """Check that nothing on a page does anything; return what its content says."""
    read = Read(answer.text)
    assert not read.wrong, (answer.url, read.wrong)
    assert len(read.scripts) == 1
    assert read.scripts[0].startswith("/static/htmx.min.js?v=")
    assert "zq49" not in "\n".join(read.said)
    assert not re.search("[\u202e\u2028\x07\x1b]", answer.text)
    _surrounded(answer)
    return "\n".join(read.main)


def _surrounded(answer: requests.Response) -> None:
    """Check that nobody frames the page, that it loads nothing from elsewhere, and that no other type is guessed."""
    policy = dict(each.strip().partition(" ")[::2] for each in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[each] for each in ("script-src", "style-src", "form-action", "connect-src")} == {"'self'"}
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    return hostile.fill(tmp_path_factory.mktemp("hostile") / "envscout.db")


@pytest.fixture(scope="module")
def server(made: Hostile) -> Iterator[Server]:
    for each in serving(made.place):
        each.session.headers.update({"Authorization": f"Bearer {made.token}", "Accept": "text/html"})
        yield each


def _asked(page: Page, made: Hostile) -> Iterator[str]:
    for each in ADDRESSES.get(page.path, (page.path,)):
        yield re.sub(r"\{(\w+)\}", lambda found: str(getattr(made, found[1])), each) if "=" in each else each


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_what_is_hostile_is_text(server: Server, made: Hostile, page: Page) -> None:
    seen = ""
    for address in _asked(page, made):
        answer = server("GET", address)
        assert answer.status_code == 200, (address, answer.text[-2_000:])
        seen += _check(answer)
    assert page.path in SILENT or MARK in seen


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_what_an_address_holds_is_text(server: Server, page: Page) -> None:
    """Whatever somebody is led to click on: in the path, in every parameter, and in one that does not exist."""
    path = re.sub(r"\{\w+\}", quote(TURNED, safe=""), page.path)
    for text in (TURNED, *SCHEMES):
        for name in (*page.query.__struct_fields__, text):
            answer = server("GET", path, params={name: text})
            assert answer.status_code < 500, answer.url
            if answer.headers["content-type"].startswith("text/html"):
                _check(answer)


@pytest.mark.parametrize("page", [page for page in PAGES if page.table], ids=lambda page: page.path)
def test_a_table_is_had_as_cells_that_calculate_nothing(server: Server, made: Hostile, page: Page) -> None:
    for address in _asked(page, made):
        answer = server("GET", address, params={"format": "csv"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/csv")
        name = re.fullmatch(r'attachment; filename="([\w.-]+\.csv)"', answer.headers["content-disposition"])
        assert name is not None
        _surrounded(answer)
        head, *rows = csv.reader(io.StringIO(answer.text))
        assert all(len(row) == len(head) for row in rows)
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or re.fullmatch(r"-?\d+(\.\d+)?", cell), cell


def test_what_a_spreadsheet_would_calculate_was_there(server: Server) -> None:
    for address in ("/exceptions?show=all&format=csv", "/access?format=csv", "/audit?format=csv"):
        assert "'=1+1" in server("GET", address).text, address


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/{_NAMED}", 404),
        ("GET", f"/environments/{_NAMED}x", 404),
        ("GET", f"/images/sha256:{_NAMED}", 404),
        ("GET", f"/audit?limit={_NAMED}", 400),
        ("GET", f"/audit?{_NAMED}=1", 400),
        ("GET", f"/static/{_NAMED}", 404),
        ("POST", "/", 405),
        ("POST", f"/access/tokens/revoke?{_NAMED}", 400),
    ],
)
def test_a_failure_is_a_page_that_does_nothing_either(server: Server, method: str, path: str, status: int) -> None:
    answer = server(method, path, data={TEXT: TEXT} if method == "POST" else None)
    assert answer.status_code == status
    _check(answer)


def test_who_is_not_let_in_is_told_so_on_a_page_that_does_nothing(made: Hostile, server: Server) -> None:
    accept = {"Accept": "text/html"}
    for path in (f"/{_NAMED}", "/", f"/environments/{_NAMED}?{_NAMED}"):
        answer = requests.get(server.address + path, headers=accept, timeout=60)
        assert answer.url.startswith(f"{server.address}/login/token?next=")
        _check(answer)
    wrong = requests.post(
        f"{server.address}/login/token", headers=accept | {"Origin": server.address}, timeout=60,
        data={"token": TURNED, "next": TURNED},
    )  # fmt: skip
    assert wrong.status_code == 401
    _check(wrong)


# What a page of another site has a browser do.

_FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {},
)


def test_what_keeps_nothing_in_the_store_is_tested_here_and_the_rest_with_the_settings() -> None:
    assert {form.path for form in FORMS} - {form.path for form in SETTINGS} == {"/seen"}


def test_the_cookie_of_what_was_seen_is_not_set_by_another_site(server: Server, made: Hostile) -> None:
    cookie = {"Cookie": f"__Host-envscout-token={made.token}", "Accept": "text/html"}
    for headers in _FOREIGN:
        answer = requests.post(
            f"{server.address}/seen", headers=cookie | headers, data={"cursor": "5"}, timeout=60, allow_redirects=False
        )
        assert answer.status_code == 403, headers
        assert "set-cookie" not in answer.headers
        _check(answer)
