"""Channels: where messages go, and when. Where exactly one leads, and by which key, is never shown again."""

from typing import get_args

import msgspec

from envscout.errors import NetworkError, NotFound, UsageError
from envscout.notify.declared import Channel
from envscout.notify.target import KINDS
from envscout.notify.terms import DAYS, Terms
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.notifications import OVERVIEW
from envscout.server.pages.page import Form, Page, Shown
from envscout.server.pages.settings import Moment, Named, Once, Sure, Which, done, once
from envscout.verbs.channels import Made
from envscout.verbs.channels import Shown as Known

DELIVERIES: tuple[str, ...] = get_args(Terms.__annotations__["delivery"])


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The form, as it is typed."""

    name: str = ""
    address: str = ""
    kind: str = ""
    delivery: str = "immediate"
    at: str = ""
    weekday: str = "monday"
    quiet: str = ""
    quiet_for_all: str = ""
    zone: str = ""
    budget: str = ""
    organization: str = ""
    org: str = ""


class Choices(msgspec.Struct, frozen=True):
    """What can be chosen."""

    kinds: tuple[str, ...]
    deliveries: tuple[str, ...]
    days: tuple[str, ...]


class Rotated(Named, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The one that is meant. finish: no longer sign by the key before the newest."""

    finish: str = ""


class Keys(msgspec.Struct, frozen=True):
    """A channel whose keys may be changed."""

    channel: Known
    back: str


def offer(asked: Asked) -> Choices:  # noqa: ARG001
    """Return what can be chosen in the form."""
    return Choices(KINDS, DELIVERIES, DAYS)


def add(asked: Asked) -> "str | Shown":
    """Add a channel; show the key that signs, where one does."""
    fields: Wanted = asked.body
    if not fields.address.strip():
        raise UsageError(
            "the address is missing", "say where messages go, such as https://hooks.slack.com/services/..."
        )
    channel = Channel(fields.name.strip(), fields.address.strip(), fields.kind, _terms(fields))
    made = asked.perform("channels.add", organization=fields.organization.strip(), channel=channel)
    return _told(made, fields.org) if made.secret else done("/notifications", fields, "channel-added")


def _terms(fields: Wanted) -> Terms:
    given = {
        "delivery": fields.delivery,
        "at": fields.at.strip() or "09:00",
        "weekday": fields.weekday,
        "quiet": fields.quiet.replace(" ", ""),
        "urgent": not fields.quiet_for_all,
        "zone": fields.zone.strip() or "UTC",
        "budget": fields.budget.strip() or None,
    }
    try:
        return msgspec.convert(given, Terms, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError("the times or the budget have no meaning", "a budget is a number, 0 for no limit") from error


def _told(made: Made, org: str) -> Shown:
    return once(
        "Notifications",
        Once(
            title=f"The key of {made.channel.name}",
            text="Copy it now. It is not shown again.",
            label="Key",
            secret=made.secret,
            usage=f"The receiver verifies by it what {made.channel.name} is sent: https://www.standardwebhooks.com",
            back=href("notifications", org=org),
        ),
    )


def _known(asked: Asked) -> Known:
    query = asked.query
    for each in asked.perform("channels.listed", organization=query.organization):
        if (each.organization, each.name) == (query.organization or asked.principal.organization, query.name):
            return each  # type: ignore[no-any-return]
    raise NotFound(f"there is no channel {query.name[:200]}", "the list of channels shows them")


def _about(asked: Asked, operation: str, **more: object) -> object:
    return asked.perform(operation, organization=asked.body.organization, name=asked.body.name, **more)


def pause(asked: Asked) -> str:
    """Send nothing to a channel for now."""
    _about(asked, "channels.pause")
    return done("/notifications", asked.body, "channel-paused")


def resume(asked: Asked) -> str:
    """Send to a channel again."""
    _about(asked, "channels.resume")
    return done("/notifications", asked.body, "channel-resumed")


def test(asked: Asked) -> str:
    """Send a test to a channel. Raise NetworkError where it is not taken."""
    found = asked.perform("deliver.test", organization=asked.body.organization, channel=asked.body.name)
    if not found.sent:
        raise NetworkError(f"{asked.body.name} did not take the test: {found.problem}", "check where it leads")
    return done("/notifications", asked.body, "tested")


def keys(asked: Asked) -> Keys:
    """Ask before a channel gets another key. Raise NotFound."""
    return Keys(_known(asked), href("notifications", org=asked.query.org))


def rotate(asked: Asked) -> "str | Shown":
    """Give a channel another key, and show it; or retire the key before the newest."""
    made = _about(asked, "channels.rotate", finish=bool(asked.body.finish))
    assert isinstance(made, Made)
    return _told(made, asked.body.org) if made.secret else done("/notifications", asked.body, "key-retired")


def sure(asked: Asked) -> Sure:
    """Ask before a channel is removed. Raise NotFound."""
    found = _known(asked)
    return Sure(
        title=f"Remove channel {found.name}",
        text="Its rules and its messages, sent or not, go with it. That cannot be undone.",
        facts=(("Kind", found.kind), ("Leads to", found.place), ("Organization", found.organization or "all")),
        fields={"name": found.name, "organization": found.organization, "org": asked.query.org},
        path="/notifications/channels/remove",
        button="Remove the channel",
        back=href("notifications", org=asked.query.org),
    )


def remove(asked: Asked) -> str:
    """Remove a channel."""
    _about(asked, "channels.remove")
    return done("/notifications", asked.body, "channel-removed")


_NEW = Page("/notifications/channels/new", "channel_new", "Notifications", offer, Moment, "operate")
_KEYS = Page("/notifications/channels/rotate", "channel_keys", "Notifications", keys, Which, "operate")
_REMOVE = Page("/notifications/channels/remove", "sure", "Notifications", sure, Which, "operate")
PAGES = (_NEW, _KEYS, _REMOVE)
FORMS = (
    Form(_NEW.path, Wanted, "operate", add, _NEW, frozenset({"address"})),
    Form("/notifications/channels/pause", Named, "operate", pause, OVERVIEW),
    Form("/notifications/channels/resume", Named, "operate", resume, OVERVIEW),
    Form("/notifications/channels/test", Named, "operate", test, OVERVIEW),
    Form(_KEYS.path, Rotated, "operate", rotate, _KEYS),
    Form(_REMOVE.path, Named, "operate", remove, _REMOVE),
)
