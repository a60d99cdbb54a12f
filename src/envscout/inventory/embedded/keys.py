"""Private keys in their textual encoding: RFC 7468, RFC 1421 (encrypted ones), RFC 4880 section 6.2 (PGP).

In JSON and in variables the ends of lines are written `\\n`, which is understood.
"""

import re
from binascii import Error, a2b_base64

from envscout.inventory.embedded.form import ANYWHERE, CHECKED, EXAMPLE, NEAR, Form

_BREAK = rb"(?:[ \t\r\n]|\\[rn])*+"
_BODY = rb"(?P<body>[A-Za-z0-9+/=\s\\]{64,20000}+)"
_ESCAPED = re.compile(rb"\\[rnt]|\s|\\")
_SECRET_KEY_TAG = 5
_MARK = b" PRIVATE KEY"
_RFC7468 = "https://www.rfc-editor.org/rfc/rfc7468"


def decoded(text: bytes) -> bytes:
    """Return the bytes of base64 text with ends of lines in it, b"" for what is none."""
    try:
        return a2b_base64(_ESCAPED.sub(b"", text))
    except Error:
        return b""


def is_der(data: bytes) -> bool:
    """Return whether bytes are one ASN.1 SEQUENCE from the first to the last (X.690, 8.1.3)."""
    if len(data) < 2 or data[0] != 0x30:
        return False
    if data[1] < 0x80:
        return data[1] + 2 == len(data)
    width = data[1] & 0x7F
    return 1 <= width <= 4 and int.from_bytes(data[2 : 2 + width], "big") + 2 + width == len(data)


def _der(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    return CHECKED if is_der(decoded(match["body"])) else EXAMPLE


def _encrypted(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    return CHECKED if decoded(match["body"]) else EXAMPLE


def _is_of_service(data: bytes, match: "re.Match[bytes]") -> bool:
    around = data[max(match.start() - NEAR, 0) : match.end() + NEAR]
    return b'"service_account"' in around and b'"private_key"' in around


def _service(data: bytes, match: "re.Match[bytes]") -> str:
    return _der(data, match) if _is_of_service(data, match) else ""


def _plain(data: bytes, match: "re.Match[bytes]") -> str:
    return "" if _is_of_service(data, match) else _der(data, match)


def _openssh(match: "re.Match[bytes]") -> tuple[bool, bool]:
    """Return whether a key is one of OpenSSH, and whether it is encrypted: its first string names the cipher."""
    magic = b"openssh-key-v1\0"
    data = decoded(match["body"])
    return data.startswith(magic), data[len(magic) :][:8] != b"\0\0\0\4none"


def _open(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    is_key, is_locked = _openssh(match)
    return "" if is_key and is_locked else CHECKED if is_key else EXAMPLE


def _locked(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    return CHECKED if all(_openssh(match)) else ""


def _pgp(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    """Look whether the first packet is a secret key (RFC 4880, 4.2 and 4.3)."""
    lines = re.split(rb"\\[rn]|[\r\n]", match["body"])
    first = next((decoded(line) for line in lines if len(line) >= 32 and b":" not in line), b"")
    tag = (first[0] & 0x3F if first[0] & 0x40 else first[0] >> 2 & 0x0F) if first[:1] >= b"\x80" else 0
    return CHECKED if tag == _SECRET_KEY_TAG else EXAMPLE


def _pem(kind: str, title: str, label: bytes, check: object = _der, source: str = _RFC7468) -> Form:
    begin, end = b"-----BEGIN " + label + b"-----", b"-----END " + label + b"-----"
    pattern = re.escape(begin) + _BREAK + _BODY + re.escape(end)
    return Form(kind, title, pattern, (begin,), _MARK, ANYWHERE, check=check, source=source)  # type: ignore[arg-type]


def _old(kind: str, title: str, label: bytes) -> Form:
    """Return the form of a key that is encrypted as RFC 1421 says."""
    begin, end = b"-----BEGIN " + label + b"-----", b"-----END " + label + b"-----"
    header = rb"Proc-Type: 4,ENCRYPTED" + _BREAK + rb"DEK-Info: [A-Z0-9-]{1,40},[0-9A-Fa-f]{1,64}"
    pattern = re.escape(begin) + _BREAK + header + _BREAK + _BODY + re.escape(end)
    source = "https://www.rfc-editor.org/rfc/rfc1421"
    return Form(f"{kind}-encrypted", f"{title}, encrypted", pattern, (begin,), b"Proc-Type: 4,ENCRYPTED", ANYWHERE,
                check=_encrypted, source=source)  # fmt: skip


_OPENSSH = "https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key"
_PGP = b"PGP PRIVATE KEY BLOCK-----"

KEYS: tuple[Form, ...] = (
    _pem("rsa-private-key", "RSA private key", b"RSA PRIVATE KEY"),
    _pem("ec-private-key", "EC private key", b"EC PRIVATE KEY"),
    _pem("dsa-private-key", "DSA private key", b"DSA PRIVATE KEY"),
    _old("rsa-private-key", "RSA private key", b"RSA PRIVATE KEY"),
    _old("ec-private-key", "EC private key", b"EC PRIVATE KEY"),
    _old("dsa-private-key", "DSA private key", b"DSA PRIVATE KEY"),
    _pem("pkcs8-private-key", "private key (PKCS #8)", b"PRIVATE KEY", _plain),
    _pem("pkcs8-private-key-encrypted", "private key (PKCS #8), encrypted", b"ENCRYPTED PRIVATE KEY"),
    _pem("google-service-account", "Google service account key", b"PRIVATE KEY", _service,
         "https://cloud.google.com/iam/docs/keys-create-delete"),
    _pem("openssh-private-key", "OpenSSH private key", b"OPENSSH PRIVATE KEY", _open, _OPENSSH),
    _pem("openssh-private-key-encrypted", "OpenSSH private key, encrypted", b"OPENSSH PRIVATE KEY", _locked, _OPENSSH),
    Form(
        "pgp-private-key", "PGP private key",
        rb"-----BEGIN " + _PGP + rb"(?P<body>[^-\0]{64,30000}+)-----END " + _PGP,
        (b"-----BEGIN " + _PGP,), _MARK, ANYWHERE, check=_pgp,
        source="https://www.rfc-editor.org/rfc/rfc4880#section-6.2",
    ),
)  # fmt: skip
"""Keys, wherever they lie."""
