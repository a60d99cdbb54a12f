"""Arguments and results as JSON. What hostile bytes may say is bounded by their types."""

import functools
import re
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from envscout.errors import LimitExceeded, UsageError
from envscout.names.expression import Expression

MAX_TEXT = 1 << 20
MAX_ITEMS = 200_000
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)]


def encode(value: object) -> bytes:
    """Return a value as JSON: expressions as their text, and whatever can be gone through as a list."""
    return msgspec.json.encode(value, enc_hook=_told)


def decode(data: bytes, type_: Any) -> Any:
    """Read a value of a type; expressions in it cost linear time. Raise UsageError for anything else."""
    try:
        return _decoder(type_).decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the message cannot be read: {error}", "see the server's /schema") from error


def sent(data: bytes, type_: Any) -> Any:
    """Read what somebody sent who is not trusted. Raise UsageError; LimitExceeded for a text or list beyond bounds.

    JSON can write a NUL in one way alone (https://www.rfc-editor.org/rfc/rfc8259#section-7), and PostgreSQL keeps none.
    Halves of characters and nesting without end are refused by the decoder.
    """
    if b"\\u0000" in data and _NUL.search(data):
        raise UsageError("the message holds a NUL character", "leave it out")
    value = decode(data, type_)
    if len(data) > MAX_ITEMS:
        # In what is shorter there is no room for anything that large.
        _bounded(value)
    return value


def _bounded(value: Any) -> None:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if len(each) > MAX_TEXT:
                raise LimitExceeded(f"a text is longer than {MAX_TEXT} characters", "send less at once")
        elif isinstance(each, msgspec.Struct):
            waiting += (getattr(each, name) for name in each.__struct_fields__)
        elif isinstance(each, list | tuple | set | frozenset | dict):
            if len(each) > MAX_ITEMS:
                raise LimitExceeded(f"a list has more than {MAX_ITEMS} items", "send less at once")
            waiting += (*each, *each.values()) if isinstance(each, dict) else each


@functools.cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_, dec_hook=_meant)


def _told(value: object) -> object:
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Iterable):
        return list(value)
    raise NotImplementedError(f"{type(value).__name__} does not travel")


def _meant(type_: Any, value: Any) -> Any:
    if type_ is Expression and isinstance(value, str):
        # Whoever sends it is not trusted with the time that it takes.
        from envscout.operations.linear import expression

        return expression(value)
    if type_.__name__ == "BitMap":
        return type_(msgspec.convert(value, list[_Number]))
    raise TypeError(f"{type_} is told otherwise")
