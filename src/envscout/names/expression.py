"""Regular expressions that users wrote, as values: equal by their text, and told to a server as text."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from envscout.errors import UsageError

MOST = 50
LONGEST = 200


class Expression:
    """An expression, and what looks for it. Which engine that is decides whoever makes it: see `operations.linear`."""

    __slots__ = ("_search", "text")

    def __init__(self, text: str, compiled: Callable[[str], Any] = re.compile) -> None:
        """Compile a text. Raise UsageError for one that is too long or no expression."""
        if len(text) > LONGEST:
            raise UsageError("the expression is too long", f"use at most {LONGEST} characters")
        self.text = text
        try:
            self._search: Callable[[str], Any] = compiled(text).search
        except (re.error, RecursionError, OverflowError) as error:
            raise UsageError(f"not a regular expression: {error}", "see the syntax of Python's re") from error

    def search(self, text: str) -> bool:
        """Tell whether the expression is found in a text."""
        return bool(self._search(text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def expressions(texts: Sequence[str], what: str) -> tuple[Expression, ...]:
    """Return expressions that a user wrote; what: they are looked for in. Raise UsageError."""
    if len(texts) > MOST or any(len(text) > LONGEST for text in texts):
        raise UsageError(f"too many or too long {what} expressions", f"pass at most {MOST} of {LONGEST} characters")
    return tuple(map(Expression, texts))
