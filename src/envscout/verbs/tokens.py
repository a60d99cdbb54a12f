"""Tokens: make one, list them, revoke one; and whose a token is."""

import secrets

import msgspec

from envscout.access import secret
from envscout.access.naming import checked
from envscout.access.principal import Principal
from envscout.access.roles import Role
from envscout.errors import NotFound, UsageError
from envscout.store import Database, access, now
from envscout.store.access import Token

USED_EVERY = 60 * 1_000_000
"""Microseconds between two notes of when a token was used last."""


class Created(msgspec.Struct, frozen=True):
    """A token that was made. secret: what is shown now and never again."""

    token: Token
    secret: str


def create(
    database: Database,
    role: Role,
    actor: str,
    organization: str = "",
    environment: str = "",
    name: str = "",
    expires: int | None = None,
) -> Created:
    """Make a token. organization: "" for the whole instance. expires: None for never. Raise UsageError."""
    at = now()
    if expires is not None and expires <= at:
        raise UsageError("the token would have expired before it began", "choose a moment to come: --expires 90d")
    for what, text in (("organization", organization), ("environment", environment), ("token", name)):
        checked(what, text)
    shown = secret.token(secrets.token_bytes(secret.BYTES))
    token = Token(0, name, role, organization, environment, at, actor, expires)
    with database.write() as connection:
        number = access.put_token(connection, token, secret.kept(shown))
    return Created(msgspec.structs.replace(token, number=number), shown)


def listed(database: Database, organization: str = "") -> list[Token]:
    """Return the tokens of an organization, "" for all, without their secrets."""
    with database.read() as connection:
        return access.tokens(connection, organization)


def revoke(database: Database, number: int, actor: str, organization: str = "") -> Token:
    """Let a token serve no more, at once. organization: that it must be of, "" for any. Raise NotFound, UsageError."""
    with database.write() as connection:
        found = access.tokens(connection, organization, number) if number > 0 else []
        if not found:
            raise NotFound(f"there is no token {number}", "`envscout token list` shows the tokens")
        if found[0].revoked_at is not None:
            raise UsageError(f"token {number} was revoked before", "`envscout token list` says by whom")
        access.revoke(connection, number, actor, now())
        return access.tokens(connection, number=number)[0]


def holder(database: Database, text: str) -> Principal | None:
    """Return whose a token is; None for one that is none, has expired or was revoked. Notes that it was used."""
    if not secret.is_token(text):
        return None
    digest = secret.kept(text)
    with database.read() as connection:
        found = access.token_of(connection, digest)
    at = now()
    if found is None or not secret.same(found[1], digest) or not _serves(found[0], at):
        return None
    token = found[0]
    if token.used_at is None or at - token.used_at >= USED_EVERY:
        with database.write_at_once() as connection:
            if connection is not None:
                access.used(connection, token.number, at)
    subject = f"token:{token.number}:{token.name}" if token.name else f"token:{token.number}"
    return Principal(subject, _role(token), token.organization, token.environment)


def _role(token: Token) -> Role:
    return msgspec.convert(token.role, Role)  # type: ignore[no-any-return]


def _serves(token: Token, at: int) -> bool:
    return token.revoked_at is None and (token.expires is None or at < token.expires)
