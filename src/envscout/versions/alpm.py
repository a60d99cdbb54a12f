"""pacman's order, as https://man.archlinux.org/man/vercmp.8 describes it.

    key  = NUM(epoch) part(version) [part(pkgrel)]        a missing epoch is 0
    part = (separators segment)* 05

Before each segment stand its separators: none is no byte, n of them 80 + n, so that fewer are older. A segment is a run
of digits (NUM) or of letters (04 text 01). So letters right behind a number < end < anything else: 1.5b < 1.5 < 1.5.b.

pacman ignores a missing pkgrel, so that 1.5-1 = 1.5 = 1.5-2 though 1.5-1 < 1.5-2, which no order can follow. Installed
packages have one; a version without stands right below all its pkgrels.
"""

import re

from envscout.versions.alphabet import NUMBER, ZERO, Memo, number, text

_END = b"\x05"
_EPOCH = re.compile(r"([0-9]*):").match
_TOKENS = re.compile(r"[0-9]+|[A-Za-z]+|[^0-9A-Za-z]+").findall
_MANY = 63


def _code(token: str) -> bytes:
    if token[0].isdigit():
        return number(token)
    if token[0].isalpha():
        return b"\x04" + text(token) + b"\x01"
    count = len(token)
    return bytes((0x80 + count,)) if count < _MANY else bytes((0x80 + _MANY,)) + number(str(count))


_CODE = Memo(_code).__getitem__


def _part(part: str) -> bytes:
    return b"".join(map(_CODE, _TOKENS(part))) + _END


def key(version: str) -> bytes | None:
    """Return the key; None for text outside ASCII and for a version without a letter or digit."""
    if not version.isascii():
        return None
    head = ZERO
    epoch = _EPOCH(version) if ":" in version else None
    if epoch:
        head = NUMBER[epoch[1] or "0"]
        version = version[epoch.end() :]
    upstream, dash, pkgrel = version.rpartition("-")
    if not dash:
        upstream, pkgrel = pkgrel, ""
    if not any(map(str.isalnum, upstream)):
        return None
    return head + _part(upstream) + (_part(pkgrel) if dash else b"")
