"""Arguments and results as JSON. What hostile bytes may say is bounded by their types."""

import functools
from typing import Any

import msgspec

from envscout.errors import UsageError


def encode(value: object) -> bytes:
    """Return a value as JSON."""
    return msgspec.json.encode(value)


def decode(data: bytes, type_: Any) -> Any:
    """Read a value of a type. Raise UsageError for anything else."""
    try:
        return _decoder(type_).decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"the message cannot be read: {error}", "see the server's /schema") from error


@functools.cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)
