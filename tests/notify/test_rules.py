"""Which news go where, when, in which words: pure rules over simulated time."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from envscout.errors import ForbiddenAddress, UsageError
from envscout.model import NEWS_KINDS, News, NewsFacts
from envscout.notify import messages, rules, schedule, target, terms
from envscout.notify.rules import Rule, is_urgent, matches
from envscout.notify.sentences import said
from envscout.notify.target import Target
from envscout.notify.terms import HOUR, SECOND, Terms, plan

GRAVE = News("appeared", 5, "acme", "prod-eu", "shop/api", "CVE-2026-1", "critical", "sha256:1", "api:1", "worse",
             "advisory", NewsFacts(kev=True, epss=0.5, fixable=True))  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"environments": ["prod*"]}, {"services": ["shop/*"]}, {"kinds": ["appeared"]}, {"causes": ["advisory"]},
        {"severity": "critical"}, {"severity": "low"}, {"fixable": True}, {"kev": True}, {"epss": 0.5},
    ],
)  # fmt: skip
def test_what_is_asked_for_is_told(asked: dict[str, object]) -> None:
    assert matches(msgspec.convert({"name": "r", "channel": "c", **asked}, Rule), "acme", GRAVE)


@pytest.mark.parametrize(
    ("asked", "news"),
    [
        ({"environments": ["staging", "PROD*"]}, {}),
        ({"services": ["api"]}, {}),
        ({"kinds": ["resolved"]}, {}),
        ({"causes": ["deployment"]}, {}),
        ({"severity": "critical"}, {"severity": "high"}),
        ({"severity": "low"}, {"severity": "unspecified"}),
        ({"fixable": True}, {"facts": NewsFacts()}),
        ({"kev": True}, {"facts": NewsFacts()}),
        ({"epss": 0.1}, {"facts": NewsFacts()}),
        ({"epss": 0.51}, {}),
        ({}, {"organization": "other"}),
        ({}, {"kind": "deployed"}),
    ],
)
def test_what_is_not_asked_for_is_not_told(asked: dict[str, object], news: dict[str, object]) -> None:
    rule = msgspec.convert({"name": "r", "channel": "c", **asked}, Rule)
    assert not matches(rule, "acme", msgspec.structs.replace(GRAVE, **news))


def test_what_concerns_everybody_is_told_everybody_and_severity_is_not_asked_of_it() -> None:
    trouble = News("feed-trouble", 5, facts=NewsFacts(about="osv:npm"))
    assert matches(Rule("r", "c", environments=("prod",), severity="critical"), "acme", trouble)
    assert matches(Rule("r", "c"), "", GRAVE)


@pytest.mark.parametrize(
    "asked", [{"kinds": ["x"]}, {"causes": ["x"]}, {"severity": "grave"}, {"epss": 1.5}, {"services": ["x"] * 101}]
)
def test_a_rule_without_meaning_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        rules.checked(msgspec.convert({"name": "r", "channel": "c", **asked}, Rule))


def test_every_kind_has_an_order_and_words() -> None:
    assert set(messages.ORDER) == set(NEWS_KINDS)
    for kind in NEWS_KINDS:
        text = said(messages.message([msgspec.structs.replace(GRAVE, kind=kind)]), "https://scout.example.com/").text
        assert "acme" in text or "feed" in text


def _moment(text: str, zone: str = "Europe/Berlin") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


NIGHT = Terms(quiet="22:00-07:00", zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("asked", "at", "due", "gathered"),
    [
        (Terms(), "2026-06-01T03:00", "2026-06-01T03:00", False),
        (NIGHT, "2026-06-01T21:59", "2026-06-01T21:59", False),
        (NIGHT, "2026-06-01T22:00", "2026-06-02T07:00", True),
        (NIGHT, "2026-06-02T06:59", "2026-06-02T07:00", True),
        (NIGHT, "2026-06-02T07:00", "2026-06-02T07:00", False),
        # The clocks are changed that night.
        (NIGHT, "2026-10-25T00:30", "2026-10-25T07:00", True),
        (Terms(quiet="12:00-13:00", zone="Europe/Berlin"), "2026-06-01T12:30", "2026-06-01T13:00", True),
        (Terms("daily", "08:30", zone="Europe/Berlin"), "2026-06-01T08:29", "2026-06-01T08:30", True),
        (Terms("daily", "08:30", zone="Europe/Berlin"), "2026-06-01T08:30", "2026-06-02T08:30", True),
        (Terms("weekly", "08:30", "friday", zone="Europe/Berlin"), "2026-06-01T12:00", "2026-06-05T08:30", True),
        (Terms("weekly", "08:30", "monday", zone="Europe/Berlin"), "2026-06-01T12:00", "2026-06-08T08:30", True),
        (Terms("hourly"), "2026-06-01T12:00", "2026-06-01T13:00", True),
    ],
)
def test_when_a_channel_is_told(asked: Terms, at: str, due: str, gathered: bool) -> None:
    assert plan(asked, _moment(at), False) == (_moment(due), gathered)


def test_what_is_urgent_is_told_at_night_unless_that_is_not_wanted() -> None:
    night = _moment("2026-06-01T23:00")
    assert is_urgent(GRAVE)
    assert not is_urgent(msgspec.structs.replace(GRAVE, severity="high"))
    assert plan(NIGHT, night, True) == (night, False)
    assert plan(msgspec.structs.replace(NIGHT, urgent=False), night, True) == (_moment("2026-06-02T07:00"), True)


@pytest.mark.parametrize(
    "asked",
    [{"quiet": "22-7"}, {"quiet": "07:00-07:00"}, {"at": "25:00"}, {"zone": "Mars/Base"}, {"zone": "../etc/passwd"},
     {"budget": -1}, {"weekday": "someday"}],
)  # fmt: skip
def test_terms_without_meaning_are_refused(asked: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        terms.checked(msgspec.convert(asked, Terms))


def test_one_message_for_a_vulnerability_and_an_environment() -> None:
    several = [
        GRAVE,
        msgspec.structs.replace(GRAVE, service="web", kind="escalated"),
        msgspec.structs.replace(GRAVE, environment="staging"),
        msgspec.structs.replace(GRAVE, service="x", kind="resolved"),
    ]
    groups = messages.grouped(enumerate(several, 7))
    assert [(each.numbers, len(each.news)) for each in groups] == [((7, 8, 10), 3), ((9,), 1)]
    found = messages.message(groups[0].news)
    assert (found.kind, found.severity, [each.service for each in found.news]) == (
        "appeared", "critical", ["shop/api", "web", "x"],
    )  # fmt: skip
    assert len({each.event for each in groups}) == 2


def test_messages_are_bounded_and_tell_what_is_left_out() -> None:
    many = [msgspec.structs.replace(GRAVE, service=f"s{number:04}") for number in range(250)]
    found = messages.message(many)
    assert (len(found.news), found.more) == (100, 150)
    again = messages.joined(found, many[:3])
    assert (len(again.news), again.more) == (100, 150)
    whole = messages.summary([found, messages.message([GRAVE])], 9)
    assert (len(whole.news), whole.more) == (100, 151)
    assert whole.counts == {"appeared critical": 2}
    text = said(whole).text
    assert "2 messages in one" in text
    assert "2 x appeared critical" in text


def test_hostile_texts_are_one_harmless_line_each() -> None:
    evil = msgspec.structs.replace(
        GRAVE, service="a\x1b[2J\nb" + "x" * 5000, facts=NewsFacts(text="\u202e\r\n" + "y" * 5000)
    )
    for line in said(messages.message([evil])).text.split("\n"):
        assert line.isprintable()
        assert len(line) < 700


def test_retries_take_days_and_end() -> None:
    assert schedule.next_attempt(1, 0, 0, 0, 0.5) == 5 * SECOND
    assert schedule.next_attempt(1, 0, 0, 100, 0.5) == 100 * SECOND
    assert schedule.next_attempt(1, 0, 0, 10**9, 0.5) == 86_400 * SECOND
    assert schedule.next_attempt(len(schedule.DELAYS) + 1, 0, 0, 0, 0.5) is None
    assert schedule.next_attempt(1, 0, schedule.GIVEN_UP + 1, 0, 0.5) is None
    assert 3 * 24 * HOUR < sum(schedule.DELAYS) * SECOND < schedule.GIVEN_UP
    low, high = (schedule.next_attempt(5, 0, 0, 0, luck) or 0 for luck in (0.0, 1.0))
    assert 0.75 * schedule.DELAYS[4] * SECOND < low < high < 1.25 * schedule.DELAYS[4] * SECOND


def test_a_failing_channel_rests_longer_and_longer() -> None:
    rests = [schedule.rest(failures, 0) // SECOND for failures in range(12)]
    assert rests[:3] == [0, 0, 0]
    assert rests[3] == 5
    assert rests == sorted(rests)
    assert rests[-1] == 300
    assert schedule.rest(1, 0, 7) == 7 * SECOND


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://hooks.slack.com/services/T/B/X", "slack"),
        ("https://discord.com/api/webhooks/1/x", "discord"),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/x", "teams"),
        ("https://example.com/x", "webhook"),
        ("https://hooks.slack.com.example.com/x", "webhook"),
        ("mailtos://u:p@example.com?smtp=mx.example.com", "apprise"),
        ("pagerduty://a@b", "apprise"),
    ],
)
def test_a_channel_is_known_by_its_address(address: str, kind: str) -> None:
    assert target.recognised(address) == kind
    shown = target.shown(Target(target.recognised(address), address))
    assert not {"services", "webhooks", "workflows", "u:p", "a@b"} & set(shown.replace("/", " ").split())


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd", "syslog://",
        "dbus://", "gnome://", "windows://", "macosx://", "json://127.0.0.1", "xml://x",
        "form://x",
        "apprise://x/y", "rsyslog://127.0.0.1", "mqtt://x", "xmpp://x", "smpp://x", "irc://x", "kodi://x", "nothing",
        "",
        "mailto://u:p@example.com?pgpkey=/etc/passwd", "gchat://x?template=/etc/passwd", "mailto://x@y?attach=file:///x",
        "tgram://x/y?verify=no", "mailto://x@y?TEMPLATE=/etc/passwd", "pover://x\n@y",
    ],
)  # fmt: skip
def test_nothing_but_services_on_the_network_is_an_address(address: str) -> None:
    with pytest.raises(UsageError):
        target.recognised(address)


def test_addresses_that_hide_something_are_refused() -> None:
    with pytest.raises(ForbiddenAddress):
        target.recognised("https://user:password@example.com/")
    with pytest.raises(UsageError):
        target.recognised("https://example.com/", "apprise")
    with pytest.raises(UsageError):
        target.recognised("mailto://x@y", "slack")
