"""RPM's order: rpmvercmp as https://rpm.org/docs/ describes it in rpm-version(7); also all its derivatives.

    key  = NUM(epoch) part(version) [part(release)]        a missing epoch is 0
    part = (token)* 02

`~` is 01, end 02, `^` 03, a run of letters 04 and the letters, a run of digits NUM. Everything else only separates.
A version without release stands right below all its releases.
"""

import re

from envscout.versions.alphabet import NUMBER, ZERO, Memo, number, text

_END = b"\x02"
_MARKS = {"~": b"\x01", "^": b"\x03"}
_TOKENS = re.compile(r"[0-9]+|[A-Za-z]+|[~^]").findall
_EPOCH = re.compile(r"([0-9]*):").match


def _code(token: str) -> bytes:
    if token in _MARKS:
        return _MARKS[token]
    return b"\x04" + text(token) if token.isalpha() else number(token)


_CODE = Memo(_code).__getitem__


def _part(part: str) -> bytes:
    return b"".join(map(_CODE, _TOKENS(part))) + _END


def key(version: str) -> bytes:
    """Return the key; every text has one."""
    head = ZERO
    epoch = _EPOCH(version) if ":" in version else None
    if epoch:
        head = NUMBER[epoch[1] or "0"]
        version = version[epoch.end() :]
    name, dash, release = version.rpartition("-")
    return head + _part(name) + _part(release) if dash else head + _part(release)
