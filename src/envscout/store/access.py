"""Who may what: tokens, members, whose signed word is trusted, who is logged in. Of secrets, only digests are kept."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from envscout.store.database import Connection, queries

_SQL = queries("access")


class Token(msgspec.Struct, frozen=True):
    """A token without its secret. organization: "" for the whole instance. Times in microseconds, None for not."""

    number: int
    name: str
    role: str
    organization: str
    environment: str
    created_at: int
    created_by: str
    expires: int | None = None
    used_at: int | None = None
    revoked_at: int | None = None
    revoked_by: str = ""


class Member(msgspec.Struct, frozen=True):
    """Somebody who has a role. subject: as their issuer names them, or `group:NAME`."""

    number: int
    subject: str
    role: str
    organization: str
    added_at: int
    added_by: str


class Trust(msgspec.Struct, frozen=True):
    """Whose signed word is taken: claims of an issuer, for an audience."""

    number: int
    issuer: str
    audience: str
    claims: Mapping[str, str]
    role: str
    organization: str
    environment: str
    added_at: int
    added_by: str


class Person(msgspec.Struct, frozen=True):
    """Somebody who is logged in until a moment."""

    subject: str
    email: str
    groups: tuple[str, ...]
    expires: int


def put_token(connection: Connection, token: Token, digest: bytes) -> int:
    """Keep a token's digest; return its number."""
    row = {**msgspec.structs.asdict(token), "hash": digest}
    return int(connection.execute(_SQL["put_token"], row).fetchone()[0])


def token_of(connection: Connection, digest: bytes) -> tuple[Token, bytes] | None:
    """Return the token of a digest, and the digest as it is kept."""
    row = connection.execute(_SQL["token_by_hash"], {"hash": digest}).fetchone()
    return (Token(*row[:-1]), bytes(row[-1])) if row else None


def tokens(connection: Connection, organization: str = "", number: int = 0) -> list[Token]:
    """Return the tokens of an organization, "" for all."""
    values = {"organization": organization, "number": number}
    return [Token(*row) for row in connection.execute(_SQL["tokens"], values)]


def revoke(connection: Connection, number: int, actor: str, at: int) -> None:
    """Let a token serve no more."""
    connection.execute(_SQL["revoke"], {"number": number, "actor": actor, "at": at})


def used(connection: Connection, number: int, at: int) -> None:
    """Note that a token was used."""
    connection.execute(_SQL["used"], {"number": number, "at": at})


def is_anybody(connection: Connection) -> bool:
    """Tell whether anybody was ever let in."""
    return bool(connection.execute(_SQL["anybody"]).fetchone()[0])


def put_member(connection: Connection, member: Member) -> None:
    """Keep a member; one of the same subject and organization has the new role."""
    connection.execute(_SQL["put_member"], msgspec.structs.asdict(member))


def members(connection: Connection, organization: str = "") -> list[Member]:
    """Return the members of an organization, "" for all."""
    return [Member(*row) for row in connection.execute(_SQL["members"], {"organization": organization})]


def drop_member(connection: Connection, subject: str, organization: str) -> bool:
    """Forget a member; return whether there was one."""
    row = {"subject": subject, "organization": organization}
    return connection.execute(_SQL["drop_member"], row).rowcount > 0


def memberships(connection: Connection, subjects: Iterable[str]) -> list[Member]:
    """Return what somebody is under any of some names."""
    values = {"subjects": msgspec.json.encode(list(subjects)).decode()}
    return [Member(*row) for row in connection.execute(_SQL["memberships"], values)]


def put_trust(connection: Connection, trust: Trust) -> int:
    """Keep whose word is taken; return its number."""
    row = {**msgspec.structs.asdict(trust), "claims": msgspec.json.encode(trust.claims, order="sorted").decode()}
    return int(connection.execute(_SQL["put_trust"], row).fetchone()[0])


def trusts(connection: Connection, organization: str = "", issuer: str = "") -> list[Trust]:
    """Return whose word is taken for an organization, "" for all, of an issuer, "" for any."""
    rows = connection.execute(_SQL["trusts"], {"organization": organization, "issuer": issuer})
    return [
        Trust(number, by, audience, msgspec.json.decode(claims, type=dict[str, str]), *rest)
        for number, by, audience, claims, *rest in rows
    ]


def drop_trust(connection: Connection, number: int, organization: str = "") -> bool:
    """Take nobody's word by this policy any more; return whether there was one."""
    row = {"number": number, "organization": organization}
    return connection.execute(_SQL["drop_trust"], row).rowcount > 0


def put_login(connection: Connection, login: Mapping[str, Any], at: int) -> None:
    """Keep a login that began; forget those that nobody finished."""
    connection.execute(_SQL["drop_old_logins"], {"at": at})
    connection.execute(_SQL["put_login"], login)


def take_login(connection: Connection, state: bytes, binding: bytes, at: int) -> tuple[str, str, str] | None:
    """Return nonce, verifier and target of a login that began in the same browser; it serves once."""
    values = {"hash": state, "binding": binding, "at": at}
    row = connection.execute(_SQL["take_login"], values).fetchone()
    return tuple(row) if row else None


def put_session(connection: Connection, digest: bytes, person: Person, at: int) -> None:
    """Keep that somebody is logged in; forget whose time is over."""
    connection.execute(_SQL["drop_old_sessions"], {"at": at})
    row = {**msgspec.structs.asdict(person), "groups": msgspec.json.encode(person.groups).decode(), "hash": digest}
    connection.execute(_SQL["put_session"], row)


def session(connection: Connection, digest: bytes, at: int) -> Person | None:
    """Return who is logged in."""
    row = connection.execute(_SQL["session"], {"hash": digest, "at": at}).fetchone()
    return Person(row[0], row[1], msgspec.json.decode(row[2], type=tuple[str, ...]), int(row[3])) if row else None


def drop_session(connection: Connection, digest: bytes) -> None:
    """Log somebody out."""
    connection.execute(_SQL["drop_session"], {"hash": digest})
