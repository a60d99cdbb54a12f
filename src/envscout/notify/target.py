"""Where a channel leads: kinds of channels, addresses read and shown without their secrets, keys that sign. Pure."""

import base64
import re
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from envscout.errors import UsageError
from envscout.network.destination import destination

ChannelKind = Literal["webhook", "slack", "teams", "discord", "mattermost", "apprise"]
KINDS: tuple[str, ...] = get_args(ChannelKind)

# Hosts whose web hooks take a form of their own: end of the name -> kind.
_HOSTS = {
    "hooks.slack.com": "slack",
    "discord.com": "discord",
    "discordapp.com": "discord",
    "webhook.office.com": "teams",
    "logic.azure.com": "teams",
    "api.powerplatform.com": "teams",
}

SCHEMES = frozenset(
    {
        "mailto", "mailtos", "pagerduty", "opsgenie", "jira", "splunk", "victorops", "squadcast",
        "incidentio", "ilert", "betterstack", "signl4", "spike", "pagertree", "tgram", "gchat", "webex",
        "wxteams", "zulip", "pover", "sendgrid", "mailgun", "postmark", "brevo", "twilio", "msgbird",
        "vonage", "threema", "whatsapp", "feishu", "lark", "dingtalk", "wecombot", "cliq", "flock",
        "twist", "line", "ntfy", "ntfys", "gotify", "gotifys", "rocket", "rockets",
    }
)  # fmt: skip
"""Schemes of apprise that only speak to services on the network; others read files, or use this machine."""

# Further parameters of those schemes are refused: some of them name files of this machine (template, pgpkey, attach).
_PARAMETERS = frozenset(
    {
        "to", "from", "name", "cc", "bcc", "reply", "smtp", "mode", "user", "pass", "region", "priority", "class",
        "component", "group", "source", "tags", "entity", "alias", "action", "responders", "sound", "device", "retry",
        "expire", "thread", "topic", "token", "apikey", "key", "channel", "site", "integration", "click", "overflow",
    }
)  # fmt: skip
_SCHEME = re.compile(r"([a-z0-9]+)://", re.IGNORECASE)
_PREFIX = "whsec_"


class Target(NamedTuple):
    """A channel as a sender needs it. secrets: that sign, the newest first."""

    kind: ChannelKind
    address: str
    secrets: tuple[str, ...] = ()


def recognised(address: str, kind: str = "") -> ChannelKind:
    """Return the kind of an address, the one that was said if it fits. Raise UsageError, ForbiddenAddress."""
    found = _SCHEME.match(address)
    scheme = found[1].lower() if found else ""
    if scheme in ("http", "https"):
        host = destination(address).host
        guessed = next((each for end, each in _HOSTS.items() if host == end or host.endswith(f".{end}")), "webhook")
        if kind == "apprise":
            raise UsageError("apprise does not take web addresses", "leave out --kind, or say webhook")
        return _kind(kind or guessed)
    if kind not in ("", "apprise"):
        raise UsageError(f"a channel of kind {kind} has a web address", "give one that starts with https://")
    if scheme not in SCHEMES:
        raise UsageError(
            f"{scheme or 'this'!r} is no kind of address that messages are sent to",
            f"give https://..., or one of apprise's: {', '.join(sorted(SCHEMES))}",
        )
    _parameters(address)
    return "apprise"


def _kind(word: str) -> ChannelKind:
    if word not in KINDS:
        raise UsageError(f"{word[:40]!r} is no kind of channel", f"known are: {', '.join(KINDS)}")
    return word  # type: ignore[return-value]  # it is one of them


def _parameters(address: str) -> None:
    """Refuse what an address of apprise may say beside the place, unless it is known to be harmless."""
    if not address.isprintable() or len(address) > 4096:
        raise UsageError("the address holds what no address does", "write it in one line")
    names = {each.partition("=")[0].lower() for each in address.partition("?")[2].split("&") if each}
    unknown = sorted(names - _PARAMETERS)
    if unknown:
        raise UsageError(
            f"{unknown[0][:40]!r} is not taken in an address",
            f"some parameters name files of this machine; taken are: {', '.join(sorted(_PARAMETERS))}",
        )


def shown(target: Target) -> str:
    """Return an address as it may be shown: where it leads, and nothing by which one could send there."""
    found = _SCHEME.match(target.address)
    if target.kind == "apprise":
        return f"{found[1].lower() if found else 'apprise'}://…"
    parts = urlsplit(target.address)
    return f"{parts.scheme}://{parts.hostname}/…"


def secret(random: bytes) -> str:
    """Return a key of random bytes as web hooks write it."""
    return _PREFIX + base64.b64encode(random).decode()
