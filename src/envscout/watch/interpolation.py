"""Variables in the text of a Compose file. Pure.

The rules are https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md. A dollar sign that begins no
variable stands for itself, as `docker compose` takes it; what stands for a value that is not needed is not looked at.
"""

import re
from collections.abc import Callable, Mapping

MAX_DEPTH = 20
MAX_LENGTH = 1 << 16
"""Characters of a text with its variables filled in: values may hold one another, and grow by each that does."""
MAX_WRITTEN = 1 << 20
"""Characters of a text before: variables without a value make it no longer, and take their time all the same."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")


class InvalidVariable(ValueError):
    """A variable that is written in no known way, or that has to have a value and has none."""


def filled_in(text: str, values: Mapping[str, str], on_unset: Callable[[str], None] | None = None) -> str:
    """Return a text with its variables replaced. on_unset: told of those that have no value and become "".

    Raise InvalidVariable, which tells what is written, and nothing that a variable holds.
    """
    if "$" not in text:
        return str(text)
    if len(text) > MAX_WRITTEN:
        raise InvalidVariable(f"it has variables, and more than {MAX_WRITTEN:,} characters")
    return _filled(text, values, on_unset or (lambda _: None), 0)


def unset(text: str, values: Mapping[str, str]) -> list[str]:
    """Return the variables of a text that have no value and become "". Raise InvalidVariable."""
    found: list[str] = []
    # Which they are depends on whether values say something, and not on what: so nothing grows.
    filled_in(text, _Begun(values), found.append)
    return found


class _Begun(dict[str, str]):
    """The first character of each value."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self._values = values

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __missing__(self, name: str) -> str:
        return self._values[name][:1]


def _filled(text: str, values: Mapping[str, str], on_unset: Callable[[str], None], depth: int) -> str:
    if depth > MAX_DEPTH:
        raise InvalidVariable("variables stand in one another more than 20 levels deep")
    parts: list[str] = []
    place = length = 0
    opening = "{" if text.count("{") <= text.count("}") else "${"
    while (found := text.find("$", place)) >= 0:
        before, place = text[place:found], found + 1
        value = "$"
        if text.startswith("$", place):
            place += 1
        elif text.startswith("{", place):
            end = _end(text, place, opening)
            value = _braced(text[place + 1 : end], values, on_unset, depth)
            place = end + 1
        elif name := _NAME.match(text, place):
            value = _plain(name[0], values, on_unset)
            place = name.end()
        length += len(before) + len(value)
        if length > MAX_LENGTH:
            raise InvalidVariable(f"it grows to more than {MAX_LENGTH:,} characters")
        parts += (before, value)
    return "".join((*parts, text[place:]))


def _end(text: str, start: int, opening: str) -> int:
    """Return where the brace that opens at start is closed. opening: what opens another one in it."""
    depth = 0
    for found in re.compile(f"{re.escape(opening)}|}}").finditer(text, start + 1):
        if found[0] == opening:
            depth += 1
        elif depth:
            depth -= 1
        else:
            return found.start()
    raise InvalidVariable("a variable is not closed by a brace")


def _plain(name: str, values: Mapping[str, str], on_unset: Callable[[str], None]) -> str:
    if name not in values:
        on_unset(name)
        return ""
    return values[name]


def _braced(inner: str, values: Mapping[str, str], on_unset: Callable[[str], None], depth: int) -> str:
    found = _NAME.match(inner)
    if not found:
        raise InvalidVariable("braces name no variable")
    name, rest = found[0], inner[found.end() :]
    if not rest:
        return _plain(name, values, on_unset)
    operator = next((each for each in _OPERATORS if rest.startswith(each)), "")
    if not operator:
        raise InvalidVariable(f"what follows {name[:100]} in its braces is none of :- - :? ? :+ +")
    word = rest[len(operator) :]
    has = name in values and (operator[0] != ":" or bool(values[name]))
    if operator[-1] == "+":
        return _filled(word, values, on_unset, depth + 1) if has else ""
    if has:
        return values[name]
    if operator[-1] == "-":
        return _filled(word, values, on_unset, depth + 1)
    raise InvalidVariable(f"{name[:100]} has to have a value and has none{f': {word[:200]}' if word else ''}")
