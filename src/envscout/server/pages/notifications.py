"""What notifications there are: channels, rules, and what is on its way to whom."""

from typing import Literal

import msgspec

from envscout.names import moment
from envscout.notify.rules import Rule
from envscout.notify.terms import Terms
from envscout.server import pagination
from envscout.server.asking import Asked
from envscout.server.pages.page import Form, Page, Table
from envscout.server.pages.settings import Listed, Number, Part, done, part
from envscout.verbs.channels import Shown as Known
from envscout.verbs.deliver import Outgoing

State = Literal["", "waiting", "held", "sent", "dead", "gathered"]
STATES: dict[State, str] = {
    "": "All",
    "waiting": "Waiting",
    "held": "Held",
    "sent": "Sent",
    "dead": "Given up",
    "gathered": "Gathered",
}
_RECENT = 5
_MOST = 10_000


class Found(msgspec.Struct, frozen=True):
    """Channels, rules with their organizations, the last messages, and whether any was given up."""

    channels: Part
    rules: list[tuple[str, Rule]]
    recent: list[Outgoing]
    dead: bool


class Query(Listed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which messages are asked for."""

    state: State = ""


class Outbox(msgspec.Struct, frozen=True):
    """A part of the outbox. next: the cursor of the one after it. states: what can be asked for."""

    messages: list[Outgoing]
    next: str | None
    states: dict[State, str]


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which message is sent again; 0: all that were given up."""

    message: Number = 0
    state: State = ""
    org: str = ""


def _channels(asked: Asked) -> list[Known]:
    found: list[Known] = asked.perform("channels.listed", organization=asked.query.org)
    return found


def told(terms: Terms) -> str:
    """Say when a channel is told: `daily at 09:00`."""
    words = {"daily": f"daily at {terms.at}", "weekly": f"on {terms.weekday.capitalize()}s at {terms.at}"}
    return words.get(terms.delivery, "at once" if terms.delivery == "immediate" else terms.delivery)


def asks(rule: Rule) -> tuple[str, ...]:
    """Say what must hold of the news that a rule is for."""
    lists = (("environment", rule.environments), ("service", rule.services), ("cause", rule.causes))
    found = [f"{name}: {', '.join(words)}" for name, words in lists if words]
    found += [f"{rule.severity} or worse"] if rule.severity else []
    found += ["a fix is known"] if rule.fixable else []
    found += ["known to be exploited"] if rule.kev else []
    return (*found, *([f"EPSS of at least {rule.epss:g}"] if rule.epss else []))


def listed(asked: Asked) -> Found:
    """List channels and rules, and the last messages."""
    organization = asked.query.org
    channels = part(_channels(asked), lambda each: (each.organization, each.name), asked.query)
    rules = asked.perform("channels.listed_rules", organization=organization)
    recent = asked.perform("deliver.listed", organization=organization, most=_RECENT)
    dead = asked.perform("deliver.listed", organization=organization, state="dead", most=1)
    return Found(channels, sorted(rules, key=lambda each: (each[0], each[1].name)), recent, bool(dead))


def _table(asked: Asked) -> Table:
    head = (
        "organization", "channel", "kind", "leads_to", "state", "told", "quiet", "zone", "per_hour", "keys", "failures",
        "problem",
    )  # fmt: skip
    return Table("channels", head, map(_cells, _channels(asked)))


def _cells(each: Known) -> tuple[str | int | None, ...]:
    terms = each.terms
    return (
        each.organization, each.name, each.kind, each.place, each.state, told(terms), terms.quiet, terms.zone,
        terms.budget, each.keys, each.failures, each.problem,
    )  # fmt: skip


def outbox(asked: Asked) -> Outbox:
    """List messages, the newest first."""
    query = asked.query
    before = pagination.read(query.cursor, int) if query.cursor else 0
    found = asked.perform(
        "deliver.listed", organization=query.org, state=query.state, most=query.limit + 1, before=before
    )
    messages = found[: query.limit]
    after = pagination.written(messages[-1].message_id) if len(found) > query.limit else None
    return Outbox(messages, after, STATES)


def _outbox_table(asked: Asked) -> Table:
    found = asked.perform("deliver.listed", organization=asked.query.org, state=asked.query.state, most=_MOST)
    rows = (
        (
            each.message_id, each.organization, each.channel, each.state, moment.show(each.at), each.attempts,
            moment.show(each.sent_at) if each.sent_at else "", each.title, each.problem,
        )
        for each in found
    )  # fmt: skip
    head = ("message", "organization", "channel", "state", "since", "attempts", "sent_at", "title", "problem")
    return Table("outbox", head, rows)


def resend(asked: Asked) -> str:
    """Send a message again, or all that were given up."""
    asked.perform("deliver.resend", organization=asked.query.org, message_id=asked.body.message)
    return done("/notifications/outbox", asked.body, "resent", state=asked.body.state)


OVERVIEW = Page("/notifications", "notifications", "Notifications", listed, Listed, "operate", _table)
_OUTBOX = Page("/notifications/outbox", "outbox", "Notifications", outbox, Query, "operate", _outbox_table)
PAGES = (OVERVIEW, _OUTBOX)
FORMS = (Form("/notifications/outbox/resend", Again, "operate", resend, _OUTBOX),)
