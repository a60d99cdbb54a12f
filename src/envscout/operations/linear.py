"""Expressions of somebody who is not trusted: RE2 finds them in time that is linear in the text, or refuses them."""

from typing import Any

import re2

from envscout.errors import UsageError
from envscout.names.expression import Expression

MAX_MEMORY = 1 << 20
"""Bytes that one expression may take, compiled and at work."""


def expression(text: str) -> Expression:
    """Return an expression. Raise UsageError for what RE2 does not know: see https://github.com/google/re2/wiki/Syntax."""
    try:
        return Expression(text, _compiled)
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise UsageError(
            f"not an expression that a server takes: {said}", "write it without references and looking around"
        ) from error


def _compiled(text: str) -> Any:
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    return re2.compile(text, options)
