"""News as messages: one for a vulnerability and an environment, and one for many messages. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from envscout.model import LEVELS, News
from envscout.notify.rules import is_urgent

MAX_NEWS = 100
"""News that one message carries; of more it tells the number."""

ORDER = (
    "appeared", "escalated", "unknown-coverage", "gate-failed", "drift", "feed-trouble", "exception-ended",
    "exception-expiring", "deescalated", "resolved", "feed-recovered", "deployed", "undeployed",
)  # fmt: skip
"""Kinds, the gravest first: a message is called by the gravest of its news."""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sent. kind: that of its gravest news, `summary` or `test`.

    news: the gravest first; more: how many there are beside them. counts: of a summary, how many messages of each kind
    and severity it stands for, such as `appeared critical`.
    """

    kind: str
    at: int
    organization: str = ""
    environment: str = ""
    vulnerability: str = ""
    severity: str = ""
    news: tuple[News, ...] = ()
    more: int = 0
    counts: dict[str, int] = {}

    @property
    def is_urgent(self) -> bool:
        """Tell whether it may wake people."""
        return any(map(is_urgent, self.news))


class Group(msgspec.Struct, frozen=True):
    """News that make one message. subject: what they have in common. first: number of the first of them."""

    subject: str
    first: int
    news: tuple[News, ...]

    @property
    def event(self) -> str:
        """Return what tells these news from any others, earlier or later."""
        return f"{self.subject}#{self.first}"


def grouped(entries: Iterable[tuple[int, News]]) -> list[Group]:
    """Return news, given with their numbers, by what they are about, in the order of their first news."""
    found: dict[str, tuple[int, list[News]]] = {}
    for number, news in entries:
        found.setdefault(subject(news), (number, []))[1].append(news)
    return [Group(about, first, tuple(news)) for about, (first, news) in found.items()]


def subject(news: News) -> str:
    """Return what news are about: a vulnerability in an environment, or whatever else their kind is about there."""
    about = news.vulnerability or f"{news.kind} {news.facts.about}".strip()
    return "\x1f".join((news.organization, news.environment, about))


def message(news: Sequence[News], more: int = 0) -> Message:
    """Return the message that news of one subject make. more: news that are left out already."""
    ranked = sorted(dict.fromkeys(news), key=_rank)
    first = ranked[0]
    return Message(
        kind=first.kind,
        at=max(each.at for each in ranked),
        organization=first.organization,
        environment=first.environment,
        vulnerability=first.vulnerability,
        severity=_gravest(ranked),
        news=tuple(ranked[:MAX_NEWS]),
        more=more + max(0, len(ranked) - MAX_NEWS),
    )


def joined(there: Message, news: Sequence[News]) -> Message:
    """Return a message with further news of its subject."""
    return message((*there.news, *news), there.more)


def summary(messages: Sequence[Message], at: int) -> Message:
    """Return one message for many."""
    counts = Counter(f"{each.kind} {each.severity}".strip() for each in messages)
    ranked = sorted((news for each in messages for news in each.news), key=_rank)
    total = sum(len(each.news) + each.more for each in messages)
    organizations = {each.organization for each in messages}
    return Message(
        kind="summary",
        at=at,
        organization=organizations.pop() if len(organizations) == 1 else "",
        severity=_gravest(ranked),
        news=tuple(ranked[:MAX_NEWS]),
        more=total - min(len(ranked), MAX_NEWS),
        counts=dict(sorted(counts.items(), key=lambda each: _kind_rank(each[0]))),
    )


def _rank(news: News) -> tuple[int, int, bool, int, str, str]:
    """Order news: the gravest kind, then the gravest vulnerability, then by time and name."""
    return (
        _order(news.kind),
        -LEVELS.get(news.severity, 0),
        not news.facts.kev,
        news.at,
        news.vulnerability,
        news.service,
    )


def _kind_rank(words: str) -> tuple[int, int]:
    kind, _, severity = words.partition(" ")
    return _order(kind), -LEVELS.get(severity, 0)


def _order(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def _gravest(news: Iterable[News]) -> str:
    return max((each.severity for each in news), key=lambda word: LEVELS.get(word, -1), default="")
