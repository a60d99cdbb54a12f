"""R's order: https://stat.ethz.ch/R-manual/R-devel/library/base/html/numeric_version.html.

    key = NUM... 01

The numbers stand between dots or hyphens, so `1.0-1` = `1.0.1`; a longer list is newer: `1.0` < `1.0.0`.
"""

import re

from envscout.versions.alphabet import NUMBER

_END = b"\x01"
_FORM = re.compile(r"[0-9]+(?:[.-][0-9]+)*").fullmatch


def key(version: str) -> bytes | None:
    """Return the key; None for anything but numbers between dots or hyphens."""
    if not _FORM(version):
        return None
    return b"".join([NUMBER[digits] for digits in version.replace("-", ".").split(".")]) + _END
