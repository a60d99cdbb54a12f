"""Tokens: made, and shown that once; listed without their secrets; revoked."""

from typing import Any

import msgspec

from envscout.access.roles import ROLES, Role
from envscout.errors import NotFound, UsageError
from envscout.names import moment
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.page import Form, Page, Shown, Table
from envscout.server.pages.settings import Listed, Moment, Number, Once, Part, Sure, done, once, part
from envscout.store import now
from envscout.store.access import Token
from envscout.store.deployments import Scope

ROLES_TOLD: dict[str, str] = {
    "viewer": "asks, and changes nothing",
    "recorder": "also says what runs where, and uploads what is in images",
    "watcher": "also says what was seen to run, which the gate of a cluster believes",
    "operator": "also changes policies, exceptions, feeds and notifications",
    "owner": "also changes tokens, members and trust, and reads the audit log",
}


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The form, as it is typed."""

    name: str = ""
    role: str = ""
    organization: str = ""
    environment: str = ""
    expires: str = ""
    org: str = ""


class Granting(msgspec.Struct, frozen=True):
    """What can be granted. roles: name and what it may. first: whether nobody has access yet but this machine."""

    roles: dict[str, str]
    environments: tuple[str, ...]
    first: bool


class Which(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of them."""

    number: Number = 0


class Numbered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The one that is meant."""

    number: Number = 0
    org: str = ""


def role_of(text: str) -> Role:
    """Return a role that was chosen. Raise UsageError."""
    if text not in ROLES:
        raise UsageError("nothing says what they may do", f"choose a role: {', '.join(ROLES)}")
    return msgspec.convert(text, Role)  # type: ignore[no-any-return]


def offer(asked: Asked) -> Granting:
    """Return what can be granted."""
    there = asked.perform("ask.environments", scope=Scope(asked.query.org))
    return Granting(ROLES_TOLD, tuple(sorted({each.name for each in there})), asked.principal.subject == "local")


def state(token: Token, at: int) -> str:
    """Say whether a token serves: active, expired or revoked."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires is not None and token.expires <= at else "active"


class Found(msgspec.Struct, frozen=True):
    """The list; each token with its state."""

    part: Part


def _rows(asked: Asked) -> list[tuple[Token, str]]:
    at = now()
    return [(each, state(each, at)) for each in asked.perform("tokens.listed", organization=asked.query.org)]


def _key(row: tuple[Token, str]) -> tuple[int, int]:
    """Order those that serve before the others, the newest first."""
    return int(row[1] != "active"), -row[0].number


def listed(asked: Asked) -> Found:
    """List tokens."""
    return Found(part(_rows(asked), _key, asked.query))


def _table(asked: Asked) -> Table:
    head = (
        "token", "name", "role", "organization", "environment", "state", "created_at", "created_by", "expires",
        "used_at", "revoked_at", "revoked_by",
    )  # fmt: skip
    return Table("tokens", head, (_cells(*row) for row in sorted(_rows(asked), key=_key)))


def _cells(each: Token, word: str) -> tuple[str | int, ...]:
    return (
        each.number, each.name, each.role, each.organization, each.environment, word, moment.show(each.created_at),
        each.created_by, _shown(each.expires), _shown(each.used_at), _shown(each.revoked_at), each.revoked_by,
    )  # fmt: skip


def _shown(at: int | None) -> str:
    return moment.show(at) if at is not None else ""


def create(asked: Asked) -> Shown:
    """Make a token, and show it."""
    fields: Wanted = asked.body
    made: Any = asked.perform(
        "tokens.create",
        role=role_of(fields.role),
        actor=asked.principal.subject,
        organization=fields.organization.strip(),
        environment=fields.environment.strip(),
        name=fields.name.strip(),
        expires=moment.to_come(fields.expires, now()) if fields.expires.strip() else None,
    )
    is_first = asked.principal.subject == "local"
    return once(
        "Access",
        Once(
            title=f"Token {made.token.number} was made",
            text="Copy it now. It is not kept, and cannot be shown again.",
            label="Token",
            secret=made.secret,
            usage=(
                "From now on this server asks everybody for a token: log in with this one."
                if is_first
                else "A pipeline takes it as ENVSCOUT_TOKEN; a person logs in with it."
            ),
            back=href("login", "token", next="/access") if is_first else href("access", org=fields.org),
        ),
    )


def sure(asked: Asked) -> Sure:
    """Ask before a token is revoked. Raise NotFound."""
    number = asked.query.number
    found = next((each for each, _ in _rows(asked) if each.number == number), None)
    if found is None:
        raise NotFound(f"there is no token {number}", "the list of tokens shows them")
    is_own = asked.principal.subject.split(":")[:2] == ["token", str(number)]
    return Sure(
        title=f"Revoke token {number}",
        text=(
            "It is the token that you are using: you are logged out by that."
            if is_own
            else "Whoever uses it is let in no more, within two seconds. That cannot be undone."
        ),
        facts=(
            ("Name", found.name),
            ("Role", found.role),
            ("Organization", found.organization or "the whole instance"),
            ("Environment", found.environment or "all"),
            ("Last used", _shown(found.used_at) or "never"),
        ),
        fields={"number": str(number), "org": asked.query.org},
        path="/access/tokens/revoke",
        button="Revoke the token",
        back=href("access", org=asked.query.org),
    )


def revoke(asked: Asked) -> str:
    """Let a token serve no more."""
    asked.perform("tokens.revoke", number=asked.body.number, actor=asked.principal.subject)
    return done("/access", asked.body, "revoked")


_NEW = Page("/access/tokens/new", "token_new", "Access", offer, Moment, "own")
_REVOKE = Page("/access/tokens/revoke", "sure", "Access", sure, Which, "own")
PAGES = (Page("/access", "tokens", "Access", listed, Listed, "own", _table), _NEW, _REVOKE)
FORMS = (
    Form(_NEW.path, Wanted, "own", create, _NEW),
    Form(_REVOKE.path, Numbered, "own", revoke, _REVOKE),
)
