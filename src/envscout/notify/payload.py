"""What a web hook is sent, as JSON: https://github.com/standard-webhooks/standard-webhooks, payload structure. Pure."""

from typing import Any

import msgspec

from envscout.model import News
from envscout.names import moment
from envscout.notify.messages import Message
from envscout.notify.sentences import said


class Content(msgspec.Struct, frozen=True):
    """What happened. title, text: for people. news: the gravest first; more: how many there are beside them.

    organization, environment, vulnerability, severity: "" where news of several are in one message. counts: of a
    summary, how many messages of each kind and severity it stands for. url: "" where the server has no address.
    numbers: of the news, in their order, as /api/v1/changes tells them; 0 where it is not known.
    """

    organization: str
    environment: str
    vulnerability: str
    severity: str
    title: str
    text: str
    url: str
    news: tuple[News, ...]
    more: int
    counts: dict[str, int]
    numbers: tuple[int, ...] = ()


class Payload(msgspec.Struct, frozen=True):
    """type: a kind of news, `summary` or `test`. timestamp: RFC 3339, of the last of the news."""

    type: str
    timestamp: str
    data: Content


def encoded(message: Message, public_url: str) -> bytes:
    """Return a message as a web hook is sent it."""
    words = said(message, public_url)
    content = Content(
        message.organization, message.environment, message.vulnerability, message.severity, words.title, words.text,
        words.url, message.news, message.more, message.counts, message.numbers,
    )  # fmt: skip
    return msgspec.json.encode(Payload(message.kind, moment.show(message.at), content))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What envscout sends to web hooks",
        **msgspec.json.schema(Payload),
    }
