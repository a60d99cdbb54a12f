"""Pages of what is in order: a cursor names the last item that was seen, so that what comes and goes moves nothing."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec

from envscout.errors import UsageError

Item = TypeVar("Item")
Key = tuple[str | int, ...]
MOST = 1_000

Limit = Annotated[int, msgspec.Meta(ge=1, le=MOST, description="At most how many at once.")]
Cursor = Annotated[str, msgspec.Meta(max_length=4_096, description="The `next` of the page before.")]


def page(
    items: Sequence[Item], key: Callable[[Item], Key], cursor: str, limit: int
) -> tuple[tuple[Item, ...], str | None]:
    """Return the items after a cursor ("": from the first), and the cursor of the next page, None after the last.

    Items are in the order of their keys, which are different. Raise UsageError for a cursor that is none.
    """
    first = _after(items, key, read(cursor, tuple[str | int, ...])) if cursor else 0
    found = tuple(items[first : first + limit])
    return found, written(key(found[-1])) if first + limit < len(items) else None


def _after(items: Sequence[Item], key: Callable[[Item], Key], last: Key) -> int:
    """Return the place of the first item whose key is larger."""
    low, high = 0, len(items)
    try:
        while low < high:
            middle = (low + high) // 2
            if key(items[middle]) > last:
                high = middle
            else:
                low = middle + 1
    except TypeError as error:
        raise _no_cursor() from error
    return low


def written(key: Key) -> str:
    """Return the cursor of what comes after a key."""
    return urlsafe_b64encode(msgspec.msgpack.encode(key)).decode().rstrip("=")


def read(cursor: str, type_: Any) -> Any:
    """Return the key in a cursor, of a type. Raise UsageError for a cursor that is none."""
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.msgpack.decode(data, type=type_)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise _no_cursor() from error


def _no_cursor() -> UsageError:
    return UsageError("the cursor is none of ours", "pass the `next` of the page before, and ask for the same")
