"""Who asks: every request comes through here, and goes on as somebody or not at all."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import Request, Response
from litestar.concurrency import sync_to_thread
from litestar.types import ASGIApp, Receive, Scope, Send

from envscout.access import secret
from envscout.access.principal import Principal
from envscout.errors import EnvscoutError, NetworkError, Unauthenticated
from envscout.network.addresses import Allowed
from envscout.network.guarded import Guard
from envscout.server import auth_browser
from envscout.server.auth_issuers import Issuers, audiences, peek
from envscout.server.auth_pace import Pace
from envscout.server.rates import DOOR, EXEMPT, Rates
from envscout.server.stores import Stores
from envscout.store import access
from envscout.verbs import members, tokens, trust

SECONDS = 2.0
"""How long a token that was revoked may still serve, in a process that has just seen it."""

LOCAL = Principal("local", "owner")
"""Who asks an open server: whoever can reach it, which is this machine alone."""

COOKIE = "__Host-envscout"
TOKEN_COOKIE = "__Host-envscout-token"  # noqa: S105
"""Holds the token of who logged in with one."""
CHOSEN_COOKIE = "__Host-envscout-organization"
"""Holds which organization a person with several of them meant last."""
ORGANIZATION = "x-envscout-organization"
OPEN_PATHS = frozenset(
    {
        "/healthz",
        "/readyz",
        "/schema",
        "/login",
        "/login/done",
        "/login/token",
        "/login/organization",
        "/logout",
        "/api/v1/login",
    }
)
"""What anybody may ask: it tells nothing of anybody's."""
STATIC = "/static/"

Refused = Callable[[Request[Any, Any, Any], Exception], Response[bytes]]

_MOST_KNOWN = 10_000
MAX_NAME = 200


class Door(msgspec.Struct, frozen=True):
    """How a server lets people in. is_open: whether this machine may ask before anybody has a token.

    proxies: networks of those who say for whom they ask. metrics_open: whether anybody may read the metrics.
    requests_per_second: of one principal, and of one address; 0: any number.
    issuer, client_id, client_secret: of the issuer through which people log in. public_url: where they reach us.
    """

    is_open: bool = True
    permitted: Allowed = Allowed()
    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    public_url: str = ""
    proxies: str = ""
    metrics_open: bool = False
    requests_per_second: int = 0


class Doorkeeper:
    """Makes out who asks. What is kept of that is for two seconds, and in this process alone."""

    def __init__(self, stores: Stores, door: Door) -> None:
        self.stores, self.door = stores, door
        self.guard = Guard(door.permitted)
        self.issuers = Issuers(self.guard)
        self._pace = Pace()
        self._rates = Rates(door.requests_per_second)
        self._known: dict[bytes, tuple[Principal, float]] = {}
        self._asked = 0.0
        self._is_anybody = False
        self._lock = threading.Lock()

    def principal(self, method: str, headers: Mapping[str, str], client: str) -> Principal:
        """Return who asks. Raise Unauthenticated, NotAllowed, TooManyRequests."""
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if text and scheme.lower() == "bearer":
            return self.holder(text.strip(), client, headers.get(ORGANIZATION, ""))
        if scheme:
            raise Unauthenticated("this way to say who asks is not known", "send Authorization: Bearer TOKEN")
        held = cookies(headers)
        if COOKIE in held or TOKEN_COOKIE in held:
            auth_browser.check_session(method, headers)
            organization = headers.get(ORGANIZATION, "") or unquote(held.get(CHOSEN_COOKIE, ""))[:MAX_NAME]
            if COOKIE in held:
                return self._person(held[COOKIE], organization)
            return self.holder(held[TOKEN_COOKIE], client, organization)
        if self.door.is_open and not self.is_anybody():
            auth_browser.check_open(headers)
            return LOCAL
        raise Unauthenticated(
            "the server does not know who asks", "`envscout login`, or send Authorization: Bearer TOKEN"
        )

    def recent(self, headers: Mapping[str, str]) -> Principal | None:
        """Return who asks if that was made out just before, None where that has to be asked. Raise NotAllowed."""
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if text and scheme.lower() == "bearer":
            return self._remembered(_digest(text.strip(), headers.get(ORGANIZATION, "")))
        is_nobody = self.door.is_open and not self._is_anybody and time.monotonic() - self._asked <= SECONDS
        if is_nobody and not scheme and not {COOKIE, TOKEN_COOKIE} & cookies(headers).keys():
            auth_browser.check_open(headers)
            return LOCAL
        return None

    def let(self, path: str, asker: str) -> None:
        """Count a request of a principal, or from an address. Raise TooManyRequests."""
        if path not in EXEMPT and not path.startswith(DOOR):
            self._rates.take(asker)

    def is_anybody(self) -> bool:
        """Tell whether anybody was ever given a token, a role or trust: then nobody comes in without."""
        if not self._is_anybody and time.monotonic() - self._asked > SECONDS:
            with self.stores.open() as database, database.read() as connection:
                self._is_anybody = access.is_anybody(connection)
            self._asked = time.monotonic()
        return self._is_anybody

    def holder(self, text: str, client: str, organization: str = "") -> Principal:
        """Return whose token it is. Raise Unauthenticated, TooManyRequests."""
        digest = _digest(text, organization)
        known = self._remembered(digest)
        if known is not None:
            return known
        try:
            found = self._token(text) if text.startswith(secret.PREFIX) else self._signed(text, organization)
        except Unauthenticated:
            # Whoever has a valid token comes in, whatever others from the same address try.
            self._pace.check(client)
            self._pace.failed(client)
            raise
        with self._lock:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[digest] = (found, time.monotonic() + SECONDS)
        return found

    def _remembered(self, digest: bytes) -> Principal | None:
        known = self._known.get(digest)
        return known[0] if known is not None and known[1] > time.monotonic() else None

    def _token(self, text: str) -> Principal:
        with self.stores.open() as database:
            found = tokens.holder(database, text)
        if found is None:
            raise Unauthenticated("the token is not known, has expired or was revoked", "ask an owner for another one")
        return found

    def _signed(self, text: str, organization: str) -> Principal:
        _, unproved = peek(text)
        issuer = str(unproved.get("iss", "")).rstrip("/")
        with self.stores.open() as database:
            policies = trust.policies(database, issuer)
        is_people = bool(issuer) and issuer == self.door.issuer
        if not policies and not is_people:
            raise Unauthenticated("nobody here trusts the issuer of the token", "`envscout trust add` does")
        try:
            claims = self.issuers.claims(text)
        except NetworkError as error:
            raise Unauthenticated(f"the issuer of the token cannot be asked: {error.cause}", error.next_step) from error
        meant = audiences(claims)
        found = trust.standing(policies, claims, meant, organization)
        if found is None and is_people and self.door.client_id in meant:
            found = self._standing(person(claims), organization)
        if found is None:
            raise Unauthenticated("no trust policy fits the token", "compare its claims with `envscout trust list`")
        return found

    def _person(self, cookie: str, organization: str) -> Principal:
        from envscout.store import now

        with self.stores.open() as database, database.read() as connection:
            found = access.session(connection, secret.kept(cookie), now())
        if found is None:
            raise Unauthenticated("you are not logged in any more", "log in again: /login")
        standing = self._standing(found, organization)
        if standing is None:
            raise Unauthenticated(
                f"{found.email or found.subject} is no member here", "ask an owner: envscout member add"
            )
        return standing

    def _standing(self, found: access.Person, organization: str) -> Principal | None:
        with self.stores.open() as database:
            return members.standing(database, found, organization)


def _digest(text: str, organization: str) -> bytes:
    return secret.kept(f"{organization}\n{text}")


def person(claims: Mapping[str, Any], expires: int = 0) -> access.Person:
    """Return whom an issuer speaks of. An e-mail address counts where the issuer has verified it."""
    groups = claims.get("groups")
    email = claims.get("email") if claims.get("email_verified") is True else ""
    return access.Person(
        str(claims.get("sub", "")),
        str(email or "")[:200],
        tuple(each for each in groups if isinstance(each, str))[:1_000] if isinstance(groups, list) else (),
        expires,
    )


def cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the cookies of a request."""
    pairs = (each.strip().partition("=") for each in headers.get("cookie", "")[:8_192].split(";"))
    return {name: value for name, _, value in pairs if name}


def guarded(app: ASGIApp, keeper: Doorkeeper, refused: Refused) -> ASGIApp:
    """Let nothing through to an application but as somebody. refused: what others are told."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        path, client = scope["path"], str((scope.get("client") or ("",))[0])
        is_open = path in OPEN_PATHS or path.startswith(STATIC) or (path == "/metrics" and keeper.door.metrics_open)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            keeper.let(path, f"from {client}")
            if not is_open:
                again = partial(keeper.principal, str(scope.get("method", "")), headers, client)
                # Whoever asked a moment ago does not wait for a thread to be told so.
                who = keeper.recent(headers)
                if who is None:
                    who = await sync_to_thread(again)
                keeper.let(path, f"as {who.organization}/{who.environment}/{who.subject}")
                scope["user"] = who
                scope["again"] = again  # type: ignore[typeddict-unknown-key]
        except EnvscoutError as error:
            request: Request[Any, Any, Any] = Request(scope, receive, send)
            answer = refused(request, error).to_asgi_response(None, request)
            await answer(scope, receive, send)
            return
        await app(scope, receive, send)

    return handle
