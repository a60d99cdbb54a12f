"""Every environment at a glance: what it carries, whether that gets better, and what happened since the last visit."""

import time
from collections.abc import Sequence
from typing import Annotated

import msgspec

from envscout.environments.difference import summary, together
from envscout.errors import NotFound
from envscout.model import Counted, News, Numbers, Summary
from envscout.server.asking import Asked
from envscout.server.auth import cookies
from envscout.server.pages.address import href
from envscout.server.pages.page import Form, Kept, Page, Table
from envscout.server.routes.common import Org
from envscout.store.counted import Said
from envscout.store.deployments import Scope
from envscout.store.judged import Count
from envscout.verbs.changes import Changes
from envscout.verbs.whole import Brief, Question

_PATIENCE = 0.08
"""Seconds for which environments that changed are looked at again; the others show when they were counted."""
_WEEK = 7 * 86_400_000_000
_SHOWN = 20
SEEN = "__Host-envscout-seen"
_YEAR = 365 * 86_400


class Card(msgspec.Struct, frozen=True):
    """An environment. at: when it was counted; 0: never. before: how many there were a week ago, None if unknown."""

    organization: str
    environment: str
    at: int
    fresh: bool
    numbers: Numbers | None
    summary: Summary | None
    unknown: int
    said: Said | None
    policies: tuple[Count, ...]
    before: tuple[int, ...] | None

    @property
    def met(self) -> int:
        """Return how many policies all that runs meets."""
        return sum(each.compliant == each.evaluated for each in self.policies)


class Overview(msgspec.Struct, frozen=True):
    """All of them. organizations: that there are. feeds: how many. news: not seen yet. next: cursor of its end."""

    cards: tuple[Card, ...]
    organizations: tuple[str, ...]
    feeds: int
    news: tuple[News, ...]
    more: bool
    next: int


def overview(asked: Asked) -> Overview:
    """Tell of all environments."""
    organization = asked.query.org
    counted: list[Counted] = asked.perform("count.listed", organization=organization)
    said = {
        (each.organization, each.environment): each
        for each in asked.perform("count.last_said", organization=organization)
    }
    until = time.monotonic() + _PATIENCE
    judged = {
        (each.organization, each.environment): each.counts
        for each in asked.perform("count.judged_by", organization=organization)
    }
    cards = tuple(
        _card(asked, each, said.get(place), judged.get(place, ()), until)
        for each in counted
        for place in [(each.organization, each.environment)]
    )
    feeds, _ = asked.perform("ask.feed_status")
    changes = _changes(asked)
    owners = tuple(dict.fromkeys(each.organization for each in counted))
    news = tuple(each.news for each in reversed(changes.items))
    return Overview(cards, owners, len(feeds), news, changes.more, changes.next)


def _card(asked: Asked, counted: Counted, said: Said | None, policies: tuple[Count, ...], until: float) -> Card:
    numbers = counted.numbers
    found, unknown, fresh = (numbers.summary, numbers.unknown_services, counted.fresh) if numbers else (None, 0, False)
    if not fresh and time.monotonic() < until:
        brief = _brief(asked, counted)
        if brief is not None:
            sides = brief.services.values()
            found, unknown, fresh = (
                summary(together(each.found for each in sides)),
                sum(not each.known for each in sides),
                True,
            )
    return Card(
        counted.organization,
        counted.environment,
        counted.at,
        fresh,
        numbers,
        found,
        unknown,
        said,
        policies,
        _before(numbers),
    )


def _brief(asked: Asked, counted: Counted) -> Brief | None:
    try:
        (found,) = asked.perform("whole.briefs", asked=[(Scope(counted.organization, counted.environment), Question())])
    except NotFound:
        return None
    return found  # type: ignore[no-any-return]


def _before(numbers: Numbers | None) -> tuple[int, ...] | None:
    if numbers is None or not numbers.trend:
        return None
    wanted = numbers.trend[-1].at - _WEEK
    earlier = [each for each in numbers.trend if each.at <= wanted]
    return earlier[-1].counts if earlier else numbers.trend[0].counts


def _changes(asked: Asked) -> Changes:
    """Return what happened since somebody said that they have seen it."""
    text = cookies({name.lower(): value for name, value in asked.headers.items()}).get(SEEN, "")
    organization = asked.query.org
    end: Changes = asked.perform("changes.after", organization=organization)
    seen = int(text) if text.isdecimal() and len(text) < 19 else max(0, end.next - _SHOWN)
    found: Changes = asked.perform("changes.after", organization=organization, after=min(seen, end.next), most=_SHOWN)
    return found


def _table(asked: Asked) -> Table:
    rows = (
        (
            each.organization,
            each.environment,
            each.numbers.services if each.numbers else None,
            each.numbers.images if each.numbers else None,
            *(getattr(each.summary, word, None) for word in _WORDS),
            each.unknown,
        )
        for each in overview(asked).cards
    )
    return Table(
        "environments", ("organization", "environment", "services", "images", *_WORDS, "unknown_services"), rows
    )


_WORDS: Sequence[str] = ("critical", "high", "medium", "low", "unspecified")
PAGES = (Page("/", "overview", "Overview", overview, table=_table),)


class _Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cursor: Annotated[int, msgspec.Meta(ge=0, lt=1 << 60)]
    org: Org = ""


def _seen(asked: Asked) -> Kept:
    """Keep in the browser how far somebody has seen what happened."""
    return Kept(href(org=asked.body.org), (SEEN, str(asked.body.cursor), _YEAR))


FORMS = (Form("/seen", _Seen, "read", _seen),)
