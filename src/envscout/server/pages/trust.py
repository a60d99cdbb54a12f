"""Trust policies: whose signed word lets a pipeline in, so that it needs no stored secret."""

import msgspec

from envscout.access.claims import parse
from envscout.errors import NotFound, UsageError
from envscout.names import moment
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.page import Form, Page, Table
from envscout.server.pages.settings import Listed, Moment, Part, Sure, done, part
from envscout.server.pages.tokens import Numbered, Which, offer, role_of
from envscout.store.access import Trust


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The form, as it is typed. claims: one NAME=PATTERN to a line."""

    issuer: str = ""
    audience: str = ""
    claims: str = ""
    role: str = ""
    organization: str = ""
    environment: str = ""
    org: str = ""


def _rows(asked: Asked) -> list[Trust]:
    found: list[Trust] = asked.perform("trust.listed", organization=asked.query.org)
    return found


def _key(each: Trust) -> tuple[int]:
    return (each.number,)


def claims(each: Trust) -> tuple[str, ...]:
    """Return what the signed word must say, as it was written."""
    return tuple(f"{name}={pattern}" for name, pattern in each.claims.items())


def listed(asked: Asked) -> Part:
    """List trust policies."""
    return part(_rows(asked), _key, asked.query)


def _table(asked: Asked) -> Table:
    head = ("trust", "issuer", "audience", "claims", "role", "organization", "environment", "added_at", "added_by")
    rows = (
        (
            each.number, each.issuer, each.audience, " ".join(claims(each)), each.role, each.organization,
            each.environment, moment.show(each.added_at), each.added_by,
        )
        for each in sorted(_rows(asked), key=_key)
    )  # fmt: skip
    return Table("trust", head, rows)


def add(asked: Asked) -> str:
    """Take an issuer's word."""
    fields: Wanted = asked.body
    lines = [each.strip() for each in fields.claims.split("\n") if each.strip()]
    if not lines:
        raise UsageError("no claim is named", "say whom to let in: repository=acme/*")
    asked.perform(
        "trust.add",
        issuer=fields.issuer.strip(),
        audience=fields.audience.strip(),
        claims=dict(map(parse, lines)),
        role=role_of(fields.role),
        actor=asked.principal.subject,
        organization=fields.organization.strip(),
        environment=fields.environment.strip(),
    )
    return done("/access/trust", fields, "trust-added")


def sure(asked: Asked) -> Sure:
    """Ask before a word is taken no more. Raise NotFound."""
    found = next((each for each in _rows(asked) if each.number == asked.query.number), None)
    if found is None:
        raise NotFound(f"there is no trust policy {asked.query.number}", "the list of trust policies shows them")
    return Sure(
        title=f"Remove trust policy {found.number}",
        text="Pipelines that it lets in are refused from then on.",
        facts=(
            ("Issuer", found.issuer),
            ("Audience", found.audience),
            ("Claims", ", ".join(claims(found))),
            ("Role", found.role),
            ("Organization", found.organization or "the whole instance"),
            ("Environment", found.environment or "all"),
        ),
        fields={"number": str(found.number), "org": asked.query.org},
        path="/access/trust/remove",
        button="Remove the trust policy",
        back=href("access", "trust", org=asked.query.org),
    )


def remove(asked: Asked) -> str:
    """Take an issuer's word no more."""
    asked.perform("trust.remove", number=asked.body.number)
    return done("/access/trust", asked.body, "trust-removed")


_NEW = Page("/access/trust/new", "trust_new", "Access", offer, Moment, "own")
_REMOVE = Page("/access/trust/remove", "sure", "Access", sure, Which, "own")
PAGES = (Page("/access/trust", "trust", "Access", listed, Listed, "own", _table), _NEW, _REMOVE)
FORMS = (
    Form(_NEW.path, Wanted, "own", add, _NEW),
    Form(_REMOVE.path, Numbered, "own", remove, _REMOVE),
)
