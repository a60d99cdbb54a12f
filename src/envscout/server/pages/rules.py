"""Rules: which news go to which channel."""

import msgspec

from envscout.errors import NotFound, UsageError
from envscout.model import LEVELS, NEWS_CAUSES, NEWS_KINDS
from envscout.notify.rules import QUIET_KINDS, Rule
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.page import Form, Page
from envscout.server.pages.settings import Moment, Named, Sure, Which, done, several


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The form, as it is typed. channel: ORGANIZATION/NAME."""

    name: str = ""
    channel: str = ""
    environments: str = ""
    services: str = ""
    kinds: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    severity: str = ""
    fixable: str = ""
    kev: str = ""
    epss: str = ""
    org: str = ""


class Choices(msgspec.Struct, frozen=True):
    """What can be chosen. channels: value and what it is called."""

    channels: dict[str, str]
    kinds: tuple[str, ...]
    quiet: frozenset[str]
    causes: tuple[str, ...]
    severities: tuple[str, ...]


def offer(asked: Asked) -> Choices:
    """Return what can be chosen in the form."""
    found = asked.perform("channels.listed", organization=asked.query.org)
    channels = {
        f"{each.organization}/{each.name}": f"{each.name} ({each.organization})" if each.organization else each.name
        for each in found
    }
    severities = tuple(sorted(LEVELS, key=LEVELS.__getitem__, reverse=True))
    return Choices(channels, NEWS_KINDS, QUIET_KINDS, NEWS_CAUSES, severities)


def add(asked: Asked) -> str:
    """Add a rule."""
    fields: Wanted = asked.body
    organization, slash, channel = fields.channel.rpartition("/")
    if not slash:
        raise UsageError("nothing says which channel is told", "choose one")
    rule = Rule(
        fields.name.strip(), channel, several(fields.environments), several(fields.services), fields.kinds,
        fields.causes, fields.severity, bool(fields.fixable), bool(fields.kev), _score(fields.epss),
    )  # fmt: skip
    asked.perform("channels.add_rule", organization=organization, rule=rule)
    return done("/notifications", fields, "rule-added")


def _score(text: str) -> float:
    try:
        return float(text.strip() or 0)
    except ValueError as error:
        raise UsageError(f"{text[:40]!r} is no EPSS score", "give one from 0 to 1, such as 0.1") from error


def sure(asked: Asked) -> Sure:
    """Ask before a rule is removed. Raise NotFound."""
    wanted = (asked.query.organization or asked.principal.organization, asked.query.name)
    rules = asked.perform("channels.listed_rules", organization=asked.query.organization)
    found = next((rule for organization, rule in rules if (organization, rule.name) == wanted), None)
    if found is None:
        raise NotFound(f"there is no rule {wanted[1][:200]}", "the list of rules shows them")
    return Sure(
        title=f"Remove rule {found.name}",
        text=f"{found.channel} is told no more of what only this rule asks for. What is on its way is still sent.",
        facts=(("Channel", found.channel), ("Organization", wanted[0] or "all")),
        fields={"name": found.name, "organization": wanted[0], "org": asked.query.org},
        path="/notifications/rules/remove",
        button="Remove the rule",
        back=href("notifications", org=asked.query.org),
    )


def remove(asked: Asked) -> str:
    """Remove a rule."""
    asked.perform("channels.remove_rule", organization=asked.body.organization, name=asked.body.name)
    return done("/notifications", asked.body, "rule-removed")


_NEW = Page("/notifications/rules/new", "rule_new", "Notifications", offer, Moment, "operate")
_REMOVE = Page("/notifications/rules/remove", "sure", "Notifications", sure, Which, "operate")
PAGES = (_NEW, _REMOVE)
FORMS = (
    Form(_NEW.path, Wanted, "operate", add, _NEW),
    Form(_REMOVE.path, Named, "operate", remove, _REMOVE),
)
