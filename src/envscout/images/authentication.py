"""Answering a registry that asks who we are: passwords (Basic) and tokens (Bearer).

Rules: RFC 9110, 11.6.1; Docker's "Token Authentication Specification" and "OAuth2 Token Authentication"
(https://distribution.github.io/distribution/spec/auth/). Nothing here opens a connection.
"""

import base64
import re
from collections.abc import Callable
from urllib.parse import urlencode

import msgspec

from envscout.errors import SourceError
from envscout.images.credentials import Credentials

# Sends method, address, headers and form; returns the body of a good answer, or raises.
Ask = Callable[[str, str, dict[str, str], dict[str, str] | None], bytes]

_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_WHO = "Ask who runs the registry."


class _Answer(msgspec.Struct, frozen=True):
    token: str = ""
    access_token: str = ""


class Challenge(msgspec.Struct, frozen=True):
    """What a registry asks: a scheme in lower case, and its parameters."""

    scheme: str
    parameters: dict[str, str]


def parse(header: str) -> Challenge:
    """Return the challenge of a WWW-Authenticate header; its first one, where there are several."""
    scheme, _, rest = header.strip().partition(" ")
    found = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
    return Challenge(scheme.lower(), found)


def basic(known: Credentials) -> str:
    """Return the value of an Authorization header for a name and a password."""
    return "Basic " + base64.b64encode(f"{known.username}:{known.password}".encode()).decode("ascii")


def bearer(challenge: Challenge, known: Credentials, realm: str, ask: Ask) -> str:
    """Return the value of an Authorization header with a token fetched from the realm.

    realm: the challenge's address, made absolute and found safe: it learns who we are. Raises SourceError.
    """
    asked: dict[str, str] = {
        key: challenge.parameters[key] for key in ("service", "scope") if key in challenge.parameters
    }
    if known.identity_token:
        form = {**asked, "grant_type": "refresh_token", "refresh_token": known.identity_token, "client_id": "envscout"}
        body = ask("POST", realm, {}, form)
    else:
        headers: dict[str, str] = {"Authorization": basic(known)} if known.username else {}
        body = ask("GET", f"{realm}{'&' if '?' in realm else '?'}{urlencode(asked)}", headers, None)
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{realm} sends no token: {error}.", _WHO) from error
    token = answer.token or answer.access_token
    if not token or not token.isascii() or not token.isprintable():
        raise SourceError(f"{realm} sends no token.", _WHO)
    return f"Bearer {token}"
