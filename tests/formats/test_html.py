"""Pages stand alone, say what is unknown, are made of escaped text, and can be read without seeing them."""

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise

import msgspec
import pytest

from envscout.formats import audit_html, html
from envscout.formats.answer import Answer
from envscout.formats.audit import Audit, Judged
from envscout.formats.style import STYLE
from envscout.model import Event, Product, Statement, Verdict, Violation
from envscout.policies.force import Applied, Effective
from envscout.policies.policy import health, standard
from envscout.policies.reading import Section
from envscout.store.exceptions import Entry
from envscout.store.feeds import Run, Status
from envscout.verbs.exceptions import Listed
from tests.formats.reports import ANSWERS, AT, BAD_URL, EVIL, large

_VOID = {"meta"}


class Page(HTMLParser):
    """What a page is made of; reading it fails where tags are not closed in their order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.words.append(data)

    def named(self, *names: str) -> list[dict[str, str]]:
        """Return the attributes of the elements of some names."""
        return [attributes for tag, attributes in self.tags if tag in names]

    @property
    def text(self) -> str:
        """Return all words."""
        return " ".join(self.words)


def audit(answer: Answer, words: str = "words") -> Audit:
    """Return a report about what an answer is about; words: of everybody who says something in it."""
    verdicts = (
        Verdict("one", words, "fail", words, (Violation(words, words, words), Violation("no")), weight=10, blocks=True),
        Verdict("two", words, "unknown", words, reasons=(words,), weight=5, blocks=True),
        Verdict("three", words, "pass", words, weight=5),
    )
    section = Applied("myorg", "production", AT, f"sha256:{'0' * 64}", Section(), words, words, words, words, BAD_URL)
    judged = tuple(
        Judged(each, verdicts, health(verdicts), Effective(standard(), "environment", applied=section))
        for each in answer.report.images
    )
    said = Statement("exception", "false-positive", (words,), (Product(service=words),), words, words, words, AT, AT)
    event = Event("myorg", words, words, "record", AT, words, words, words, words, words, words, BAD_URL)
    feed = Status(words, words, words, Run(1, AT, AT, 5, AT, 1, 1, 1), ())
    listed = Listed(Entry(1, said, words), "active")
    return Audit(answer, AT, "2026-10-01", AT, judged, (event,), (listed,), (feed,))


def pages() -> Iterator[tuple[str, str]]:
    for name, answer in ANSWERS.items():
        yield f"cves {name}", "\n".join(html.write(answer))
        words = EVIL if name.startswith("hostile") else "words"
        yield f"report {name}", "\n".join(audit_html.write(audit(answer, words)))


PAGES = dict(pages())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_and_runs_nothing(name: str) -> None:
    page = Page(PAGES[name])
    assert {tag for tag, _ in page.tags} <= {
        "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "h1", "h2",
        "h3", "h4", "p", "ul", "li", "a", "b", "span", "code", "dl", "div", "dt", "dd", "table", "caption", "thead",
        "tbody", "tr", "th", "td", "details", "summary",
    }  # fmt: skip
    for _, attributes in page.tags:
        assert not {each for each in attributes if each.startswith("on")} | ({"src", "style"} & attributes.keys())
    targets = [each["href"] for each in page.named("a")]
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert all(each.removeprefix("#") in ids if each[0] == "#" else each.startswith("https://") for each in targets)
    assert any("default-src 'none'" in each.get("content", "") for each in page.named("meta"))
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    PAGES[name].encode()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_without_seeing_it(name: str) -> None:
    page = Page(PAGES[name])
    assert page.named("html") == [{"lang": "en"}]
    assert len(page.named("h1")) == len(page.named("main")) == len(page.named("title")) == 1
    assert len(page.named("table")) == len(page.named("caption"))
    assert all(each == {"scope": "col"} for each in page.named("th"))
    levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3", "h4")]
    assert all(deeper <= level + 1 for level, deeper in pairwise(levels))
    labelled = [attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes]
    assert set(labelled) <= {attributes.get("id") for _, attributes in page.tags}
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("form", ["cves", "report"])
def test_what_is_unknown_comes_first(form: str) -> None:
    page = Page(PAGES[f"{form} unknown"])
    assert "may be vulnerable to is not known" in page.text
    assert page.text.index("No package database was found.") < page.text.index("critical")
    assert "≥ 0" in page.text
    assert "No vulnerability that counts was found" not in page.text
    assert "CVE-2026-1" in page.text
    known = Page(PAGES[f"{form} empty"])
    assert "Everything could be assessed" in known.text
    assert "No vulnerability that counts was found." in known.text
    assert "≥" not in known.text


def test_what_was_suppressed_is_told_with_who_and_why() -> None:
    text = Page(PAGES["cves suppressed"]).text
    said = ("accepted risk, by a person, until", "nobody reaches it", "vulnerable code not present", "a vendor", "doc")
    for words in said:
        assert words in text


def test_hostile_words_are_only_words() -> None:
    for name, text in PAGES.items():
        for char in ("\x1b", "\x00", "\u202e", "\ud800", "\x07", "javascript:alert(1) \"'<"):
            assert char not in text, name
    page = Page(PAGES["report hostile"])
    assert "<script>alert('1')</script>" in page.text


def test_a_comparison_counts_both_ways() -> None:
    text = Page(PAGES["cves compared"]).text
    assert "myorg/app:v1 in production beside myorg/app:v1 in production" in text
    for words in ("2 introduced", "2 fixed", "1 in both"):
        number, what = words.split(" ", 1)
        assert f"{number} {what}" in " ".join(text.split())


def test_the_report_tells_the_moment_in_words() -> None:
    answer = ANSWERS["small"]
    at = 1_790_812_800_000_000
    then = msgspec.structs.replace(audit(msgspec.structs.replace(answer, known_at=at)), at=at)
    text = " ".join(Page("\n".join(audit_html.write(then))).text.split())
    assert (
        "What ran on 1 October 2026, 00:00:00 UTC (the beginning of that day), judged by what was known then." in text
    )
    later = msgspec.structs.replace(then, answer=msgspec.structs.replace(answer, known_at=1_790_899_200_000_000))
    assert "judged by what was known on 2 October 2026, 00:00:00 UTC" in later.moments


def test_a_page_of_many_findings_holds_all() -> None:
    (text,) = html.write(large())
    assert text.count('<td data-label="Severity">') == 20_000
