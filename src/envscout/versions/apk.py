"""Alpine's order, as apk-tools 3 has it; the rules are told in https://wiki.alpinelinux.org/wiki/APKBUILD_Reference#pkgver.

    version   digits(.digits)*[a-z]?(_suffix digits?)*(~hash)?(-r digits)?

The first number is NUM. A later number that starts with 0 is compared as text, below all others: 10 and its further
digits as 80 + d; else NUM. Markers, in apk's own order of what may follow:
_alpha _beta _pre _rc 01..04 < invalid 05 < end 06 < -r 07 < ~hash 08 < suffix number 09 < _cvs _svn _git _hg _p 0A..0E
< letter 0F < .number. So `1.0` < `1.0-r0` and `_alpha` < `_alpha0`.

apk calls all versions equal that go wrong at the same place. Such versions are in use (`6.6.4p1-r2`), so here what
follows the invalid marker is kept in natural order, digits as numbers, to tell them apart.
"""

import re

from envscout.versions.alphabet import NUMBER, ZERO, Memo, number, text

_INVALID = b"\x05"
_END = b"\x06"
_REVISION = b"\x07"
_HASH = b"\x08"
_SUFFIX_NUMBER = b"\x09"
_SUFFIXES = {
    "alpha": b"\x01",
    "beta": b"\x02",
    "pre": b"\x03",
    "rc": b"\x04",
    "cvs": b"\x0a",
    "svn": b"\x0b",
    "git": b"\x0c",
    "hg": b"\x0d",
    "p": b"\x0e",
}
_LETTER = b"\x0f"
_SUFFIX = rf"_(?:{'|'.join(_SUFFIXES)})(?![a-z])"
_FORM = re.compile(
    rf"([0-9]+)((?:\.[0-9]+)*)([a-z]?)((?:{_SUFFIX}[0-9]*)*)(?:~([0-9a-f]+))?(?:-r([0-9]+))?",
).match
_SUFFIX_PARTS = re.compile(r"_([a-z]+)([0-9]*)").findall
_TAIL = re.compile(r"[0-9]+|[^0-9]+").findall


def _later(digits: str) -> bytes:
    return ZERO + text(digits[1:]) if digits[0] == "0" else number(digits)


_LATER = Memo(_later)


def _suffixes(part: str) -> bytes:
    return b"".join(
        _SUFFIXES[suffix] + (_SUFFIX_NUMBER + NUMBER[digits] if digits else b"")
        for suffix, digits in _SUFFIX_PARTS(part)
    )


def _invalid(rest: str) -> bytes:
    return _INVALID + b"".join(NUMBER[run] if run[0].isdigit() else text(run) for run in _TAIL(rest)) + b"\x00"


def key(version: str) -> bytes | None:
    """Return the key; None for text outside ASCII."""
    if not version.isascii():
        return None
    form = _FORM(version)
    if form is None:
        return _invalid(version)
    first, later, letter, suffixes, commit, revision = form.groups()
    codes = NUMBER[first]
    if later:
        codes += b"".join([_LATER[digits] for digits in later[1:].split(".")])
    if letter:
        codes += _LETTER + letter.encode()
    if suffixes:
        codes += _suffixes(suffixes)
    if commit:
        codes += _HASH + text(commit)
    if revision:
        codes += _REVISION + NUMBER[revision]
    rest = version[form.end() :]
    return codes + (_invalid(rest) if rest else _END)
