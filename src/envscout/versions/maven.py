"""Maven's order: https://maven.apache.org/pom.html#version-order-specification, as Maven 3.9 reads it.

The text is lower-cased and split at `.`, `-` and between digits and letters, which counts as `-`. Empty words (0, ga,
final, release and nothing) are dropped at the end, before each `-` and before each qualifier.

    key = (token)* 06

alpha 01 < beta 02 < milestone 03 < rc 04 < snapshot 05 < end 06 < sp 07 < other words 08 text 00 < -number 09 NUM
< .number NUM.

Maven's own comparison goes in circles where a qualifier stands in the middle of a dotted list
(1.0.alpha.1 < 1 < 1-1 < 1.0.alpha.1, see MNG-5568 and MNG-6568), so no order can follow it everywhere. Ours reads
`.qualifier` as `-qualifier`; on versions in use it agrees with Maven 3.9.
"""

import re
from itertools import pairwise

from envscout.versions.alphabet import NUMBER, text

_END = b"\x06"
_QUALIFIERS = {
    "alpha": b"\x01",
    "beta": b"\x02",
    "milestone": b"\x03",
    "rc": b"\x04",
    "cr": b"\x04",
    "snapshot": b"\x05",
    "sp": b"\x07",
}
_NULL = frozenset(("", "ga", "final", "release"))
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_OTHER = b"\x08"
_HYPHEN_NUMBER = b"\x09"
_TOKENS = re.compile(r"([.-]?)([0-9]+|[^0-9.-]+|(?=[.-])|(?<=[.-])$)").findall
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)*").fullmatch


def _words(version: str) -> list[tuple[str, str]]:
    """Return the separator and the word of each token, with abbreviations written out before a digit."""
    # Nothing before a separator is 0, at the start as elsewhere.
    tokens = _TOKENS(version if version[0] not in ".-" else "0" + version)
    for place, ((_, word), (separator, following)) in enumerate(pairwise(tokens)):
        if word in _SHORT and not separator and following.isdigit():
            tokens[place] = (tokens[place][0], _SHORT[word])
    return tokens


def _code(word: str, hyphen: bool) -> bytes:
    if not word or word.isdigit():
        return (_HYPHEN_NUMBER if hyphen else b"") + NUMBER[word or "0"]
    if word in _NULL:
        return _END
    return _QUALIFIERS.get(word) or _OTHER + text(word) + b"\x00"


def _drop_nulls(codes: list[tuple[bytes, bool]]) -> None:
    while codes and codes[-1][1]:
        codes.pop()


def _mixed(version: str) -> bytes:
    codes: list[tuple[bytes, bool]] = []
    for place, (separator, word) in enumerate(_words(version)):
        numeric = not word or word.isdigit()
        hyphen = place > 0 and (separator != "." or not numeric)
        if hyphen:
            _drop_nulls(codes)
        codes.append((_code(word, hyphen), not word.strip("0") or word in _NULL))
    _drop_nulls(codes)
    return b"".join([code for code, _ in codes]) + _END


def _plain(version: str) -> bytes:
    numbers = version.split(".")
    while numbers and not numbers[-1].strip("0"):
        numbers.pop()
    return b"".join([NUMBER[digits] for digits in numbers]) + _END


def key(version: str) -> bytes | None:
    """Return the key; None for text outside ASCII."""
    if _PLAIN(version):
        return _plain(version)
    return _mixed(version.lower()) if version.isascii() else None
