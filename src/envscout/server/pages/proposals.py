"""Exceptions that somebody asks for: which wait, and what was decided on them."""

import msgspec

from envscout.server.asking import Asked
from envscout.server.pages.exceptions import waiting
from envscout.server.pages.page import Form, Page, Table
from envscout.server.pages.settings import Listed, Number, Part, done, part
from envscout.verbs.exceptions import Proposal


class Query(Listed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which are asked for. every: those that somebody decided on, too."""

    every: bool = False


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which is decided on; reason: why it is refused."""

    number: Number = 0
    reason: str = ""
    org: str = ""


def listed(asked: Asked) -> Part:
    """List what somebody asks for, what waits first."""
    return part(waiting(asked, every=asked.query.every), _key, asked.query)


def _key(each: Proposal) -> tuple[int, int]:
    return each.decided_at or 0, each.number


def approve(asked: Asked) -> str:
    """Make the exceptions that somebody asked for."""
    fields: Decision = asked.body
    asked.perform("exceptions.approve", number=fields.number, actor=asked.principal.subject)
    return done("/exceptions/asked", fields, "exception-approved")


def refuse(asked: Asked) -> str:
    """Refuse them."""
    fields: Decision = asked.body
    reason = fields.reason.strip()
    asked.perform("exceptions.refuse", number=fields.number, actor=asked.principal.subject, reason=reason)
    return done("/exceptions/asked", fields, "exception-refused")


def _table(asked: Asked) -> Table:
    head = ("number", "vulnerabilities", "kind", "organization", "environment", "service", "owner", "reason",
            "asked_by", "asked_at_microseconds", "decided_by", "approved", "why")  # fmt: skip
    rows = (
        (each.number, " ".join(each.names), each.wish.kind, each.wish.organization, each.wish.environment,
         each.wish.service, each.wish.owner, each.wish.reason, each.asked_by, each.asked_at, each.decided_by,
         int(each.approved), each.why)
        for each in waiting(asked, every=True)
    )  # fmt: skip
    return Table("asked-for", head, rows)


_LIST = Page("/exceptions/asked", "proposals", "Exceptions", listed, Query, table=_table)
PAGES = (_LIST,)
FORMS = (
    Form("/exceptions/approve", Decision, "operate", approve, _LIST),
    Form("/exceptions/refuse", Decision, "operate", refuse, _LIST),
)
