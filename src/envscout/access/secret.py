"""What a token looks like, and how one is recognised by what is kept of it."""

import base64
import hashlib
import hmac
import re

PREFIX = "es_"
BYTES = 32
_FORM = re.compile(r"es_[A-Za-z0-9_-]{43}", re.ASCII)


def token(random: bytes) -> str:
    """Write 32 random bytes as a token: `es_` and base64url (RFC 4648, section 5) without padding."""
    return PREFIX + base64.urlsafe_b64encode(random).decode().rstrip("=")


def is_token(text: str) -> bool:
    """Tell whether a text has the form of a token."""
    return _FORM.fullmatch(text) is not None


def kept(text: str) -> bytes:
    """Return what is kept of a secret: its SHA-256. It is random, so that no slower digest is needed."""
    return hashlib.sha256(text.encode()).digest()


def same(one: bytes, other: bytes) -> bool:
    """Compare in a time that does not tell how much of them is alike."""
    return hmac.compare_digest(one, other)
