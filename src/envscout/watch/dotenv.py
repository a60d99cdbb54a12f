r"""Files of variables, `.env`, as `docker compose` reads them. Pure.

https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax says the rules:
`NAME=value`, `NAME: value`, or `NAME` alone for what is set already; `export` may stand before it. A value in single
quotes is as it is but for `\'`; one in double quotes has escapes and variables; one without quotes has variables, and
ends with the line or with ` #`. A value in quotes may take several lines, and something else may follow it.
"""

import re
from collections import ChainMap
from collections.abc import Mapping

from envscout.watch.interpolation import InvalidVariable, filled_in

MAX_TOTAL = 16 << 20
"""Characters of all values of a file: they may hold one another."""

_BETWEEN = re.compile(r"(?:\s+|#[^\n]*)*+")
_NAME = re.compile(r"(?:export[^\S\n]++)?([\w.\-\[\]]*+)[^\S\n]*+(?:([=:])[^\S\n]*+|\n|\Z)")
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)\"""", re.DOTALL)
_PLAIN = re.compile(r"[^\n]*")
_ESCAPED = re.compile(r"\\([abfnrtv\\\"$])")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "$": "$$"}


def variables(text: str, given: Mapping[str, str], earlier: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a file of variables says. given: values that go before those of the file; earlier: of files before.

    Raise InvalidVariable, which tells the line and nothing of what stands in it: there are secrets in such files.
    """
    found: dict[str, str] = {}
    values = ChainMap(dict(given), found, dict(earlier or {}))
    text = text.removeprefix("\ufeff")
    place = _next(text, 0)
    total = 0
    while place < len(text):
        start = place
        try:
            name, value, place = _statement(text, start, values)
        except InvalidVariable as error:
            raise InvalidVariable(f"line {text.count(chr(10), 0, start) + 1}: {error}") from error
        place = _next(text, place)
        if value is None:
            value = given.get(name)
        # What begins with a digit, or with nothing, can be no variable, and Compose passes over it.
        if value is None or not name or name[0].isdigit():
            continue
        found[name] = value
        total += len(value)
        if total > MAX_TOTAL:
            raise InvalidVariable(f"its values take more than {MAX_TOTAL >> 20} MiB")
    return found


def _next(text: str, place: int) -> int:
    """Return where the next statement begins: behind white space and remarks."""
    found = _BETWEEN.match(text, place)
    return found.end() if found else place


def _statement(text: str, place: int, values: Mapping[str, str]) -> tuple[str, str | None, int]:
    """Return a name, its value, None where none is told, and where it ends."""
    told = _NAME.match(text, place)
    if not told:
        raise InvalidVariable("it sets no variable")
    if not told[2]:
        return told[1], None, told.end()
    place = told.end()
    if text[place : place + 1] not in ("'", '"'):
        line = _PLAIN.match(text, place)
        assert line is not None
        return told[1], _value(line[0].split(" #", 1)[0].rstrip(), values), line.end()
    quoted = _QUOTED.match(text, place)
    if not quoted:
        raise InvalidVariable("it has a quote that is not closed")
    if quoted[1] is not None:
        return told[1], quoted[1].replace("\\'", "'"), quoted.end()
    unescaped = _ESCAPED.sub(lambda each: _ESCAPES.get(each[1], each[1]), quoted[2])
    return told[1], _value(unescaped, values), quoted.end()


def _value(text: str, values: Mapping[str, str]) -> str:
    try:
        return filled_in(text, values)
    except InvalidVariable:
        # Whatever it says of the cause may be a part of a secret: a name behind a dollar sign, or a message.
        raise InvalidVariable("its variables cannot be filled in") from None
