"""What of a token can be checked without asking whoever gave it out."""

import re
from base64 import urlsafe_b64decode
from binascii import Error
from zlib import crc32

import msgspec

from envscout.inventory.embedded.form import CHECKED, EXAMPLE, LIKELY, Form
from envscout.inventory.embedded.keys import decoded

_DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIR = 512
_AWS_SECRET = re.compile(rb"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_HEX = re.compile(rb"(?<![0-9a-zA-Z])[0-9a-f]{32}(?![0-9a-zA-Z])")
_KEY = re.compile(rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")


def secret(match: "re.Match[bytes]") -> bytes:
    """Return the secret part of a match."""
    return match["s"] if "s" in match.re.groupindex else match[0]


def checksum(text: bytes) -> bytes:
    """Return the CRC-32 of text in six digits to the base 62, as GitHub and npm end their tokens."""
    number, digits = crc32(text), bytearray()
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return bytes(reversed(digits))


def summed(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    """Tell by the checksum that the last six characters are; a token with a wrong one was never given out."""
    body = match["body"]
    return CHECKED if checksum(body[:-6]) == body[-6:] else EXAMPLE


def beside_aws_secret(data: bytes, match: "re.Match[bytes]") -> str:
    """Look for a secret access key near the id of an access key, which tells nothing alone."""
    around = data[max(match.start() - _PAIR, 0) : match.end() + _PAIR]
    return LIKELY if any(_is_mixed(found[0]) for found in _AWS_SECRET.finditer(around)) else ""


def _is_mixed(text: bytes) -> bool:
    """Return whether forty characters look drawn by lot: no path, no word, no hexadecimal digest."""
    each = text.decode("ascii")
    kinds = (sum(map(kind, each)) for kind in (str.isdigit, str.isupper, str.islower))
    return all(count >= 3 for count in kinds) and each.count("/") <= 5


def beside_twilio_token(data: bytes, match: "re.Match[bytes]") -> str:
    """Look for an auth token near the id of an account."""
    around = data[max(match.start() - _PAIR, 0) : match.end() + _PAIR]
    return LIKELY if b"twilio" in around.lower() and _HEX.search(around) else ""


def docker_auth(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    """Decode `user:password`."""
    name, colon, password = decoded(secret(match)).partition(b":")
    return CHECKED if name and colon and password and name.isascii() else ""


def key_inside(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    """Decode a private key."""
    return CHECKED if _KEY.match(decoded(secret(match))) else ""


def pypi(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    """Read the beginning of a macaroon (version 2): whether its place is PyPI or its test site, in base64."""
    return CHECKED if match["body"].startswith((b"AgEIcHlwaS5vcm", b"AgENdGVzdC5weXBpLm9yZ")) else EXAMPLE


class _Header(msgspec.Struct):
    alg: str


def jwt(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    """Decode the header; what nobody signed lets nobody in."""
    head = match["head"]
    try:
        header = msgspec.json.decode(urlsafe_b64decode(head + b"=" * (-len(head) % 4)), type=_Header)
    except (Error, msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return "" if header.alg.lower() == "none" else LIKELY


_MEANT = re.compile(rb"^(?:[$%{<\[*@/]|file:|https?:|(?:true|false|none|null|yes|no|on|off|disabled|enabled)$)", re.I)


def given(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    """Leave out what stands for a secret: a variable to be filled in, a path, a switch."""
    text = secret(match).strip(b"\"'")
    return "" if not text or _MEANT.match(text) else LIKELY


def is_made_up(form: Form, text: bytes) -> bool:
    """Return whether a text says itself that it is none: by the words in it, or by being too regular."""
    if text in _KNOWN:
        return True
    low = text.lower()
    if form.chosen:
        return low.strip(b"\"'") in _PASSWORDS or any(word in low for word in _WORDS) or len(set(low)) < 3
    if b"private key" in low:
        return False
    rest = low[form.public :]
    return any(word in rest for word in _WORDS) or len(set(rest)) < min(8, len(rest) // 2) or _RUN in rest


_RUN = b"123456789"
_WORDS = (b"example", b"changeme", b"change_me", b"change-me", b"placeholder", b"your_", b"your-", b"xxxxx", b"dummy_",
          b"redacted", b"insert_", b"replace")  # fmt: skip
_PASSWORDS = frozenset(
    b"password pass passwd pwd secret pw pwd1 p test tests testing foo bar baz foobar admin user username root guest "
    b"abc abc123 123 1234 12345 123456 hunter2 letmein token mypassword mypass my-password my_password userpass "
    b"secretpassword passw0rd p@ssw0rd s3cret s3cr3t qwerty default".split()
)
# Azurite and the storage emulator: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
_KNOWN = frozenset({
    b"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    b"AKIAIOSFODNN7EXAMPLE",
})  # fmt: skip
