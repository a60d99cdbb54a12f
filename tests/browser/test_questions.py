"""What people come for, found as they find it: by reading, clicking and typing."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.fleet import EXCEPTED, ORGANIZATION
from tests.browser.window import LOOKS, NARROW, Look, Window
from tests.demo.test_answers import PRODUCTION, STAGING


@pytest.fixture(params=[LOOKS[0], LOOKS[-1]], ids=lambda look: f"{look.width}-{look.scheme}")
def looking(request: pytest.FixtureRequest, window: Window) -> Window:
    """Return a window on the overview, as on a desk or in a hand."""
    look: Look = request.param
    window.go("/")
    window.look(look)
    return window


def _open(window: Window, name: str) -> None:
    """Go to a part of the dashboard by its navigation."""
    width = window.page.viewport_size
    if width is not None and width["width"] <= NARROW:
        window.page.get_by_text("Menu", exact=True).click()
    window.page.get_by_role("link", name=name, exact=True).locator("visible=true").click()


def _follow(place: Window | Locator, name: str) -> None:
    (place.page if isinstance(place, Window) else place).get_by_role("link", name=name, exact=True).first.click()


def _cards(window: Window) -> dict[str, str]:
    """Return what the overview says of critical vulnerabilities, by environment."""
    found = window.page.locator(".card").all()
    return {each.locator("h2").inner_text(): each.locator(".strip li").first.inner_text() for each in found}


def _in(fleet: dict[str, str]) -> set[str]:
    return {name for names in fleet.values() for name in names.split()} - {EXCEPTED}


def test_which_cves_are_in_production_right_now(looking: Window) -> None:
    _follow(looking, "production")
    expect(looking.page.get_by_role("heading", level=1)).to_have_text(f"production of {ORGANIZATION}")
    _follow(looking.page.locator(".tabs"), "Vulnerabilities")
    listed = looking.page.locator("tbody th a").all_inner_texts()
    assert len(listed) == len(set(listed))
    assert set(listed) == _in(PRODUCTION)
    # Nobody takes a list for all that there is where a service could not be looked into.
    expect(looking.page.get_by_role("heading", name="This is not known")).to_be_visible()


def test_what_changed_between_the_last_staging_and_production_deployment(looking: Window) -> None:
    _open(looking, "Promotion")
    _follow(looking, "Compare production with staging")
    expect(looking.page.get_by_role("heading", level=1)).to_have_text("If production became like staging")
    for service in PRODUCTION:
        row = looking.page.locator("tbody tr", has_text=service)
        before, after = ({*fleet[service].split()} - {EXCEPTED} for fleet in (PRODUCTION, STAGING))
        told = [each.strip() for each in row.locator("td").all_inner_texts()]
        introduced, fixed, kept = told[2], told[3], told[4]
        assert (_total(introduced), _total(fixed), int(kept)) == (
            len(after - before), len(before - after), len(after & before)
        )  # fmt: skip
    assert looking.page.locator("tbody tr").filter(has_text="shop/api:2.3.0").filter(has_text="shop/api:2.4.0").count()


def _total(tags: str) -> int:
    return sum(map(int, re.findall(r"\d+", tags)))


def test_how_many_criticals_each_environment_carries(looking: Window) -> None:
    cards = _cards(looking)
    assert {name: words.split() for name, words in cards.items()} == {
        "production": ["≥", "4", "critical"], "staging": ["≥", "1", "critical"]
    }  # fmt: skip
    for name, words in cards.items():
        looking.go("/")
        _follow(looking, name)
        _follow(looking.page.locator(".tabs"), "Vulnerabilities")
        looking.page.get_by_label("Severity").select_option("critical")
        looking.page.get_by_role("button", name="Filter").click()
        expect(looking.page.locator("caption")).to_contain_text(_vulnerabilities(_total(words)))
        assert looking.page.locator("tbody .tag").all_inner_texts() == ["critical"] * _total(words)


def _vulnerabilities(number: int) -> str:
    return f"{number} {'vulnerability' if number == 1 else 'vulnerabilities'},"


def test_when_each_came_to_run_is_seen_on_the_timeline(looking: Window) -> None:
    _follow(looking, "staging")
    _follow(looking.page.locator(".tabs"), "Timeline")
    expect(_deployments(looking)).to_have_count(4)
    _follow(looking, "90 days")
    expect(_deployments(looking)).to_have_count(8)
    looking.page.locator(".events li", has_text="shop/api:2.3.0").get_by_role("link", name="Look at this").click()
    expect(looking.page.get_by_text("This is what ran on")).to_be_visible()
    expect(looking.page.locator("tbody tr", has_text="shop/api:2.3.0")).to_have_count(1)


def _deployments(looking: Window) -> Locator:
    return looking.page.locator(".events li", has_text="Look at this moment")


def test_who_goes_back_is_where_they_were(looking: Window) -> None:
    looking.go(f"/environments/staging/timeline?org={ORGANIZATION}")
    _follow(looking, "90 days")
    expect(_deployments(looking)).to_have_count(8)
    looking.page.go_back()
    expect(_deployments(looking)).to_have_count(4)
    assert looking.page.locator("h1").count() == 1


def test_services_are_filtered_as_they_are_typed_or_when_that_is_sent(looking: Window) -> None:
    looking.go(f"/environments/production?org={ORGANIZATION}")
    rows = looking.page.locator("#rows tbody tr")
    expect(rows).to_have_count(4)
    before = looking.page.url
    looking.page.get_by_label("Service holds").press_sequentially("front")
    if looking.script:
        expect(rows).to_have_count(1)
        assert looking.page.url == before
        expect(looking.page.get_by_label("Service holds")).to_be_focused()
    looking.page.get_by_role("button", name="Filter").click()
    expect(rows).to_have_count(1)
    expect(rows.locator("th")).to_have_text("shop/frontend")
    assert looking.script or "q=front" in looking.page.url


def test_an_exception_is_begun_where_the_vulnerability_is_looked_at(looking: Window) -> None:
    looking.go("/vulnerabilities/CVE-2023-4863")
    _follow(looking, "Make an exception")
    expect(looking.page.get_by_label("Vulnerabilities", exact=True).last).to_have_value("CVE-2023-4863")


# Without a mouse.


def test_the_keyboard_leads_to_the_content_and_to_what_is_looked_for(looking: Window) -> None:
    page = looking.page
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    looking.go("/")
    for expected in (skip, page.get_by_role("link", name="envscout"), page.get_by_role("searchbox")):
        page.keyboard.press("Tab")
        expect(expected).to_be_focused()
    page.keyboard.type("CVE-2023-4863")
    page.keyboard.press("Enter")
    hit = page.get_by_role("cell").or_(page.locator("tbody")).get_by_role("link", name="CVE-2023-4863").first
    expect(hit).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if hit.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("CVE-2023-4863")
    expect(page.locator("tbody tr", has_text="shop/frontend").first).to_be_visible()


def test_what_has_the_focus_is_seen(looking: Window) -> None:
    """Every stop of the keyboard is in the window and has an outline (WCAG 2.2, 2.4.7 and 2.4.11)."""
    looking.go("/promotion")
    for _ in range(40):
        looking.page.keyboard.press("Tab")
        found = looking.page.evaluate(
            """() => {
              const each = document.activeElement, box = each.getBoundingClientRect();
              return {tag: each.tagName, text: each.textContent.trim().slice(0, 40), left: box.left, right: box.right,
                      outline: getComputedStyle(each).outlineStyle, room: document.documentElement.clientWidth};
            }"""
        )
        if found["tag"] == "BODY":
            break
        assert found["left"] >= 0, found
        assert found["right"] <= found["room"] + 1, found
        assert found["outline"] != "none", found
