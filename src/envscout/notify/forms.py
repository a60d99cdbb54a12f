"""Messages in the forms that chats take. What was said by feeds and images cannot call anybody. Pure."""

from typing import Any

from envscout.notify.sentences import Said

MAX_DISCORD = 2000
MAX_TEXT = 12_000
_WORD_JOINER = "\u2060"


def slack(words: Said) -> dict[str, Any]:
    """https://docs.slack.dev/messaging/formatting-message-text: three characters are special."""
    escaped = words.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": escaped[:MAX_TEXT], "unfurl_links": False}


def discord(words: Said) -> dict[str, Any]:
    """https://discord.com/developers/docs/resources/webhook#execute-webhook."""
    return {"content": words.text[:MAX_DISCORD], "allowed_mentions": {"parse": []}}


def mattermost(words: Said) -> dict[str, Any]:
    """https://developers.mattermost.com/integrate/webhooks/incoming."""
    return {"text": _uncalled(words.text[:MAX_TEXT])}


def teams(words: Said) -> dict[str, Any]:
    """An adaptive card, as the workflows of Teams take it: https://adaptivecards.io/explorer."""
    blocks = [{"type": "TextBlock", "text": _uncalled(words.title), "wrap": True, "weight": "Bolder"}]
    blocks += [{"type": "TextBlock", "text": _uncalled(each), "wrap": True, "spacing": "None"} for each in words.lines]
    actions = [{"type": "Action.OpenUrl", "title": "Show", "url": words.url}] if words.url else []
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
        "actions": actions,
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _uncalled(text: str) -> str:
    return text.replace("@", f"@{_WORD_JOINER}")
