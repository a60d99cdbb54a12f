"""Signed words of issuers (OpenID Connect): where their keys are, and whether a token is theirs.

https://openid.net/specs/openid-connect-discovery-1_0.html, https://www.rfc-editor.org/rfc/rfc7519,
https://www.rfc-editor.org/rfc/rfc8725
"""

import base64
import threading
import time
from collections.abc import Mapping
from typing import Any, TypeGuard
from urllib.parse import urlsplit

import msgspec

from envscout.errors import EnvscoutError, NetworkError, Unauthenticated
from envscout.network.guarded import Guard, Limits
from envscout.server.auth_browser import is_loopback
from envscout.store import now

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
MAX_TOKEN = 16_384
LEEWAY = 60
KEYS_LAST = 600.0
AGAIN = 30.0
PATIENCE = 2.0
"""Seconds to wait for what somebody else has just asked of an issuer."""
MOST_ISSUERS = 1_000
_LIMITS = Limits(connect=5.0, read=5.0, whole=10.0, size=1 << 20, redirects=2)


class Metadata(msgspec.Struct, frozen=True):
    """What an issuer says of itself."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    device_authorization_endpoint: str = ""


_Found = tuple[Metadata, list[dict[str, Any]]]


class _Known(msgspec.Struct):
    """What an issuer said last, None where it never did, or too long ago. failure: why it did not the last time.

    asked, good: when it was asked, and when it answered.
    """

    found: _Found | None = None
    failure: EnvscoutError | None = None
    asked: float = 0.0
    good: float = 0.0
    lock: Any = msgspec.field(default_factory=threading.Lock)


class Issuers:
    """The keys of issuers, kept for ten minutes; a key that is not among them is looked for at most twice a minute."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def metadata(self, issuer: str) -> Metadata:
        """Return what an issuer says of itself. Raise Unauthenticated, NetworkError."""
        return self._of(issuer, "")[0]

    def claims(self, text: str) -> Mapping[str, Any]:
        """Return the claims of a token whose issuer was found to be one that is trusted. Raise Unauthenticated."""
        header, unproved = peek(text)
        issuer = str(unproved.get("iss", ""))
        _, keys = self._of(issuer, str(header.get("kid", "")))
        claims = _proved(text, header, keys)
        _check_times(claims)
        if claims.get("iss") != unproved.get("iss"):
            raise _refused("its issuer is not the one it names")
        return claims

    def _of(self, issuer: str, kid: str) -> _Found:
        """Return what an issuer said. One that does not answer is asked as seldom, and nobody waits for another's."""
        issuer = issuer.rstrip("/")
        with self._lock:
            if len(self._known) > MOST_ISSUERS:
                self._known.clear()
            known = self._known.setdefault(issuer, _Known())
        if known.lock.acquire(timeout=PATIENCE):
            try:
                self._renew(issuer, kid, known)
            finally:
                known.lock.release()
        found = known.found
        if found is None:
            raise known.failure or NetworkError("an issuer of tokens is slow to answer", "try again later")
        return found

    def _renew(self, issuer: str, kid: str, known: _Known) -> None:
        """Ask an issuer where it is time to, and note what came of it."""
        age = time.monotonic() - known.asked if known.asked else KEYS_LAST
        is_there = known.found is not None and (not kid or any(each.get("kid") == kid for each in known.found[1]))
        if age < (KEYS_LAST if is_there and not known.failure else AGAIN):
            return
        try:
            known.found, known.failure, known.good = self._fetched(issuer), None, time.monotonic()
        except EnvscoutError as error:
            known.failure = error
            if time.monotonic() - known.good >= KEYS_LAST:
                known.found = None
        known.asked = time.monotonic()

    def _fetched(self, issuer: str) -> _Found:
        metadata = self._document(f"{issuer}/.well-known/openid-configuration", Metadata)
        if metadata.issuer.rstrip("/") != issuer:
            raise _refused("what its issuer says of itself is another issuer's")
        found = self._document(metadata.jwks_uri, dict[str, Any]).get("keys")
        return metadata, [each for each in found if isinstance(each, dict)][:100] if isinstance(found, list) else []

    def _document(self, url: str, type_: Any) -> Any:
        place = urlsplit(url)
        if place.scheme != "https" and not is_loopback(place.hostname or ""):
            raise _refused("its issuer is not asked over https")
        answer = self._guard.request("GET", url, {"Accept": "application/json"}, limits=_LIMITS)
        if answer.status != 200:
            raise _refused(f"its issuer answers {answer.status}")
        try:
            return msgspec.json.decode(answer.content, type=type_)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _refused("its issuer does not answer as OpenID Connect has it") from error


def peek(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token, nothing of which is proved. Raise Unauthenticated."""
    if len(text) > MAX_TOKEN or text.count(".") != 2:
        raise _refused("it is neither one of ours nor a signed one")
    header, claims, _ = text.split(".")
    return _part(header), _part(claims)


def _part(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=dict[str, Any])
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise _refused("it cannot be read") from error


def _proved(text: str, header: Mapping[str, Any], keys: list[dict[str, Any]]) -> Mapping[str, Any]:
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS or "crit" in header:
        raise _refused("it is not signed in a way that is taken")
    fit = [each for each in keys if kid is None or each.get("kid") == kid]
    # Keys that are for something else, or secrets, prove nothing; one without a name must be the only one.
    fit = [each for each in fit if each.get("kty") in ("RSA", "EC", "OKP") and each.get("use", "sig") == "sig"]
    if len(fit) != 1:
        raise _refused("its issuer has no such key")
    try:
        claims: dict[str, Any] = jwt.decode(text, jwk.import_key(fit[0]), algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused("its signature does not fit") from error
    return claims


def _check_times(claims: Mapping[str, Any]) -> None:
    present = now() / 1_000_000
    ends, begins, made = (claims.get(name) for name in ("exp", "nbf", "iat"))
    if not _is_number(ends) or ends <= present - LEEWAY:
        raise _refused("it has expired")
    if any(each is not None and not (_is_number(each) and each <= present + LEEWAY) for each in (begins, made)):
        raise _refused("it is not valid yet")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def audiences(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return whom a token was made for."""
    found = claims.get("aud")
    return frozenset(each for each in (found if isinstance(found, list) else [found]) if isinstance(each, str))


def _refused(why: str) -> EnvscoutError:
    return Unauthenticated(f"the token is not taken: {why}", "use another one: `envscout login`, or of your issuer")
