"""What receivers are sent: signatures that the library verifies, the documented schema, harmless words in chats."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from envscout.model import News, NewsFacts
from envscout.notify import forms, messages, payload, target
from envscout.notify.messages import Message
from envscout.notify.sentences import said
from envscout.notify.webhook import signed

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "webhook.schema.json"
EVIL = News("appeared", 1, "acme", "prod", "<!channel> @here & <x|y>", "CVE-2026-1", "high", facts=NewsFacts(kev=True))
MESSAGES = [
    Message("test", 1),
    messages.message([EVIL]),
    messages.summary([messages.message([EVIL]), messages.message([News("feed-trouble", 2)])], 3),
]


def test_the_schema_is_the_documented_one() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(payload.schema()))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.kind)
def test_what_is_sent_is_as_the_schema_says(message: Message) -> None:
    document = json.loads(payload.encoded(message, "https://scout.example.com"))
    jsonschema.validate(document, payload.schema())
    assert document["type"] == message.kind


def test_each_key_that_counts_signs() -> None:
    old, new, other = (target.secret(bytes([number]) * 32) for number in range(3))
    at = int(datetime.now(UTC).timestamp() * 1_000_000)
    body = payload.encoded(MESSAGES[1], "")
    headers = signed((new, old), "msg_1", at, body)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for each in (old, new):
        assert Webhook(each).verify(body, headers)["type"] == "appeared"
    for each, data in ((other, body), (new, body + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(each).verify(data, headers)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.kind)
def test_chats_call_nobody_and_link_nothing(message: Message) -> None:
    words = said(message, "https://scout.example.com")
    assert "<" not in forms.slack(words)["text"]
    assert forms.discord(words)["allowed_mentions"] == {"parse": []}
    for form in (forms.mattermost, forms.teams):
        assert "@here" not in json.dumps(form(words), ensure_ascii=False)
