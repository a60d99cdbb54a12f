"""Arguments and results as JSON. What hostile bytes may say is bounded by their types."""

import functools
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from envscout.errors import UsageError
from envscout.names.expression import Expression

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
