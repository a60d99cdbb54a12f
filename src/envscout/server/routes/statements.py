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
from envscout.verbs.exceptions import MAX_AT_ONCE, Listed, Wish

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


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why an exception is taken back."""

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
    number = asked.path["number"]
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise UsageError("an exception is named by its number", "see the list of exceptions")
    found: Entry = asked.perform(
        "exceptions.remove", number=int(number), actor=asked.principal.subject, reason=asked.query.reason
    )
    return found


def feeds(asked: Asked) -> Feeds:
    """List the advisory feeds, how old each is, and what of it could not be used."""
    found, at = asked.perform("ask.feed_status", at=moment_of(asked.query.at))
    return Feeds(tuple(found), at)


_ALL = "/api/v1/exceptions"

ROUTES = (
    Route("GET", _ALL, "exceptions", "read", exceptions, Exceptions, TAG, Every),
    Route("POST", _ALL, "make-exceptions", "operate", make, Made, TAG, Nothing, Wished),
    Route("DELETE", f"{_ALL}/{{number}}", "take-back-exception", "operate", take_back, Entry, TAG, Reason),
    Route("GET", "/api/v1/feeds", "feeds", "read", feeds, Feeds, "feeds", Moment),
)
