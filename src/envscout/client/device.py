"""Log in with a browser on any machine: a code is shown, a person types it in there, and a token comes back here.

The device authorization grant: https://www.rfc-editor.org/rfc/rfc8628
"""

import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from envscout.client.transport import Answer, Transport, Way
from envscout.errors import EnvscoutError, Unauthenticated

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = "openid email profile"
LEAST, MOST, SLOWER = 1, 60, 5
"""Seconds between two questions, and by how many more when the issuer asks for it."""
LONGEST = 1_800
"""Seconds that a person has at most."""

S = TypeVar("S", bound=msgspec.Struct)


class Offered(msgspec.Struct, frozen=True):
    """How a server lets people in."""

    issuer: str
    client_id: str
    device_authorization_endpoint: str = ""
    token_endpoint: str = ""


class Begun(msgspec.Struct, frozen=True):
    """A login that waits for a person. Seconds: expires_in, interval."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    expires_in: int = LONGEST
    interval: int = SLOWER


class _Granted(msgspec.Struct, frozen=True):
    id_token: str


class _Refused(msgspec.Struct, frozen=True):
    error: str = ""


def offered(way: Way) -> Offered | None:
    """Return how a server lets people in from here, None where it takes tokens alone. Raise EnvscoutError."""
    transport = Transport(way)
    try:
        answer = transport.send("GET", "/api/v1/login", b"", {"Accept": "application/json"})
    finally:
        transport.close()
    found = _read(answer, Offered) if answer.status == 200 else None
    return found if found and found.device_authorization_endpoint and found.token_endpoint else None


def begun(offer: Offered) -> Begun:
    """Begin a login at the issuer. Raise EnvscoutError."""
    form = {"client_id": offer.client_id, "scope": SCOPES}
    return _read(_asked(offer.device_authorization_endpoint, form), Begun)


def token(
    offer: Offered,
    login: Begun,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Wait until the person has logged in; return its token. Raise Unauthenticated, EnvscoutError."""
    form = {"grant_type": GRANT, "device_code": login.device_code, "client_id": offer.client_id}
    end = clock() + min(login.expires_in, LONGEST)
    wait = min(max(login.interval, LEAST), MOST)
    while clock() < end:
        sleep(wait)
        answer = _asked(offer.token_endpoint, form)
        if answer.status == 200:
            return _read(answer, _Granted).id_token
        why = _why(answer)
        if why not in ("authorization_pending", "slow_down"):
            raise Unauthenticated(f"the issuer let nobody in: {why[:100] or answer.status}", "log in again")
        wait = min(wait + (SLOWER if why == "slow_down" else 0), MOST)
    raise Unauthenticated("nobody logged in within the time that the issuer gives", "log in again")


def _asked(endpoint: str, form: dict[str, str]) -> Answer:
    """Send a form to an issuer, which never sees a token of ours: https, or this machine."""
    transport = Transport(Way(endpoint))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        return transport.send("POST", "", urlencode(form).encode(), headers)
    finally:
        transport.close()


def _read(answer: Answer, type_: type[S]) -> S:
    try:
        return msgspec.json.decode(answer.body, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EnvscoutError(
            "the issuer does not answer as RFC 8628 has it", "check that it lets devices in, or use --token-stdin"
        ) from error


def _why(answer: Answer) -> str:
    try:
        return msgspec.json.decode(answer.body, type=_Refused).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
