"""What is said of news: short, factual, with links. Pure; texts of feeds and images are made one harmless line."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote

from envscout.model import News
from envscout.notify.messages import Message

MAX_LINES = 20
MAX_TEXT = 300

_SAID = {
    "deployed": "{image} was deployed to {place}",
    "undeployed": "{image} no longer runs in {place}",
    "appeared": "{vulnerability} was found in {place}",
    "escalated": "{vulnerability} in {place} is worse than it was",
    "deescalated": "{vulnerability} in {place} is less grave than it was",
    "resolved": "{vulnerability} no longer counts in {place}",
    "gate-failed": "{image} was kept out of {place}",
    "unknown-coverage": "nobody can tell how safe {image} in {place} is",
    "feed-trouble": "the feed {about} has trouble",
    "feed-recovered": "the feed {about} is well again",
    "drift": "{place} runs something else than was recorded",
    "exception-expiring": "the exception for {vulnerability} in {place} ends soon",
    "exception-ended": "the exception for {vulnerability} in {place} has ended",
}
_WHY = {
    "deployment": "what runs there changed",
    "advisory": "an advisory changed",
    "kev": "it is known to be exploited",
    "epss": "it is likelier to be exploited",
    "severity": "its severity changed",
    "fix": "a fix came",
    "exception": "by an exception",
    "vex": "by a VEX statement",
    "feed": "by a feed",
    "policy": "by a policy",
}


class Said(NamedTuple):
    """A message in words. lines: one for each place, bounded. url: more about it, "" if there is none."""

    title: str
    lines: tuple[str, ...]
    url: str

    @property
    def text(self) -> str:
        """Return all of it as plain text."""
        return "\n".join((self.title, *self.lines, *filter(None, (self.url,))))


def said(message: Message, public_url: str = "") -> Said:
    """Return a message in words. public_url: where people reach the server, "" where it has no address."""
    url = _link(message, public_url)
    if message.kind == "test":
        return Said("This is a test of envscout: messages arrive here.", (), url)
    if message.kind == "summary":
        return _summary(message, url)
    first = message.news[0]
    services = sorted({each.service for each in message.news if each.service})
    title = _sentence(first, len(services) + message.more > 1)
    severity = f"[{message.severity.upper()}] " if message.severity and message.vulnerability else ""
    return Said(f"{severity}{title}", (*_facts(message.news), *_bounded(message.news, message.more, _place)), url)


def _summary(message: Message, url: str) -> Said:
    total = sum(message.counts.values())
    counts = tuple(f"{count} x {words}" for words, count in message.counts.items())
    title = f"{total} messages in one" + (f" for {message.organization}" if message.organization else "")
    return Said(title, (*counts, *_bounded(message.news, message.more, lambda news: _sentence(news, False))), url)


def _sentence(news: News, several: bool) -> str:
    place = "/".join(filter(None, (news.organization, news.environment))) or "the instance"
    if news.service and not several:
        place = f"{news.service} ({place})"
    return _line(
        _SAID[news.kind].format(
            image=news.reference or news.digest[:19] or "an image",
            place=place,
            vulnerability=news.vulnerability or news.facts.about or "a vulnerability",
            about=news.facts.about or "of advisories",
        )
    )


def _facts(news: Sequence[News]) -> list[str]:
    """Return what holds of the vulnerability wherever it is, and what was said in words."""
    first, facts = news[0], news[0].facts
    parts = [
        f"{facts.before} before" if facts.before and facts.before != first.severity else "",
        "known to be exploited" if facts.kev else "",
        f"EPSS {facts.epss:.1%}" if facts.epss is not None else "",
        "a fix is there" if facts.fixable else ("no fix is known" if first.kind == "appeared" else ""),
        _WHY.get(first.cause, ""),
    ]
    found = [_line("; ".join(filter(None, parts))), _line(facts.text), _line(", ".join(facts.packages[:5]))]
    return [each for each in found if each]


def _place(news: News) -> str:
    who = f" by {news.facts.actor}" if news.facts.actor else ""
    image = news.reference or news.digest[:19]
    return _line(f"{news.service or news.environment}: {image}{who}" if image else "")


def _bounded(news: Sequence[News], more: int, line: Callable[[News], str]) -> list[str]:
    """Return different lines of news, the first of them; of the others, how many news they are."""
    lines: dict[str, None] = {}
    left = more
    for number, each in enumerate(news):
        if len(lines) == MAX_LINES:
            left += len(news) - number
            break
        lines[line(each)] = None
    lines.pop("", None)
    return [f"- {each}" for each in lines] + ([f"- and {left} more"] if left else [])


def _link(message: Message, public_url: str) -> str:
    if not public_url:
        return ""
    base = public_url.rstrip("/")
    of = f"?organization={quote(message.organization, safe='')}" if message.organization else ""
    if message.vulnerability:
        return f"{base}/api/v1/vulnerabilities/{quote(message.vulnerability, safe='')}/environments{of}"
    if message.environment:
        return f"{base}/api/v1/environments/{quote(message.environment, safe='')}{of}"
    return base


def _line(text: str) -> str:
    """Return text as one bounded line without control characters."""
    return "".join(each if each.isprintable() else " " for each in text[:MAX_TEXT]).strip()
