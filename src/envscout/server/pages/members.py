"""Members: people and groups as their issuer names them, and the role that each has."""

import msgspec

from envscout.errors import NotFound
from envscout.names import moment
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.page import Form, Page, Table
from envscout.server.pages.settings import Listed, Moment, Org, Part, Sure, Word, done, part
from envscout.server.pages.tokens import offer, role_of
from envscout.store.access import Member


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The form, as it is typed."""

    subject: str = ""
    role: str = ""
    organization: str = ""
    org: str = ""


class Which(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of them."""

    subject: Word = ""
    organization: Org = ""


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The one that is meant."""

    subject: str = ""
    organization: str = ""
    org: str = ""


def _rows(asked: Asked) -> list[Member]:
    found: list[Member] = asked.perform("members.listed", organization=asked.query.org)
    return found


def _key(each: Member) -> tuple[str, str]:
    return each.subject, each.organization


def listed(asked: Asked) -> Part:
    """List members."""
    return part(_rows(asked), _key, asked.query)


def _table(asked: Asked) -> Table:
    rows = (
        (each.subject, each.role, each.organization, moment.show(each.added_at), each.added_by)
        for each in sorted(_rows(asked), key=_key)
    )
    return Table("members", ("member", "role", "organization", "added_at", "added_by"), rows)


def add(asked: Asked) -> str:
    """Give somebody a role."""
    fields: Wanted = asked.body
    asked.perform(
        "members.add",
        subject=fields.subject.strip(),
        role=role_of(fields.role),
        actor=asked.principal.subject,
        organization=fields.organization.strip(),
    )
    return done("/access/members", fields, "member-added")


def sure(asked: Asked) -> Sure:
    """Ask before somebody loses a role. Raise NotFound."""
    wanted = (asked.query.subject, asked.query.organization)
    found = next((each for each in _rows(asked) if _key(each) == wanted), None)
    if found is None:
        raise NotFound(f"{wanted[0][:200] or 'nobody'} is no member there", "the list of members shows them")
    return Sure(
        title=f"Remove {found.subject}",
        text="They are let in no more, unless they are a member under another name, or of a group.",
        facts=(("Role", found.role), ("Organization", found.organization or "the whole instance")),
        fields={"subject": found.subject, "organization": found.organization, "org": asked.query.org},
        path="/access/members/remove",
        button="Remove the member",
        back=href("access", "members", org=asked.query.org),
    )


def remove(asked: Asked) -> str:
    """Take somebody's role."""
    asked.perform("members.remove", subject=asked.body.subject, organization=asked.body.organization)
    return done("/access/members", asked.body, "member-removed")


_NEW = Page("/access/members/new", "member_new", "Access", offer, Moment, "own")
_REMOVE = Page("/access/members/remove", "sure", "Access", sure, Which, "own")
PAGES = (Page("/access/members", "members", "Access", listed, Listed, "own", _table), _NEW, _REMOVE)
FORMS = (
    Form(_NEW.path, Wanted, "own", add, _NEW),
    Form(_REMOVE.path, Named, "own", remove, _REMOVE),
)
