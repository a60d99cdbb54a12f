"""What somebody says does not count, and what the answers rest on: exceptions, and feeds."""

from typing import Annotated

import msgspec

from envscout.errors import UsageError
from envscout.server.asking import Asked
from envscout.server.pagination import page
from envscout.server.routes.common import Moment, Paged, moment_of
from envscout.server.routes.route import Nothing, Route
from envscout.store.exceptions import Entry
from envscout.store.feeds import Status
from envscout.verbs.exceptions import MAX_AT_ONCE, Listed, Proposal, Wish

TAG = "exceptions"


class Exceptions(msgspec.Struct, frozen=True):
    """Exceptions, and how each stands."""

    items: tuple[Listed, ...]
    next: str | None = None


class Every(Paged, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which exceptions. every: those that ended or were taken back, too."""

    every: bool = False


class Wished(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An exception for each of some vulnerabilities."""

    names: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=MAX_AT_ONCE)]
    wish: Wish


class Made(msgspec.Struct, frozen=True):
    """The exceptions that were made."""

    items: tuple[Entry, ...]


class Proposals(msgspec.Struct, frozen=True):
    """Exceptions that somebody asks for."""

    items: tuple[Proposal, ...]
    next: str | None = None


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why an exception is taken back, or refused."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class Feeds(msgspec.Struct, frozen=True):
    """Every feed, and the moment of the answer."""

    items: tuple[Status, ...]
    at: int


def exceptions(asked: Asked) -> Exceptions:
    """List the exceptions that stand."""
    query: Every = asked.query
    found, _ = asked.perform("exceptions.listed", at=moment_of(query.at), every=query.every)
    own = [each for each in found if query.org in ("", each.entry.statement.products[0].organization)]
    own.sort(key=lambda each: each.entry.number)
    return Exceptions(*page(own, lambda each: (each.entry.number,), query.cursor, query.limit))


def make(asked: Asked) -> Made:
    """Make an exception for each of some vulnerabilities, all or none."""
    said: Wished = asked.body
    subject = asked.principal.subject
    return Made(tuple(asked.perform("exceptions.add", names=list(said.names), wish=said.wish, actor=subject)))


def take_back(asked: Asked) -> Entry:
    """Take an exception back; it stays in the record."""
    subject, reason = asked.principal.subject, asked.query.reason
    found: Entry = asked.perform("exceptions.remove", number=_number(asked), actor=subject, reason=reason)
    return found


def proposals(asked: Asked) -> Proposals:
    """List the exceptions that somebody asks for, and that wait for a decision."""
    query: Every = asked.query
    found = asked.perform("exceptions.proposed", every=query.every)
    own = [each for each in found if query.org in ("", each.wish.organization)]
    return Proposals(*page(own, lambda each: (each.number,), query.cursor, query.limit))


def propose(asked: Asked) -> Proposal:
    """Ask for an exception for each of some vulnerabilities; whoever may make them decides."""
    said: Wished = asked.body
    subject = asked.principal.subject
    found: Proposal = asked.perform("exceptions.propose", names=list(said.names), wish=said.wish, actor=subject)
    return found


def approve(asked: Asked) -> Made:
    """Make the exceptions that somebody asked for."""
    return Made(tuple(asked.perform("exceptions.approve", number=_number(asked), actor=asked.principal.subject)))


def refuse(asked: Asked) -> Proposal:
    """Refuse what somebody asked for; it stays in the record."""
    subject, reason = asked.principal.subject, asked.query.reason
    found: Proposal = asked.perform("exceptions.refuse", number=_number(asked), actor=subject, reason=reason)
    return found


def _number(asked: Asked) -> int:
    number = asked.path["number"]
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise UsageError("an exception is named by its number", "see the list of exceptions")
    return int(number)


def feeds(asked: Asked) -> Feeds:
    """List the advisory feeds, how old each is, and what of it could not be used."""
    found, at = asked.perform("ask.feed_status", at=moment_of(asked.query.at))
    return Feeds(tuple(found), at)


_ALL = "/api/v1/exceptions"
_ASKED = "/api/v1/exception-proposals"

ROUTES = (
    Route("GET", _ALL, "exceptions", "read", exceptions, Exceptions, TAG, Every),
    Route("POST", _ALL, "make-exceptions", "operate", make, Made, TAG, Nothing, Wished),
    Route("DELETE", f"{_ALL}/{{number}}", "take-back-exception", "operate", take_back, Entry, TAG, Reason),
    Route("GET", _ASKED, "exception-proposals", "read", proposals, Proposals, TAG, Every),
    Route("POST", _ASKED, "propose-exceptions", "record", propose, Proposal, TAG, Nothing, Wished),
    Route("POST", f"{_ASKED}/{{number}}/approve", "approve-exceptions", "operate", approve, Made, TAG),
    Route("DELETE", f"{_ASKED}/{{number}}", "refuse-exceptions", "operate", refuse, Proposal, TAG, Reason),
    Route("GET", "/api/v1/feeds", "feeds", "read", feeds, Feeds, "feeds", Moment),
)
