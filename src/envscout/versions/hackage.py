"""Haskell's order: https://hackage.haskell.org/package/base/docs/Data-Version.html, lists of numbers.

    key = NUM... 01

A longer list is newer than its beginning: `1.0` < `1.0.0`.
"""

import re

from envscout.versions.alphabet import NUMBER

_END = b"\x01"
_FORM = re.compile(r"[0-9]+(?:\.[0-9]+)*").match
# Tags after a hyphen are deprecated and never compared.
_REST = re.compile(r"(?:-[0-9A-Za-z]+)*").fullmatch


def key(version: str) -> bytes | None:
    """Return the key; None for anything but numbers between dots."""
    form = _FORM(version)
    if form is None or not _REST(version, form.end()):
        return None
    return b"".join([NUMBER[digits] for digits in form[0].split(".")]) + _END
