"""Which signed words of a machine a trust policy takes."""

import re
from collections.abc import Mapping

import msgspec

from envscout.errors import UsageError

MAX_CLAIMS = 20
MAX_TEXT = 1_000
MAX_STARS = 4
_NAME = re.compile(r"[A-Za-z0-9_./:-]{1,200}", re.ASCII)


def parse(text: str) -> tuple[str, str]:
    """Read `name=pattern`. Raise UsageError."""
    name, equals, pattern = text.partition("=")
    if not equals or not _NAME.fullmatch(name) or not pattern or len(pattern) > MAX_TEXT or not pattern.isprintable():
        raise UsageError(f"{text[:80]!r} is no claim", "write NAME=PATTERN, such as repository=acme/*")
    if pattern.count("*") > MAX_STARS:
        raise UsageError(f"{text[:80]!r} has too many stars", f"use at most {MAX_STARS}")
    if not pattern.strip("*"):
        raise UsageError(f"{text[:80]!r} takes everybody", "say whom: repository=acme/*")
    return name, pattern


def fit(patterns: Mapping[str, str], claims: Mapping[str, object]) -> bool:
    """Tell whether every pattern fits its claim; of a list, one of its texts. No pattern fits nobody."""
    return bool(patterns) and all(_fits(pattern, claims.get(name)) for name, pattern in patterns.items())


def _fits(pattern: str, value: object) -> bool:
    if isinstance(value, list):
        return any(_fits(pattern, each) for each in value[:MAX_TEXT] if isinstance(each, str))
    if isinstance(value, bool | int):
        value = msgspec.json.encode(value).decode()
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return False
    return _is_like(pattern.split("*"), value)


def _is_like(pieces: list[str], value: str) -> bool:
    """Tell whether a text is pieces in their order, with anything between. Costs no more than looking for each once."""
    first, *middle, last = pieces if len(pieces) > 1 else (pieces[0], "")
    if len(pieces) == 1:
        return value == first
    if len(value) < len(first) + len(last) or not (value.startswith(first) and value.endswith(last)):
        return False
    place, end = len(first), len(value) - len(last)
    for piece in middle:
        found = value.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True
