"""Whether what a package says of its licence leaves a choice: SPDX expressions, and what people write instead.

Expressions are those of the SPDX specification, annex D; names that are none (`GPL-2+`, `LGPLv3`, trove classifiers)
are judged by the words in them.
"""

import re
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_NAMES = (
    (re.compile(r"(GNU )?AFFERO( GNU)? GENERAL PUBLIC"), "AGPL"),
    (re.compile(r"(GNU )?(LESSER|LIBRARY)( GNU)? GENERAL PUBLIC"), "LGPL"),
    (re.compile(r"(GNU )?GENERAL PUBLIC"), "GPL"),
    (re.compile(r"MOZILLA PUBLIC"), "MPL"),
    (re.compile(r"ECLIPSE PUBLIC"), "EPL"),
    (re.compile(r"EUROPEAN UNION PUBLIC"), "EUPL"),
    (re.compile(r"SERVER SIDE PUBLIC"), "SSPL"),
)


@lru_cache(maxsize=10_000)
def is_bound(text: str, patterns: tuple[str, ...], exceptions: tuple[str, ...] = ()) -> bool:
    """Tell whether every choice that a licence leaves has a part that fits a pattern, and no exception lifts.

    patterns: SPDX ids; a `*` at the end stands for anything. exceptions: SPDX ids of exceptions that lift a licence.
    """
    parsed = _parsed(text)
    if parsed is None:
        # What is no expression is still a choice where it says so.
        return all(_in_words(choice, patterns) for choice in re.split(r"\s+(?:OR|or)\s+", text.strip("() ")))
    return _bound(parsed, patterns, frozenset(map(str.upper, exceptions)))


def _parsed(text: str) -> Any:
    from license_expression import ExpressionError

    try:
        return _licensing().parse(text) if len(text) <= 2_000 else None
    except (ExpressionError, RecursionError):
        return None


@lru_cache(maxsize=1)
def _licensing() -> Any:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def _bound(node: Any, patterns: tuple[str, ...], exceptions: frozenset[str]) -> bool:
    operator = getattr(node, "operator", "").strip()
    if operator:
        parts = (_bound(each, patterns, exceptions) for each in node.args)
        return all(parts) if operator == "OR" else any(parts)
    exception = getattr(node, "exception_symbol", None)
    if exception is not None:
        return exception.key.upper() not in exceptions and _bound(node.license_symbol, patterns, exceptions)
    return _in_words(node.key, patterns)


def _in_words(text: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a word of a text, or what the text spells out, fits a pattern."""
    words = [text, *_WORD.findall(text)]
    spelt = next((short for name, short in _NAMES if name.search(text.upper())), "")
    return any(_fits(word, pattern) for word in (*words, *([spelt] if spelt else ())) for pattern in patterns)


def _fits(word: str, pattern: str) -> bool:
    upper = word.upper()
    if not pattern.endswith("*"):
        return upper == pattern.upper() or upper == _key(pattern)
    stem = pattern[:-1].upper()
    # `GPL-*` is meant of GPL, GPLv2 and GPL2+, too.
    return upper.startswith(stem) or bool(re.fullmatch(rf"{re.escape(stem.rstrip('-'))}(V?\d.*|\+)?", upper))


@lru_cache(maxsize=1_000)
def _key(pattern: str) -> str:
    """Return an SPDX id as it is written now: GPL-2.0 is GPL-2.0-only by now."""
    parsed = _parsed(pattern)
    return str(getattr(parsed, "key", pattern)).upper()
