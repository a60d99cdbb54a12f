"""Exceptions: which stand, which end soon, which have ended; added and taken back, never changed."""

from typing import Literal

import msgspec

from envscout.errors import NotFound, UsageError
from envscout.model.statement import FALSE_POSITIVE, JUSTIFICATIONS, KINDS
from envscout.names import moment
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.page import Form, Page, Table
from envscout.server.pages.settings import Listed, Moment, Number, Part, Sure, Word, done, part, several
from envscout.store import now
from envscout.store.deployments import Scope
from envscout.store.exceptions import Entry
from envscout.verbs import exceptions
from envscout.verbs.exceptions import Proposal, Wish

SOON = 7 * 86_400_000_000
"""Microseconds before its end from which an exception is told to end soon."""
_FAR = 2**62
Chosen = Literal["", "soon", "ended", "all"]


class Row(msgspec.Struct, frozen=True):
    """An exception. state: active, soon, expired or removed. ended: microseconds, 0 while it stands."""

    entry: Entry
    state: str
    ended: int


class Found(msgspec.Struct, frozen=True):
    """The list, and how many there are of which kind. asked: how many somebody asks for."""

    part: Part
    counts: dict[str, int]
    asked: int


class Query(Listed, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which are asked for."""

    show: Chosen = ""


class New(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the form holds at first, as other pages link to it."""

    cves: Word = ""
    environment: Word = ""
    service: Word = ""
    image: Word = ""
    packages: Word = ""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The form, as it is typed."""

    cves: str = ""
    kind: str = ""
    justification: str = ""
    reason: str = ""
    owner: str = ""
    until: str = ""
    on_fix: str = ""
    on_kev: str = ""
    organization: str = ""
    environment: str = ""
    service: str = ""
    image: str = ""
    packages: str = ""
    org: str = ""


class Offered(msgspec.Struct, frozen=True):
    """What can be chosen. owner: who answers for it where nobody else is named."""

    environments: tuple[str, ...]
    kinds: tuple[str, ...]
    justifications: tuple[str, ...]
    owner: str
    first: New


class Which(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of them."""

    number: Number = 0


class Removal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which is taken back, and why."""

    number: Number = 0
    reason: str = ""
    org: str = ""


def _rows(asked: Asked) -> list[Row]:
    found, present = asked.perform("exceptions.listed", every=True)
    return [_row(each, present) for each in exceptions.chosen(found, Scope(asked.query.org))]


def _row(each: exceptions.Listed, present: int) -> Row:
    until = each.entry.statement.until
    if each.state == "removed":
        return Row(each.entry, each.state, each.entry.removed_at or 0)
    if each.state == "expired":
        return Row(each.entry, each.state, until or 0)
    return Row(each.entry, "soon" if until is not None and until - present <= SOON else each.state, 0)


def _is_chosen(row: Row, show: Chosen) -> bool:
    return show == "all" or {"": not row.ended, "soon": row.state == "soon", "ended": bool(row.ended)}[show]


def _key(row: Row) -> tuple[int, int]:
    """Order what stands by its end, the next one first, and after it what has ended, the last one first."""
    until = row.entry.statement.until
    ends = _FAR - row.ended + _FAR if row.ended else min(until or _FAR, _FAR)
    return ends, -row.entry.number


def listed(asked: Asked) -> Found:
    """List exceptions."""
    rows = _rows(asked)
    shows: tuple[Chosen, ...] = ("", "soon", "ended", "all")
    counts: dict[str, int] = {show: sum(_is_chosen(each, show) for each in rows) for show in shows}
    chosen = part((each for each in rows if _is_chosen(each, asked.query.show)), _key, asked.query)
    return Found(chosen, counts, len(waiting(asked)))


def waiting(asked: Asked, *, every: bool = False) -> list[Proposal]:
    """Return the exceptions that somebody asks for."""
    found: list[Proposal] = asked.perform("exceptions.proposed", every=every)
    return [each for each in found if asked.query.org in ("", each.wish.organization)]


def _table(asked: Asked) -> Table:
    rows = sorted((each for each in _rows(asked) if _is_chosen(each, asked.query.show)), key=_key)
    head = (
        "id", "vulnerability", "kind", "justification", "organization", "environment", "service", "image", "packages",
        "owner", "reason", "ends", "on_fix", "on_kev", "state", "added_at", "added_by", "removed_at", "removed_by",
        "removed_because",
    )  # fmt: skip
    return Table("exceptions", head, map(_cells, rows))


def _cells(row: Row) -> tuple[str | int, ...]:
    said, entry = row.entry.statement, row.entry
    product = said.products[0]
    return (
        entry.number, said.names[0], said.kind, said.justification, product.organization, product.environment,
        product.service, product.digest, " ".join(product.packages), said.who, said.why, _shown(said.until),
        int(said.on_fix), int(said.on_kev), row.state, _shown(said.at), entry.added_by, _shown(entry.removed_at),
        entry.removed_by, entry.removed_why,
    )  # fmt: skip


def _shown(at: int | None) -> str:
    return moment.show(at) if at is not None else ""


def offer(asked: Asked) -> Offered:
    """Return what can be chosen in the form."""
    there = asked.perform("ask.environments", scope=Scope(asked.query.org))
    names = tuple(sorted({each.name for each in there}))
    return Offered(names, KINDS, JUSTIFICATIONS, asked.principal.subject, asked.query)


def add(asked: Asked) -> str:
    """Add exceptions, or ask for them where whoever fills in the form may not add them."""
    fields: Wanted = asked.body
    if not asked.principal.may("operate"):
        subject = asked.principal.subject
        asked.perform("exceptions.propose", names=several(fields.cves), wish=_wish(fields), actor=subject)
        return done("/exceptions/asked", fields, "exception-asked")
    asked.perform("exceptions.add", names=several(fields.cves), wish=_wish(fields), actor=asked.principal.subject)
    return done("/exceptions", fields, "exception-added")


def _wish(fields: Wanted) -> Wish:
    if fields.kind not in KINDS:
        raise UsageError("nothing says what kind of exception it is", "choose an accepted risk or a false positive")
    if fields.kind == FALSE_POSITIVE and not fields.justification:
        raise UsageError("a false positive needs a justification", "choose the one that fits best")
    for name in ("owner", "reason"):
        if not getattr(fields, name).strip():
            raise UsageError(f"the {name} is missing", "whoever reads the exception later will ask for it")
    return Wish(
        kind=fields.kind,
        owner=fields.owner.strip(),
        reason=fields.reason.strip(),
        justification=fields.justification if fields.kind == FALSE_POSITIVE else "",
        organization=fields.organization.strip(),
        environment=fields.environment,
        service=fields.service.strip(),
        image=fields.image.strip(),
        packages=several(fields.packages),
        until=moment.to_come(fields.until, now()) if fields.until.strip() else None,
        on_fix=bool(fields.on_fix),
        on_kev=bool(fields.on_kev),
    )


def sure(asked: Asked) -> Sure:
    """Ask before an exception is taken back. Raise NotFound."""
    found, _ = asked.perform("exceptions.listed", every=True)
    entry = next((each.entry for each in found if each.entry.number == asked.query.number), None)
    if entry is None:
        raise NotFound(f"there is no exception {asked.query.number}", "the list of all of them shows those there were")
    said, product = entry.statement, entry.statement.products[0]
    return Sure(
        title=f"Remove the exception for {said.names[0]}",
        text="What it covers counts again, in every summary and policy. The record keeps that it stood.",
        facts=(
            ("Kind", said.kind),
            ("Organization", product.organization or "all"),
            ("Environment", product.environment or "all"),
            ("Service", product.service or "all"),
            ("Owner", said.who),
            ("Reason", said.why),
        ),
        fields={"number": str(entry.number), "org": asked.query.org},
        path="/exceptions/remove",
        button="Remove the exception",
        back=href("exceptions", org=asked.query.org),
        reason="Why it no longer holds",
    )


def remove(asked: Asked) -> str:
    """Take an exception back."""
    fields: Removal = asked.body
    if not fields.reason.strip():
        raise UsageError("the reason is missing", "say why the exception no longer holds")
    reason = fields.reason.strip()
    asked.perform("exceptions.remove", number=fields.number, actor=asked.principal.subject, reason=reason)
    return done("/exceptions", fields, "exception-removed")


_NEW = Page("/exceptions/new", "exception_new", "Exceptions", offer, New, "record")
_REMOVE = Page("/exceptions/remove", "sure", "Exceptions", sure, Which, "operate")
PAGES = (Page("/exceptions", "exceptions", "Exceptions", listed, Query, table=_table), _NEW, _REMOVE)
FORMS = (
    Form(_NEW.path, Wanted, "record", add, _NEW),
    Form(_REMOVE.path, Removal, "operate", remove, _REMOVE),
)
