"""News as messages: one for a vulnerability and an environment, and one for many messages. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

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

_PLACES: Mapping[str, int] = {kind: place for place, kind in enumerate(ORDER)}


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sent. kind: that of its gravest news, `summary` or `test`.

    news: the gravest first; numbers: of these, 0 where it is not known; more: how many there are beside them. counts:
    of a summary, how many messages of each kind and severity it stands for, such as `appeared critical`.
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
    numbers: tuple[int, ...] = ()

    @property
    def is_urgent(self) -> bool:
        """Tell whether it may wake people."""
        return any(map(is_urgent, self.news))


class Group(msgspec.Struct, frozen=True):
    """News that make one message. subject: what they have in common. numbers: of the news, rising."""

    subject: str
    numbers: Sequence[int]
    news: Sequence[News]

    @property
    def event(self) -> str:
        """Return what tells these news from any others, earlier or later."""
        return f"{self.subject}#{self.numbers[0]}"


def grouped(entries: Iterable[tuple[int, News]]) -> list[Group]:
    """Return news, given with their numbers, by what they are about, in the order of their first news."""
    found: dict[str, Group] = {}
    for number, news in entries:
        about = subject(news)
        if about in found:
            there = found[about]
            found[about] = Group(about, (*there.numbers, number), (*there.news, news))
        else:
            found[about] = Group(about, (number,), (news,))
    return list(found.values())


def subject(news: News) -> str:
    """Return what news are about: a vulnerability in an environment, or whatever else their kind is about there."""
    about = news.vulnerability or f"{news.kind} {news.facts.about}".strip()
    return f"{news.organization}\x1f{news.environment}\x1f{about}"


def message(news: Sequence[News], more: int = 0, numbers: Sequence[int] = ()) -> Message:
    """Return the message that news of one subject make. more: news that are left out already. numbers: of the news."""
    ranked = _ranked(dict(reversed(list(_numbered(news, numbers)))).items()) if len(news) > 1 else ()
    first = ranked[0][0] if ranked else news[0]
    return Message(
        kind=first.kind,
        at=max([each.at for each in news]),
        organization=first.organization,
        environment=first.environment,
        vulnerability=first.vulnerability,
        severity=_gravest(news) if ranked else first.severity,
        news=tuple([each for each, _ in ranked[:MAX_NEWS]]) if ranked else tuple(news),
        more=more + max(0, len(ranked) - MAX_NEWS),
        numbers=tuple([number for _, number in ranked[:MAX_NEWS]]) if ranked else tuple(numbers),
    )


def joined(there: Message, news: Sequence[News], numbers: Sequence[int] = ()) -> Message:
    """Return a message with further news of its subject."""
    before = [number for _, number in _numbered(there.news, there.numbers)]
    return message((*there.news, *news), there.more, (*before, *numbers))


def summary(messages: Sequence[Message], at: int, most: int = MAX_NEWS) -> Message:
    """Return one message for many. most: news that it carries."""
    ranked = _ranked(pair for each in messages for pair in _numbered(each.news, each.numbers))
    total = sum(len(each.news) + each.more for each in messages)
    organizations = {each.organization for each in messages}
    return Message(
        kind="summary",
        at=at,
        organization=organizations.pop() if len(organizations) == 1 else "",
        severity=_gravest([each for each, _ in ranked]),
        news=tuple([each for each, _ in ranked[:most]]),
        more=total - min(len(ranked), most),
        counts=_counted(messages),
        numbers=tuple([number for _, number in ranked[:most]]),
    )


def _counted(messages: Iterable[Message]) -> dict[str, int]:
    """Count messages by kind and severity, the gravest first."""
    messages = list(messages)
    counts = Counter([f"{each.kind} {each.severity}".strip() for each in messages if not each.counts])
    for each in messages:
        if each.counts:
            counts.update(each.counts)
    return dict(sorted(counts.items(), key=lambda each: _kind_rank(each[0])))


def _numbered(news: Sequence[News], numbers: Sequence[int]) -> Iterable[tuple[News, int]]:
    return zip(news, numbers if len(numbers) == len(news) else (0,) * len(news), strict=True)


def _ranked(pairs: Iterable[tuple[News, int]]) -> list[tuple[News, int]]:
    """Return news with their numbers, the gravest first."""
    return sorted(pairs, key=_rank)


def _rank(pair: tuple[News, int]) -> tuple[int, int, bool, int, str, str]:
    """Order news: the gravest kind, then the gravest vulnerability, then by time and name."""
    news = pair[0]
    return (
        _PLACES[news.kind],
        -LEVELS.get(news.severity, 0),
        not news.facts.kev,
        news.at,
        news.vulnerability,
        news.service,
    )


def _kind_rank(words: str) -> tuple[int, int]:
    kind, _, severity = words.partition(" ")
    return _PLACES.get(kind, len(ORDER)), -LEVELS.get(severity, 0)


def _gravest(news: Iterable[News]) -> str:
    return max((each.severity for each in news), key=lambda word: LEVELS.get(word, -1), default="")
