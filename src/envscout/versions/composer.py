"""Composer's order: versions are normalised (https://getcomposer.org/doc/articles/versions.md), then compared part by
part as PHP's version_compare does (https://www.php.net/version_compare).

    key = (part)* 06        four numbers, then stability and its numbers

dev 02 < alpha 03 < beta 04 < RC 05 < end 06 < NUM < patch 80
"""

import re

from envscout.versions.alphabet import NUMBER, ZERO

_END = b"\x06"
_STABILITIES = {
    "dev": b"\x02",
    "alpha": b"\x03",
    "a": b"\x03",
    "beta": b"\x04",
    "b": b"\x04",
    "rc": b"\x05",
    "patch": b"\x80",
    "pl": b"\x80",
    "p": b"\x80",
}
# Possessive: otherwise a long run of digits could be cut in endlessly many ways.
_MODIFIER = r"[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?[0-9]++)*+))?([.-]?dev)?"
_CLASSIC = re.compile(
    rf"v?([0-9]{{1,5}})(?:\.([0-9]+))?(?:\.([0-9]+))?(?:\.([0-9]+))?{_MODIFIER}", re.IGNORECASE | re.ASCII
).fullmatch
_DATE = re.compile(
    rf"v?([0-9]{{4}}(?:[.:-]?[0-9]{{2}}){{1,6}}(?:[.:-]?[0-9]{{1,3}}){{0,2}}){_MODIFIER}", re.IGNORECASE | re.ASCII
).fullmatch
_ALIAS = re.compile(r"([^,\s]+) +as +[^,\s]+").fullmatch
_FLAG = re.compile(r"@(?:stable|rc|beta|alpha|dev)$", re.IGNORECASE).sub
_BUILD = re.compile(r"([^,\s+]+)\+\S+").fullmatch
_DIGITS = re.compile(r"[0-9]+").findall


def _modifier(stability: str | None, numbers: str | None, dev: str | None) -> bytes:
    """Return the code of a stability; `stable` ends the version whatever follows it."""
    word = (stability or "").lower()
    if word == "stable":
        return b""
    codes = _STABILITIES[word] + b"".join(map(NUMBER.__getitem__, _DIGITS(numbers or ""))) if word else b""
    return codes + _STABILITIES["dev"] if dev else codes


def _bare(version: str) -> str:
    alias = _ALIAS(version)
    version = _FLAG("", alias[1] if alias else version)
    build = _BUILD(version)
    return build[1] if build else version


def key(version: str) -> bytes | None:
    """Return the key; None for branches (`dev-main`, `1.x-dev`), which have no place in the order, and invalid text."""
    form = _CLASSIC(version)
    if form is None:
        version = _bare(version)
        form = _CLASSIC(version)
    if form:
        first, second, third, fourth = form.group(1, 2, 3, 4)
        codes = b"".join([NUMBER[digits] if digits else ZERO for digits in (first, second, third, fourth)])
        return codes + _modifier(form[5], form[6], form[7]) + _END
    date = _DATE(version)
    if date is None:
        return None
    return b"".join(map(NUMBER.__getitem__, _DIGITS(date[1]))) + _modifier(date[2], date[3], date[4]) + _END
