"""Dart's order: semantic versions whose build metadata counts, https://pub.dev/packages/pub_semver.

    key = NUM NUM NUM tail build

tail: as in semver. build: nothing, or 01 and identifiers, so that `1.0.0` < `1.0.0+1`.
"""

import re

from envscout.versions.alphabet import NUMBER
from envscout.versions.identifiers import identifiers

_RELEASE = b"\xff"
_BUILD = b"\x01"
_FORM = re.compile(r"v?([0-9]+)\.([0-9]+)\.([0-9]+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?").fullmatch


def key(version: str) -> bytes | None:
    """Return the key; None for anything but three numbers with a pre-release and a build."""
    form = _FORM(version)
    if form is None:
        return None
    major, minor, patch, pre, build = form.groups()
    codes = NUMBER[major] + NUMBER[minor] + NUMBER[patch] + (identifiers(pre) if pre else _RELEASE)
    return codes + _BUILD + identifiers(build) if build else codes
