"""What the pages of settings share: parts of lists, pages that ask before something is done, what is said after it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from envscout.server import pagination
from envscout.server.pages.address import href
from envscout.server.pages.page import Shown
from envscout.server.routes.common import Moment, Org, Paged

Code = Annotated[str, msgspec.Meta(max_length=40)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Word = Annotated[str, msgspec.Meta(max_length=500)]

__all__ = ["Listed", "Moment", "Named", "Number", "Once", "Org", "Part", "Sure", "Which", "Word"]

DONE: Mapping[str, str] = {
    "applied": "The policies are in force.",
    "channel-added": "The channel was added. A test shows whether messages arrive; a rule says which ones it gets.",
    "channel-paused": "The channel is paused. What there is to tell is kept until it is resumed.",
    "channel-removed": "The channel was removed, with its rules and its messages.",
    "channel-resumed": "The channel is told of news again.",
    "exception-added": "The exception was added. What it covers is shown as suppressed, and counted nowhere.",
    "exception-approved": "The exceptions were made. What they cover is shown as suppressed, and counted nowhere.",
    "exception-asked": "It was asked for. It counts until somebody who may decide approves.",
    "exception-refused": "It was refused, and whoever asked can read why.",
    "exception-removed": "The exception was removed. What it covered counts again.",
    "key-retired": "Only the newest key signs from now on.",
    "member-added": "The member was added.",
    "member-removed": "The member was removed.",
    "refreshing": "Every feed is asked for at the next opportunity, within a minute.",
    "released": "The document that was refused is applied at the next refresh, which is at once.",
    "resent": "It is sent again, within a minute.",
    "revoked": "The token was revoked. It serves no more, within two seconds.",
    "rule-added": "The rule was added. It hears of what happens from now on.",
    "rule-removed": "The rule was removed. What it put on its way is still sent.",
    "tested": "The channel took the test.",
    "trust-added": "The trust policy was added.",
    "trust-removed": "The trust policy was removed.",
    "unchanged": "Nothing had to be changed: that is in force already.",
}
"""What a page says was done, by the code that its address carries. Of the address itself nothing is shown."""


class Listed(Paged, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A list, and what was just done."""

    done: Code = ""


class Which(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that has a name. organization: whose it is."""

    name: Word = ""
    organization: Org = ""


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same, as a form sends it."""

    name: str = ""
    organization: str = ""
    org: str = ""


class Part(msgspec.Struct, frozen=True):
    """A part of a list. total: how long all of it is. next: the cursor of the part after it, None at the end."""

    items: Sequence[Any]
    total: int
    next: str | None


class Sure(msgspec.Struct, frozen=True):
    """What is asked before something is done. facts: labels and what they stand for. fields: that the form sends.

    path: where to. back: what to do instead. reason: whether somebody has to say why. grave: whether it takes something
    away.
    """

    title: str
    text: str
    facts: Sequence[tuple[str, str]]
    fields: Mapping[str, str]
    path: str
    button: str
    back: str
    reason: str = ""
    grave: bool = True


class Once(msgspec.Struct, frozen=True):
    """A secret that is shown this once. label: what it is. usage: how it is used. back: where to go on."""

    title: str
    text: str
    label: str
    secret: str
    usage: str
    back: str


def part(items: Iterable[Any], key: Callable[[Any], pagination.Key], query: Any) -> Part:
    """Return the part of a list that is asked for, in the order of its keys."""
    ordered = sorted(items, key=key)
    found, after = pagination.page(ordered, key, query.cursor, query.limit)
    return Part(found, len(ordered), after)


def once(section: str, found: Once) -> Shown:
    """Return the page that shows a secret."""
    return Shown("once", section, found)


def done(path: str, fields: Any, code: str, **query: str) -> str:
    """Return where to go after something was done."""
    return href(*path.strip("/").split("/"), org=fields.org, done=code, **query)


def several(text: str) -> tuple[str, ...]:
    """Return what was typed in lines, or with spaces or commas between."""
    return tuple(dict.fromkeys(filter(None, re.split(r"[\s,]+", text))))
