"""Variables in the text of a Compose file, and the files that give them values. Pure.

The rules are https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md, and for files those of
https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
"""

import re
from collections.abc import Callable, Mapping

MAX_DEPTH = 20

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:[=:]\s*(.*))?", re.ASCII | re.DOTALL)
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "$": "$$"}


class InvalidVariable(ValueError):
    """A variable that is written in no known way, or that has to have a value and has none."""


def filled_in(text: str, values: Mapping[str, str], on_unset: Callable[[str], None] | None = None) -> str:
    """Return a text with its variables replaced. on_unset: told of those that have no value and become "".

    Raise InvalidVariable.
    """
    return _filled(text, values, on_unset or (lambda _: None), 0)


def _filled(text: str, values: Mapping[str, str], on_unset: Callable[[str], None], depth: int) -> str:
    if depth > MAX_DEPTH:
        raise InvalidVariable("variables stand in one another more than 20 levels deep")
    parts: list[str] = []
    place = 0
    while (found := text.find("$", place)) >= 0:
        parts.append(text[place:found])
        place = found + 1
        if text.startswith("$", place):
            parts.append("$")
            place += 1
        elif text.startswith("{", place):
            end = _end(text, place)
            parts.append(_braced(text[place + 1 : end], values, on_unset, depth))
            place = end + 1
        elif name := _NAME.match(text, place):
            parts.append(_plain(name[0], values, on_unset))
            place = name.end()
        else:
            raise InvalidVariable("a dollar sign begins no variable; one for itself is written $$")
    return "".join((*parts, text[place:]))


def _end(text: str, start: int) -> int:
    """Return where the brace that opens at start is closed."""
    depth, place = 0, start
    while place < len(text):
        if text.startswith("${", place) or place == start:
            depth += 1
            place += 1 if place == start else 2
            continue
        if text[place] == "}":
            depth -= 1
            if not depth:
                return place
        place += 1
    raise InvalidVariable("a variable is not closed by a brace")


def _plain(name: str, values: Mapping[str, str], on_unset: Callable[[str], None]) -> str:
    if name not in values:
        on_unset(name)
    return values.get(name, "")


def _braced(inner: str, values: Mapping[str, str], on_unset: Callable[[str], None], depth: int) -> str:
    found = _NAME.match(inner)
    if not found:
        raise InvalidVariable("braces name no variable")
    name, rest = found[0], inner[found.end() :]
    if not rest:
        return _plain(name, values, on_unset)
    operator = next((each for each in _OPERATORS if rest.startswith(each)), "")
    if not operator:
        raise InvalidVariable(f"what follows {name} in its braces is none of :- - :? ? :+ +")
    word = rest[len(operator) :]
    has = bool(values.get(name)) if operator[0] == ":" else name in values
    if operator[-1] == "+":
        return _filled(word, values, on_unset, depth + 1) if has else ""
    if has:
        return values[name]
    if operator[-1] == "-":
        return _filled(word, values, on_unset, depth + 1)
    why = _filled(word, values, on_unset, depth + 1)
    raise InvalidVariable(f"{name} has to have a value and has none{f': {why[:200]}' if why else ''}")


def variables(text: str, given: Mapping[str, str], earlier: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a file of variables says. given: values that go before those of the file; earlier: of files before.

    Raise InvalidVariable, which tells the line and nothing of what stands in it: there are secrets in such files.
    """
    found: dict[str, str] = {}
    lines = enumerate(text.removeprefix("\ufeff").splitlines(), 1)
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        told = _LINE.fullmatch(line)
        if told is None:
            raise InvalidVariable(f"line {number} sets no variable")
        name, value = told[1], told[2]
        if value is None:
            if name in given:
                found[name] = given[name]
            continue
        while value[:1] in ("'", '"') and not _closing(value):
            _, following = next(lines, (0, None))
            if following is None:
                raise InvalidVariable(f"line {number} has a quote that is not closed")
            value += "\n" + following
        try:
            found[name] = _value(value, {**(earlier or {}), **found, **given})
        except InvalidVariable as error:
            raise InvalidVariable(f"line {number}: {error}") from error
    return found


def _closing(value: str) -> int:
    """Return where a quoted value ends, 0 where it does not."""
    place = 1
    while place < len(value):
        if value[place] == "\\":
            place += 2
            continue
        if value[place] == value[0]:
            return place
        place += 1
    return 0


def _value(text: str, values: Mapping[str, str]) -> str:
    if text[:1] == "'":
        return text[1 : _closing(text)].replace("\\'", "'")
    if text[:1] == '"':
        inner = text[1 : _closing(text)]
        return filled_in(re.sub(r"\\(.)", lambda each: _ESCAPES.get(each[1], each[1]), inner, flags=re.DOTALL), values)
    return filled_in(re.split(r"\s#", text, maxsplit=1)[0].rstrip(), values)
