"""Debian's order: deb-version(7) and Debian Policy 5.6.12 (also Ubuntu).

    key  = NUM(epoch) part(upstream) part(revision)
    part = (nondigits NUM)* 02        a missing number is 0, a missing revision is "0"

In nondigits `~` is 01, letters are 80..B3 and everything else B4 and up, so that
`~` < end of part < number < letters < other characters.
"""

import re

from envscout.versions.alphabet import NUMBER, ZERO, Memo, number

_END = b"\x02"
_DIGITS = frozenset("0123456789")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_OTHERS = "".join(chr(byte) for byte in range(128) if not chr(byte).isalnum() and chr(byte) != "~")
_ORDER = {"~": 0x01} | {char: 0x80 + rank for rank, char in enumerate(_LETTERS + _OTHERS)}
_TOKENS = re.compile(r"[0-9]+|[^0-9]+").findall


def _code(token: str) -> bytes:
    return number(token) if token[0] in _DIGITS else bytes(_ORDER[char] for char in token)


_CODE = Memo(_code).__getitem__
_NO_REVISION = ZERO + _END


def _part(part: str) -> bytes:
    codes = b"".join(map(_CODE, _TOKENS(part)))
    return codes + _END if part[-1:] in _DIGITS else codes + ZERO + _END


def key(version: str) -> bytes | None:
    """Return the key; None for text outside ASCII or an epoch that is no number, which dpkg refuses."""
    if not version.isascii():
        return None
    head = ZERO
    if ":" in version:
        epoch, _, version = version.partition(":")
        if not epoch.isdigit():
            return None
        head = NUMBER[epoch]
    upstream, dash, revision = version.rpartition("-")
    return head + _part(upstream) + _part(revision) if dash else head + _part(revision) + _NO_REVISION
