"""The parts of a request, read as the types of its row say; what is longer than its bound is not read at all."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from envscout.errors import LimitExceeded, UsageError

MAX_QUERY = 8_192
MAX_PARAMETERS = 200
MAX_SEGMENT = 4_096
SLASH = "\ue000"
"""Stands for a slash inside of a segment, from where the path is read to where its parameters are."""


def query(text: bytes, type_: type[msgspec.Struct], most: int = MAX_QUERY) -> Any:
    """Read a query, or what a form sends in the same way. Raise UsageError, LimitExceeded."""
    if len(text) > most:
        raise LimitExceeded(f"the query is longer than {most} bytes", "ask for less at once")
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError as error:
        raise UsageError("the query cannot be read", "write it as name=value&..., in percent-encoded UTF-8") from error
    if any("\0" in part for pair in pairs for part in pair):
        raise UsageError("the query holds a NUL character", "leave it out")
    named: dict[str, Any] = {}
    for name, value in pairs:
        named.setdefault(name, []).append(value)
    listed = _lists(type_)
    twice = [name for name, values in named.items() if len(values) > 1 and name not in listed]
    if twice:
        raise UsageError(f"{twice[0][:100]!r} is given more than once", "see /schema")
    once = {name: values if name in listed else values[0] for name, values in named.items()}
    try:
        return msgspec.convert(once, type_, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"the query cannot be read: {error}", "see /schema") from error


def _lists(type_: type[msgspec.Struct]) -> frozenset[str]:
    """Return the parameters that may be given more than once."""
    kinds = (msgspec.inspect.VarTupleType, msgspec.inspect.ListType)
    info = msgspec.inspect.type_info(type_)
    assert isinstance(info, msgspec.inspect.StructType)
    return frozenset(field.name for field in info.fields if isinstance(field.type, kinds))


def segment(value: Any) -> str:
    """Return a parameter of the path. Raise LimitExceeded, UsageError."""
    text = str(value).replace(SLASH, "/")
    if "\0" in text:
        raise UsageError("the path holds a NUL character", "leave it out")
    if len(text) > MAX_SEGMENT:
        raise LimitExceeded(f"a part of the path is longer than {MAX_SEGMENT} characters", "ask for less at once")
    return text
