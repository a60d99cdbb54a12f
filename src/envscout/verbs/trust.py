"""Trust: whose signed word lets a machine in without a secret of ours."""

from collections.abc import Mapping

import msgspec

from envscout.access import claims as rules
from envscout.access.naming import checked
from envscout.access.principal import Principal
from envscout.access.roles import ROLES, Role
from envscout.errors import NotFound, Unauthenticated, UsageError
from envscout.store import Database, access, now
from envscout.store.access import Trust

MAX_ADDRESS = 500


def add(
    database: Database,
    issuer: str,
    audience: str,
    claims: Mapping[str, str],
    role: Role,
    actor: str,
    organization: str = "",
    environment: str = "",
) -> Trust:
    """Take the word of an issuer where all claims fit. claims: name -> pattern with stars. Raise UsageError."""
    issuer = issuer.rstrip("/")
    if not issuer.startswith(("https://", "http://")) or len(issuer) > MAX_ADDRESS or not issuer.isprintable():
        raise UsageError(f"{issuer[:80]!r} is no issuer", "name its https address, as its tokens name it (iss)")
    if not checked("audience", audience):
        raise UsageError("no audience is named", "name what the tokens are made for: --audience envscout")
    if not 0 < len(claims) <= rules.MAX_CLAIMS:
        raise UsageError("no claim is named" if not claims else "too many claims", "--claim repository=acme/*")
    for what, text in (("organization", organization), ("environment", environment)):
        checked(what, text)
    read = dict(rules.parse(f"{name}={pattern}") for name, pattern in claims.items())
    trust = Trust(0, issuer, audience, read, role, organization, environment, now(), actor)
    with database.write() as connection:
        return msgspec.structs.replace(trust, number=access.put_trust(connection, trust))


def listed(database: Database, organization: str = "") -> list[Trust]:
    """Return whose word is taken for an organization, "" for all."""
    with database.read() as connection:
        return access.trusts(connection, organization)


def remove(database: Database, number: int, organization: str = "") -> None:
    """Take a word no more. organization: that the policy must be of, "" for any. Raise NotFound."""
    with database.write() as connection:
        if not access.drop_trust(connection, number, organization):
            raise NotFound(f"there is no trust policy {number}", "`envscout trust list` shows them")


def policies(database: Database, issuer: str) -> list[Trust]:
    """Return the policies for an issuer."""
    with database.read() as connection:
        return access.trusts(connection, issuer=issuer) if issuer else []


def standing(
    found: list[Trust], claims: Mapping[str, object], audiences: frozenset[str], organization: str = ""
) -> Principal | None:
    """Return as whom a machine asks, by the strongest policy that its claims fit; None if there is none.

    organization: as whose machine it asks. It must say so where policies of several fit: nobody could else be kept from
    drawing others' machines to themselves. Raise Unauthenticated.
    """
    fits = [each for each in found if each.audience in audiences and rules.fit(each.claims, claims)]
    fits = [each for each in fits if organization in ("", each.organization)]
    if not fits:
        return None
    if len({each.organization for each in fits}) > 1:
        raise Unauthenticated(
            "several organizations trust this token", "say which one is meant: X-Envscout-Organization: NAME"
        )
    best = max(fits, key=lambda each: (len(ROLES[_role(each)]), -each.number))
    subject = f"oidc:{best.issuer.partition('://')[2]}:{str(claims.get('sub', ''))[:300]}"
    return Principal(subject, _role(best), best.organization, best.environment)


def _role(trust: Trust) -> Role:
    return msgspec.convert(trust.role, Role)  # type: ignore[no-any-return]
