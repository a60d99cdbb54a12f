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
    r"(?:[=vV]+[ ]*)?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?((?:\.[0-9]+)+(?![0-9A-Za-z]))?"
    r"(?:(?:-|\.(?=[A-Za-z]))?([^+\s]+))?(?:\+.*)?"
).fullmatch
_WILD = re.compile(r"\.?[xX*](?![0-9A-Za-z])").match


def _more(numbers: str) -> bytes:
    digits = [run.lstrip("0") for run in numbers.split(".")[1:]]
    while digits and not digits[-1]:
        digits.pop()
    return b"".join(RELEASE + NUMBER[run or "0"] for run in digits)


def key(version: str) -> bytes | None:
    """Return the key; None for text that does not start with a number, for wild cards and text outside ASCII."""
    form = _FORM(version)
    if form is None or not version.isascii():
        return None
    major, minor, patch, more, pre = form.groups()
    codes = NUMBER[major] + (NUMBER[minor] if minor else ZERO) + (NUMBER[patch] if patch else ZERO)
    if more:
        codes += _more(more)
    if not pre:
        return codes + RELEASE
    return None if _WILD(pre) else codes + identifiers(pre)
