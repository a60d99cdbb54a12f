"""What happened in an environment: deployments, vulnerabilities that came and went, exceptions; drawn and listed."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from envscout.errors import NotFound
from envscout.model import Event, News
from envscout.names import moment
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.charts import Lane, Mark
from envscout.server.pages.environment import SECTION, numbers
from envscout.server.pages.page import Page, Table
from envscout.server.pages.words import ACTIONS, KINDS
from envscout.server.routes.common import At, Org, moment_of
from envscout.store import now
from envscout.store.deployments import Scope
from envscout.store.exceptions import Entry
from envscout.verbs import exceptions

_DAY = 86_400_000_000
_MOST = 200
_MOST_LANES = 30
_LANES = {
    "appeared": ("New", "fail"),
    "escalated": ("Worse", "fail"),
    "deescalated": ("Less grave", ""),
    "resolved": ("Resolved", "pass"),
    "gate-failed": ("Kept out", "fail"),
    "unknown-coverage": ("Not known", "unknown"),
    "exception-ended": ("Exceptions", ""),
}
"""News that are shown: the line that they lie on, and their tone."""


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which stretch of time: its begin and end; "" for the last 30 days."""

    org: Org = ""
    since: At = ""
    until: At = ""
    service: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Said(msgspec.Struct, frozen=True):
    """An exception that began (removed: was taken back) at a moment."""

    at: int
    entry: Entry
    removed: bool


Told = Event | News | Said


class Timeline(msgspec.Struct, frozen=True):
    """What happened in a stretch of time, the newest first. zooms: what to look at instead, and its address.

    more: how many there are that are not listed. moments, rows: counts of vulnerabilities by severity.
    """

    name: str
    since: int
    until: int
    told: tuple[Told, ...]
    more: int
    lanes: tuple[Lane, ...]
    moments: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]
    zooms: tuple[tuple[str, str], ...]


def timeline(asked: Asked) -> Timeline:
    """Tell what happened in an environment."""
    query: Span = asked.query
    name, at = asked.path["environment"], now()
    until = moment_of(query.until) or at
    since = moment_of(query.since) or until - 30 * _DAY
    told = _told(asked, name, since, until)
    counted = numbers(asked, name, query.org)
    points = [each for each in counted.trend if since <= each.at <= until] if counted else []
    return Timeline(
        name, since, until, tuple(told[:_MOST]), max(0, len(told) - _MOST), tuple(_lanes(told)),
        tuple(each.at for each in points), tuple(each.counts for each in points),
        tuple(_zooms(name, query, since, until, at)),
    )  # fmt: skip


def _told(asked: Asked, name: str, since: int, until: int) -> list[Told]:
    """Return what happened, the newest first. Raise NotFound for an environment that never was."""
    query: Span = asked.query
    said: list[Event] = asked.perform("ask.history", scope=Scope(query.org, name, query.service))
    if not said and not query.service:
        raise NotFound(f"nothing was ever recorded into environment {name}", "look at the overview for those there are")
    happened = asked.perform(
        "changes.between", environment=name, kinds=tuple(_LANES), since=since, until=until, organization=query.org
    )
    found: list[Told] = [each for each in said if since <= each.at <= until]
    found += [each.news for each in happened if query.service in ("", each.news.service)]
    found += [each for each in _exceptions(asked, name) if since <= each.at <= until]
    return sorted(found, key=lambda each: -each.at)


def _exceptions(asked: Asked, name: str) -> Iterator[Said]:
    found, _ = asked.perform("exceptions.listed", every=True)
    scope = Scope(asked.query.org, service=asked.query.service)
    for each in exceptions.chosen(found, scope) if asked.query.service else found:
        (product,) = each.entry.statement.products
        if product.environment in ("", name) and asked.query.org in ("", product.organization):
            yield Said(each.entry.statement.at, each.entry, removed=False)
            if each.entry.removed_at is not None:
                yield Said(each.entry.removed_at, each.entry, removed=True)


def _lanes(told: Sequence[Told]) -> Iterator[Lane]:
    """Yield what lies on a line of its own: first what happened by itself, then the services most was said of."""
    happened: dict[str, list[Mark]] = {}
    services: dict[str, list[Mark]] = {}
    for each in told:
        if isinstance(each, Event):
            mark = Mark(each.at, "fail" if each.action == "remove" else "", f"{each.action} {each.reference}")
            services.setdefault(each.service, []).append(mark)
        elif isinstance(each, News):
            lane, tone = _LANES[each.kind]
            happened.setdefault(lane, []).append(Mark(each.at, tone, f"{KINDS[each.kind]} {each.vulnerability}"))
        else:
            words = "taken back" if each.removed else "made"
            name = each.entry.statement.names[0]
            happened.setdefault("Exceptions", []).append(Mark(each.at, "", f"Exception for {name} {words}"))
    yield from (Lane(name, tuple(marks)) for name, marks in happened.items())
    shown = sorted(sorted(services, key=lambda name: -len(services[name]))[:_MOST_LANES])
    yield from (Lane(name, tuple(services[name])) for name in shown)


def _zooms(name: str, query: Span, since: int, until: int, at: int) -> list[tuple[str, str]]:
    span = until - since
    middle = (since + until) // 2
    wanted = {
        "Earlier": (since - span, since),
        "Later": (until, min(until + span, at)) if until < at else None,
        "Closer": (middle - span // 4, middle + span // 4),
        "Farther": (since - span // 2, min(until + span // 2, at)),
        "Last day": (at - _DAY, at),
        "7 days": (at - 7 * _DAY, at),
        "30 days": (at - 30 * _DAY, at),
        "90 days": (at - 90 * _DAY, at),
        "A year": (at - 365 * _DAY, at),
    }
    return [(words, _address(name, query, *each)) for words, each in wanted.items() if each is not None]


def _address(name: str, query: Span, since: int, until: int) -> str:
    span = {"since": moment.show(max(since, 0)), "until": moment.show(max(until, 0))}
    return href("environments", name, "timeline", org=query.org, service=query.service, **span)


def _table(asked: Asked) -> Table:
    found = timeline(asked)
    rows = (_cells(each) for each in _told(asked, found.name, found.since, found.until))
    return Table(f"{found.name}-timeline", ("moment", "what", "service", "about", "who"), rows)


def _cells(told: Told) -> tuple[str, ...]:
    at = moment.show(told.at)
    if isinstance(told, Event):
        return at, ACTIONS.get(told.action, told.action), told.service, told.reference, told.actor
    if isinstance(told, News):
        return at, KINDS[told.kind], told.service, told.vulnerability, ""
    who = told.entry.removed_by if told.removed else told.entry.added_by
    what = "Exception taken back" if told.removed else "Exception"
    return at, what, told.entry.statement.products[0].service, told.entry.statement.names[0], who


PAGES = (Page("/environments/{environment}/timeline", "timeline", SECTION, timeline, Span, table=_table),)
