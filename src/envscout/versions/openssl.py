"""OpenSSL's order: https://www.openssl.org/policies/general/versioning-policy.html, before and since 3.0.

    key = NUM NUM NUM letters tail        letters: text, for 1.0.2 < 1.0.2a < 1.0.2z < 1.0.2za
    tail: 01 runs 00 for a pre-release (`-beta2`, `-pre9`), 02 for a release

To semver a letter would be a pre-release, and 1.0.2v older than 1.0.2.
"""

import re

from envscout.versions.alphabet import NUMBER, text

_PRE = b"\x01"
_RELEASE = b"\x02"
_FORM = re.compile(
    r"(?:openssl-|v)?([0-9]+)\.([0-9]+)(?:\.([0-9]+))?([a-z]*)(?:-((?:alpha|beta|pre|dev|rc)[0-9A-Za-z.-]*))?(?:\+.*|-fips)?",
    re.IGNORECASE,
).fullmatch
_RUNS = re.compile(r"[0-9]+|[^0-9]+").findall


def _pre(part: str) -> bytes:
    return b"".join(NUMBER[run] if run[0].isdigit() else text(run) for run in _RUNS(part.lower())) + b"\x00"


def key(version: str) -> bytes | None:
    """Return the key; None for anything but two or three numbers, letters and a pre-release."""
    form = _FORM(version)
    if form is None or not version.isascii():
        return None
    major, minor, patch, letters, pre = form.groups()
    codes = NUMBER[major] + NUMBER[minor] + NUMBER[patch or "0"] + text(letters.lower())
    return codes + (_PRE + _pre(pre) if pre else _RELEASE)
