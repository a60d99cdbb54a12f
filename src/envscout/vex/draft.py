"""What every form of VEX is reduced to before it becomes statements, and how parts that cannot be used are counted."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from envscout.model import Problem
from envscout.names import bounds

MAX_BYTES = 32 << 20
"""Bytes of a document that is read."""
MAX_STATEMENTS = 100_000
MAX_PRODUCTS = 500_000
"""Products of all statements of a document, parts included."""
MAX_LOOKED_UP = 2_000_000
"""Names that are looked up while a document is read: what it says once, it may point at as often as it likes."""
MAX_PROBLEMS = 50
MAX_NAME = 250
MAX_TEXT = 2_000
MAX_WORD = 4_096
"""Characters of what names a product or a vulnerability: no package URL is longer (names/purl.py)."""

JSON_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
NOTHING = msgspec.Raw(b"[]")
T = TypeVar("T")


class Source(msgspec.Struct, frozen=True):
    """Where a document lies. digest: of the image that it lies in or is attached to, "" for a file of the user.

    place: `location`, `image` or `attached`. path: as a person would look for it. subjects: digests of which a
    statement around the document must name one, if it names any; () for no such demand.
    """

    place: str
    path: str
    digest: str = ""
    subjects: frozenset[str] = frozenset()


class Named(msgspec.Struct, frozen=True):
    """A product in a document's words: its names, the best first, and the parts that are meant, () for all of it.

    names: () for what the document is of; a name that says nothing for what it does not identify.
    """

    names: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...] = ()


class Said(msgspec.Struct, frozen=True):
    """One statement in the words of OpenVEX. products: () where the document leaves them to what it is attached to."""

    names: tuple[str, ...]
    status: str
    products: tuple[Named, ...]
    justification: str = ""
    why: str = ""
    at: int = 0


class Draft(msgspec.Struct, frozen=True):
    """A document's content."""

    form: str
    id: str
    author: str
    said: Iterable[Said]


class Notes:
    """What could not be used of a document: each kind with its number and an example; and what may still be done."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._counts: dict[tuple[str, str], list[Any]] = {}
        self._left = MAX_LOOKED_UP

    def affords(self, count: int) -> bool:
        """Take so many names to be looked up from those that a document may ask for; tell whether there were enough."""
        self._left -= count
        return self._left >= 0

    def note(self, code: str, what: str, example: str = "") -> None:
        """Count one thing of a kind."""
        held = self._counts.get((code, what))
        if held:
            held[0] += 1
        elif len(self._counts) < MAX_PROBLEMS:
            self._counts[code, what] = [1, example]

    def problems(self) -> Iterator[Problem]:
        """Yield a problem for each kind."""
        for (code, what), (count, example) in self._counts.items():
            told = f" ({bounds.shown(example)})" if example else ""
            times = f"{count} times, " if count > 1 else ""
            message = f"{bounds.escaped(self._path[:MAX_NAME])}: {times}{what}{told}"
            yield Problem(code, message, bounds.escaped(self._path[:MAX_NAME]))


def decode(data: bytes | msgspec.Raw, kind: type[T]) -> T:
    """Decode JSON. Raises one of JSON_ERRORS."""
    found: T = _decoder(kind).decode(data)
    return found


def each(parts: msgspec.Raw, kind: type[T], notes: Notes, most: int = MAX_STATEMENTS) -> Iterator[T]:
    """Yield the members of a list that are what they should be; of the others note why they are not. null is empty."""
    try:
        members = decode(parts, _Members) or []
    except JSON_ERRORS as error:
        notes.note("unread-vex-statement", f"no list where one is due: {error}")
        return
    if len(members) > most:
        notes.note("unread-vex-statement", f"only the first {most} of {len(members)} entries are read")
    decoder = _decoder(kind)
    for member in members[:most]:
        try:
            found: T = decoder.decode(member)
        except JSON_ERRORS as error:
            notes.note("unread-vex-statement", f"an entry could not be read: {error}")
            continue
        yield found


_Members: Any = list[msgspec.Raw] | None


def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return _made(kind)


@lru_cache(maxsize=64)
def _made(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)


def moment(text: object) -> int:
    """Return RFC 3339 as microseconds since 1970 UTC, 0 for what is none."""
    if not isinstance(text, str) or not 10 <= len(text) <= 40 or "-" not in text:
        return 0
    try:
        found = datetime.fromisoformat(text.strip())
        return max(0, int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1_000_000))
    except (ValueError, OverflowError):
        return 0


def string(value: object) -> str:
    """Return a value if it is a string, cut to what is shown of it, else ""."""
    return value.strip()[:MAX_TEXT] if isinstance(value, str) else ""


def word(value: object) -> str:
    """Return a value if it is a string that may name something, else "": cut short it might name something else."""
    return value.strip() if isinstance(value, str) and len(value) <= MAX_WORD else ""


def strings(value: object) -> tuple[str, ...]:
    """Return the strings of a list."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def vulnerabilities(*names: object) -> tuple[str, ...]:
    """Return names of a vulnerability that can be looked for; of an address what follows the last slash."""
    found = (word(name).rstrip("/").rpartition("/")[2] for name in names)
    return tuple(dict.fromkeys(name for name in found if 0 < len(name) <= MAX_NAME and name.isprintable()))
