"""JSON manifests and registers of package managers: decoded with bounds, damage as a Problem."""

from typing import TypeVar

import msgspec

from envscout.inventory.record import Reading, damaged

MAX_DOCUMENT = 64 << 20
"""Bytes of one document that is decoded."""

T = TypeVar("T")


def of_json(path: str, data: bytes, kind: type[T], limit: int = MAX_DOCUMENT) -> T | Reading:
    """Return a JSON document as `kind` (fields of unsure type declared `object`), or the Reading that says why not."""
    if len(data) > limit:
        return _unread(path, f"the document has {len(data)} bytes, more than {limit}")
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _unread(path, f"no such JSON document as expected ({error}); nothing listed")


def string(value: object) -> str:
    """Return a value if it is a string, else ""."""
    return value.strip() if isinstance(value, str) else ""


def strings(value: object) -> tuple[str, ...]:
    """Return a string, or the strings of a list, as a tuple."""
    values = value if isinstance(value, list) else [value]
    return tuple(each for each in values if isinstance(each, str))


def mapping(value: object) -> dict[str, object]:
    """Return a value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _unread(path: str, message: str) -> Reading:
    return Reading(problems=(damaged(path, message),))
