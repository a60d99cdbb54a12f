"""Semantic versions, https://semver.org/#spec-item-11: npm, Go, crates.io, Hex, Swift, Julia and others.

    key = NUM NUM NUM tail        tail: FF for a release, else identifiers of the pre-release

Build metadata and a leading `v` or `=` are dropped and missing numbers are 0. In the wild there are also versions with
more than three numbers: FF NUM... stands between, so that 1.2.3 < 1.2.3.1-rc < 1.2.3.1 < 1.2.4-0; and pre-releases
without a hyphen (`1.0.0rc1`), which are read as if they had one.
"""

import re

from envscout.versions.alphabet import NUMBER, ZERO
from envscout.versions.identifiers import identifiers

RELEASE = b"\xff"
_FORM = re.compile(
    r"(?:[=vV]+[ ]*)?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?((?:\.[0-9]+)+)?"
    # A pre-release behind its hyphen, or without one; but 1.x and 1.2.* are wild cards.
    r"(?:-([^+\s]+)|\.?(?![xX*](?![0-9A-Za-z]))([^0-9+.\s-][^+\s]*))?(?:\+.*)?"
).fullmatch


def _more(numbers: str) -> bytes:
    digits = [run.lstrip("0") for run in numbers.split(".")[1:]]
    while digits and not digits[-1]:
        digits.pop()
    return b"".join(RELEASE + NUMBER[run or "0"] for run in digits)


def key(version: str) -> bytes | None:
    """Return the key; None for what starts with no number, wild cards, commits and text outside ASCII."""
    form = _FORM(version)
    if form is None or not version.isascii():
        return None
    major, minor, patch, more, pre, loose = form.groups()
    if loose and not minor:
        return None
    codes = NUMBER[major] + (NUMBER[minor] if minor else ZERO) + (NUMBER[patch] if patch else ZERO)
    if more:
        codes += _more(more)
    return codes + (identifiers(pre or loose) if pre or loose else RELEASE)
