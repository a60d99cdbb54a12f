"""NuGet's order: https://learn.microsoft.com/nuget/concepts/package-versioning.

    key = NUM NUM NUM NUM tail        tail: FF for a release, else identifiers of the lower-cased pre-release

A pre-release without a hyphen, as advisories have it (`2.14.1rc5`), is read as if it had one.
"""

import re

from envscout.versions.alphabet import NUMBER, ZERO
from envscout.versions.identifiers import identifiers

_RELEASE = b"\xff"
_FORM = re.compile(r"v?([0-9]+)((?:\.[0-9]+){0,3})(?:-([^+\s]+)|([a-z][^+\s]*))?(?:\+.*)?", re.IGNORECASE).fullmatch
_MISSING = [ZERO * count for count in range(4)]


def key(version: str) -> bytes | None:
    """Return the key; None for anything but one to four numbers with a pre-release and a build."""
    form = _FORM(version)
    if form is None or not version.isascii():
        return None
    major, later, pre, loose = form.groups()
    if loose and not later:
        return None
    numbers = later.split(".")[1:]
    codes = NUMBER[major] + b"".join([NUMBER[digits] for digits in numbers]) + _MISSING[3 - len(numbers)]
    return codes + (identifiers((pre or loose).lower()) if pre or loose else _RELEASE)
