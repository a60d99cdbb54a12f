"""Members: people and groups, as their issuer names them, and the role that each has."""

import msgspec

from envscout.access.naming import checked
from envscout.access.principal import Principal
from envscout.access.roles import ROLES, Role
from envscout.errors import NotFound, SeveralOrganizations, UsageError
from envscout.store import Database, access, now
from envscout.store.access import Member

_GROUP = "group:"


def add(database: Database, subject: str, role: Role, actor: str, organization: str = "") -> Member:
    """Give somebody a role in an organization, "" for the whole instance; it replaces the one they had."""
    if not checked("member", subject):
        raise UsageError("nobody is named", "name an e-mail address, a subject, or group:NAME")
    checked("organization", organization)
    with database.write() as connection:
        access.put_member(connection, Member(0, subject, role, organization, now(), actor))
        return next(
            each
            for each in access.memberships(connection, [subject])
            if each.organization == organization and each.subject == subject
        )


def listed(database: Database, organization: str = "") -> list[Member]:
    """Return the members of an organization, "" for all."""
    with database.read() as connection:
        return access.members(connection, organization)


def remove(database: Database, subject: str, organization: str = "") -> None:
    """Take somebody's role in an organization, "" for that in the whole instance. Raise NotFound."""
    with database.write() as connection:
        if not access.drop_member(connection, subject, organization):
            raise NotFound(
                f"{subject[:200]} is no member of {organization or 'the whole instance'}", "`envscout member list`"
            )


def standing(database: Database, person: access.Person, organization: str = "") -> Principal | None:
    """Return as whom somebody asks, None for who is no member. organization: that they named, "" for none.

    They must name one where several have them as a member: whoever owns one could else draw what others' people say to
    themselves. What holds for the whole instance comes first. Raise SeveralOrganizations.
    """
    with database.read() as connection:
        found = access.memberships(connection, _names(person))
    at = [each for each in found if organization in ("", each.organization) or each.organization == ""]
    if not at:
        return None
    names = sorted({each.organization for each in at})
    if len(names) > 1 and names[0]:
        raise SeveralOrganizations(tuple(names))
    best = max(at, key=lambda each: (each.organization == "", len(ROLES[_role(each)]), -each.number))
    return Principal(f"oidc:{person.email or person.subject}", _role(best), best.organization or organization)


def _names(person: access.Person) -> list[str]:
    """Return the names that somebody may be a member under.

    A subject that looks like an address or a group is none: at some issuers people choose it, and nobody verified it.
    """
    subject = person.subject if "@" not in person.subject and not person.subject.startswith(_GROUP) else ""
    return [each for each in (subject, person.email, *(f"{_GROUP}{each}" for each in person.groups)) if each]


def _role(member: Member) -> Role:
    return msgspec.convert(member.role, Role)  # type: ignore[no-any-return]
