"""Gentoo's order: Package Manager Specification 8, section 3.3, https://projects.gentoo.org/pms/8/pms.html#version-comparison.

    key = numbers letter suffixes 06 NUM(revision)        a missing revision is 0

The first number is NUM. A later one that starts with 0 is compared as text without zeros at its end, below all others:
10 and its digits as 80 + d; else NUM. Suffixes are a marker and NUM (missing: 0):
_alpha _beta _pre _rc 01..04 < end 06 < _p 0E < letter 0F < .number.
"""

import re

from envscout.versions.alphabet import NUMBER, ZERO, text

_END = b"\x06"
_SUFFIXES = {"alpha": b"\x01", "beta": b"\x02", "pre": b"\x03", "rc": b"\x04", "p": b"\x0e"}
_LETTER = b"\x0f"
_FORM = re.compile(rf"([0-9]+)((?:\.[0-9]+)*)([a-z]?)((?:_(?:{'|'.join(_SUFFIXES)})[0-9]*)*)(?:-r([0-9]+))?").fullmatch
_SUFFIX_PARTS = re.compile(r"_([a-z]+)([0-9]*)").findall


def _later(digits: str) -> bytes:
    return ZERO + text(digits.rstrip("0")) if digits[0] == "0" else NUMBER[digits]


def key(version: str) -> bytes | None:
    """Return the key; None for what the specification's section 3.2 does not allow."""
    form = _FORM(version)
    if form is None:
        return None
    first, later, letter, suffixes, revision = form.groups()
    codes = NUMBER[first] + b"".join(map(_later, later.split(".")[1:]))
    if letter:
        codes += _LETTER + letter.encode()
    codes += b"".join(_SUFFIXES[suffix] + NUMBER[digits or "0"] for suffix, digits in _SUFFIX_PARTS(suffixes))
    return codes + _END + NUMBER[revision or "0"]
