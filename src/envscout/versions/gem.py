"""RubyGems' order: https://docs.ruby-lang.org/en/master/Gem/Version.html.

A version is a list of numbers and words, words older than numbers and a missing place the same as 0. A hyphen reads as
`.pre.`. Zeros are dropped at the end of the numbers before the first word, and at the very end.

    key = (03 text 00 | 05 | 07 | NUM)* 06

What a zero means depends on what follows the zeros: before a word it is older than the end (05), before a number it is
newer (07). That look-ahead is how a list without end of zeros fits behind every version.
"""

import re

from envscout.versions.alphabet import NUMBER, text

_WORD, _ZERO_WORD, _END, _ZERO_NUMBER = b"\x03", b"\x05", b"\x06", b"\x07"
_FORM = re.compile(r"[0-9][0-9A-Za-z]*(?:[.-]+[0-9A-Za-z]+)*").fullmatch
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)*").fullmatch
_SEGMENTS = re.compile(r"[0-9]+|[A-Za-z]+").findall


def _drop_zeros(segments: list[str]) -> list[str]:
    while segments and not segments[-1].strip("0"):
        segments.pop()
    return segments


def _segments(version: str) -> list[str]:
    segments = _SEGMENTS(version.replace("-", ".pre."))
    first_word = next((place for place, segment in enumerate(segments) if segment.isalpha()), len(segments))
    return _drop_zeros(segments[:first_word]) + _drop_zeros(segments[first_word:])


def _codes(segments: list[str]) -> bytes:
    codes = []
    zero = _ZERO_NUMBER
    for segment in reversed(segments):
        if segment.isalpha():
            codes.append(_WORD + text(segment) + b"\x00")
            zero = _ZERO_WORD
        elif segment.strip("0"):
            codes.append(NUMBER[segment])
            zero = _ZERO_NUMBER
        else:
            codes.append(zero)
    return b"".join(reversed(codes)) + _END


def key(version: str) -> bytes | None:
    """Return the key; None for anything but numbers and words that start with a number."""
    if _PLAIN(version):
        return _codes(_drop_zeros(version.split(".")))
    return _codes(_segments(version)) if _FORM(version) else None
