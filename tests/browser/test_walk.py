"""Every page in a real browser: wide and narrow, light and dark, with scripts and without."""

import re
from html import unescape

import pytest

from envscout.server.pages.table import PAGES
from tests.browser.fleet import CHANNEL, FEED, MEMBER, ORGANIZATION, RULE, Made
from tests.browser.window import BETWEEN, LOOKS, Window
from tests.server.conftest import Server

# The path of a page -> what of it is looked at, with something on it; "" where that is the page as it is.
ADDRESSES = {
    "/": "",
    "/policies": "",
    "/policies/scope": "?organization={org}&environment=production",
    "/policies/file": "?organization={org}&digest={file}",
    "/policies/apply": "",
    "/exceptions": "?show=all",
    "/exceptions/new": "?cves=CVE-2024-2961",
    "/exceptions/asked": "?every=1",
    "/exceptions/remove": "?number={exception}",
    "/notifications": "",
    "/notifications/outbox": "",
    "/notifications/channels/new": "",
    "/notifications/channels/rotate": "?name={channel}&organization={org}",
    "/notifications/channels/remove": "?name={channel}&organization={org}",
    "/notifications/rules/new": "",
    "/notifications/rules/remove": "?name={rule}&organization={org}",
    "/feeds": "",
    "/feeds/release": "?name={feed}",
    "/access": "",
    "/access/tokens/new": "",
    "/access/tokens/revoke": "?number={spare}",
    "/access/members": "",
    "/access/members/new": "",
    "/access/members/remove": "?subject={member}&organization={org}",
    "/access/trust": "",
    "/access/trust/new": "",
    "/access/trust/remove": "?number={trust}",
    "/environments/{environment}": "/environments/production?org={org}",
    "/environments/{environment}/vulnerabilities": "/environments/production/vulnerabilities?org={org}",
    "/environments/{environment}/timeline": "/environments/staging/timeline?org={org}&since=2025-01-01T00:00:00Z",
    "/promotion": "",
    "/promotion/gate": "?org={org}&env=production&service=shop/api&reference=shop/api:2.4.0&digest={digest}",
    "/compare": "?org={org}&from_env=production&to_env=staging",
    "/vulnerabilities": "?q=CVE-2023",
    "/vulnerabilities/{vulnerability}": "/vulnerabilities/CVE-2023-4863",
    "/packages": "",
    "/packages/{package}": "/packages/openssl",
    "/images": "",
    "/images/{digest}/explain": "/images/{digest}/explain?vulnerability=CVE-2023-4863",
    "/images/{digest}": "/images/{digest}",
    "/reports": "",
    "/search": "?q=openssl",
    "/audit": "",
    "/audit/verify": "",
}
# What is no row of the table, or a page that says what went wrong: its address -> its status.
OTHERS = {
    "/login/token": 200,
    "/vulnerabilities/CVE-1999-0001": 200,
    "/environments/staging?at=2020-01-01T00:00:00Z": 200,
    "/exceptions?show=ended": 200,
    "/search?q=nothing-has-such-a-name": 200,
    "/compare": 200,
    "/nowhere": 404,
    "/environments/nowhere": 404,
    "/audit?limit=many": 400,
}


def address(path: str, made: Made) -> str:
    """Return the address at which a page has something on it."""
    asked = ADDRESSES[path]
    values = {"org": ORGANIZATION, "feed": FEED, "channel": CHANNEL, "rule": RULE, "member": MEMBER, **made._asdict()}
    return (asked if asked.startswith("/") else path + asked).format(**values)


def test_every_page_is_walked() -> None:
    assert set(ADDRESSES) == {page.path for page in PAGES}


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_page(window: Window, made: Made, axe: str, path: str) -> None:
    _is_well(window, address(path, made), axe)


@pytest.mark.parametrize(("path", "status"), OTHERS.items())
def test_a_page_beside_them(window: Window, axe: str, path: str, status: int) -> None:
    _is_well(window, path, axe, status)


def _is_well(window: Window, path: str, axe: str, status: int = 200) -> None:
    assert window.go(path).status == status
    if status != 200:
        # The browser itself says so in the console.
        window.wrong = [each for each in window.wrong if f"status of {status}" not in each]
    faults = [(look, each) for look in (*LOOKS, *BETWEEN) for each in window.faults(look)]
    if window.script:
        faults += [(look, each) for look in LOOKS for each in window.barriers(axe, look)]
    assert not faults, "\n".join(f"{look.width} {look.scheme}: {each}" for look, each in faults)


def test_every_link_leads_to_a_page(server: Server, made: Made) -> None:
    """What a page offers is there: no link, no download and no form of ours leads to a failure."""
    headers = {"Authorization": f"Bearer {made.token}", "Accept": "text/html"}
    wanted = {address(path, made) for path in ADDRESSES} | {path for path, status in OTHERS.items() if status == 200}
    begun = set(wanted)
    seen: set[str] = set()
    broken: dict[str, int] = {}
    while wanted - seen:
        asked = (wanted - seen).pop()
        seen.add(asked)
        answer = server("GET", asked, headers=headers)
        if answer.status_code != 200:
            broken[asked] = answer.status_code
        if asked in begun:
            found = re.findall(r'(?:href|hx-get|action)="(/[^"#]*)', answer.text)
            forms = set(re.findall(r'method="post" action="([^"]*)"', answer.text))
            wanted |= {unescape(each) for each in found if each not in forms and not each.startswith("/static/")}
    assert not broken
    assert len(seen) > 2 * len(begun)
