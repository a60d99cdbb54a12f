"""Python's order: https://packaging.python.org/specifications/version-specifiers/ (PEP 440).

    key = NUM(epoch) NUM... tokens        the release without zeros at its end

Tokens, older first: .dev 01 NUM < a 02 NUM < b 03 NUM < rc 04 NUM < end 05 < +local 06 segments 00 < .post 07 NUM, and
all of them below a further number. A local segment is 02 text 01, or NUM.

Versions from before PEP 440 sort below all others, among themselves as setuptools once compared them:
01, then each part as text and 01, then 00.
"""

import re

from envscout.versions.alphabet import NUMBER, ZERO, text

_DEV, _END, _LOCAL, _POST = b"\x01", b"\x05", b"\x06", b"\x07"
_LEGACY = b"\x01"
_PRE = {
    "a": b"\x02",
    "alpha": b"\x02",
    "b": b"\x03",
    "beta": b"\x03",
    "c": b"\x04",
    "rc": b"\x04",
    "pre": b"\x04",
    "preview": b"\x04",
}
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)*").fullmatch
_FORM = re.compile(
    r"""v?(?:([0-9]+)!)?                                              # epoch
        ([0-9]+(?:\.[0-9]+)*)                                         # release
        (?:[-_.]?(alpha|beta|preview|pre|a|b|c|rc)[-_.]?([0-9]*))?    # pre-release
        (?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?               # post-release
        (?:[-_.]?(dev)[-_.]?([0-9]*))?                                # development release
        (?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?                         # local version
    """,
    re.VERBOSE,
).fullmatch
_LOCAL_SEGMENTS = re.compile(r"[a-z0-9]+").findall
_LEGACY_PARTS = re.compile(r"[0-9]+|[a-z]+|\.|-|[^0-9a-z.-]+").findall
_LEGACY_WORDS = {"pre": "c", "preview": "c", "-": "final-", "rc": "c", "dev": "@"}


def _release(release: str) -> bytes:
    numbers = release.split(".")
    while numbers and not numbers[-1].strip("0"):
        numbers.pop()
    return b"".join([NUMBER[digits] for digits in numbers])


def _local(local: str) -> bytes:
    codes = (NUMBER[s] if s.isdigit() else b"\x02" + text(s) + b"\x01" for s in _LOCAL_SEGMENTS(local))
    return _LOCAL + b"".join(codes) + b"\x00"


def _legacy_parts(version: str) -> list[str]:
    parts: list[str] = []
    for found in _LEGACY_PARTS(version):
        part = _LEGACY_WORDS.get(found, found)
        if part == ".":
            continue
        if part[0].isdigit():
            parts.append(part.zfill(8))
            continue
        if part < "final":
            while parts and parts[-1] == "*final-":
                parts.pop()
        while parts and parts[-1] == "00000000":
            parts.pop()
        parts.append("*" + part)
    return [*parts, "*final"]


def _legacy(version: str) -> bytes | None:
    if not version.isascii():
        return None
    return _LEGACY + b"".join(text(part) + b"\x01" for part in _legacy_parts(version)) + b"\x00"


def key(version: str) -> bytes | None:
    """Return the key; None for text outside ASCII."""
    if _PLAIN(version):
        return ZERO + _release(version) + _END
    version = version.lower()
    form = _FORM(version)
    if form is None:
        return _legacy(version)
    epoch, release, pre, pre_number, implicit, post, post_number, dev, dev_number, local = form.groups()
    codes = NUMBER[epoch or "0"] + _release(release)
    if pre:
        codes += _PRE[pre] + NUMBER[pre_number or "0"]
    if post or implicit:
        codes += _POST + NUMBER[implicit or post_number or "0"]
    if dev:
        codes += _DEV + NUMBER[dev_number or "0"]
    return codes + (_local(local) if local else _END)
