"""The audit log: who did what, the newest first; whether all of it is as it was written."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from envscout.model.entry import Entry
from envscout.names import moment
from envscout.server import pagination
from envscout.server.asking import Asked
from envscout.server.pages.page import Page, Table
from envscout.server.pages.settings import Listed, Moment
from envscout.verbs.audit import MOST, Verified


class Found(msgspec.Struct, frozen=True):
    """A part of the log. whole: whether it can be looked through, which is for who may see all of it."""

    entries: list[Entry]
    next: str | None
    whole: bool


class Anchor(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What must be in the log."""

    anchor: Annotated[str, msgspec.Meta(max_length=64)] = ""


def listed(asked: Asked) -> Found:
    """List what was done, the newest first."""
    query = asked.query
    before = pagination.read(query.cursor, int) if query.cursor else 0
    entries = asked.perform("audit.listed", organization=query.org, most=query.limit, before=before)
    is_more = len(entries) == query.limit and entries[-1].number > 1
    whole = not (asked.principal.organization or asked.principal.environment)
    return Found(entries, pagination.written(entries[-1].number) if is_more else None, whole)


def _table(asked: Asked) -> Table:
    head = ("entry", "at", "who", "role", "organization", "what", "target", "request_id", "outcome", "hash")
    return Table("audit", head, map(_cells, _all(asked)))


def _all(asked: Asked) -> Iterator[Entry]:
    before = 0
    while entries := asked.perform("audit.listed", organization=asked.query.org, most=MOST, before=before):
        yield from entries
        before = entries[-1].number


def _cells(each: Entry) -> tuple[str | int, ...]:
    return (
        each.number, moment.show(each.at), each.actor, each.role, each.organization, each.operation, each.target,
        each.request_id, each.outcome, each.hash,
    )  # fmt: skip


def verify(asked: Asked) -> Verified:
    """Look through the whole log."""
    found: Verified = asked.perform("audit.verify", anchor=asked.query.anchor.strip())
    return found


PAGES = (
    Page("/audit", "audit", "Audit log", listed, Listed, "own", _table),
    Page("/audit/verify", "audit_verify", "Audit log", verify, Anchor, "own"),
)
