"""Channels and rules as a file says them. Addresses are taken, and never given out again. Pure."""

from typing import Any

import msgspec

from envscout.errors import UsageError
from envscout.notify.rules import Rule
from envscout.notify.terms import Terms

MAX_NAME = 64
MAX_FILE = 1 << 20


class Channel(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A channel as somebody wants it. address: "" keeps that of the channel there is; kind: "" goes by the address.

    terms: None keeps those there are, or takes the usual ones.
    """

    name: str
    address: str = ""
    kind: str = ""
    terms: Terms | None = None

    def __repr__(self) -> str:
        """Return what may be in a log."""
        return f"Channel({self.name!r})"


class Declared(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """All that a file says."""

    channels: tuple[Channel, ...] = ()
    rules: tuple[Rule, ...] = ()


def read(content: Any) -> Declared:
    """Read what a YAML or JSON parser gave. Raise UsageError."""
    try:
        return msgspec.convert(content if content is not None else {}, type=Declared)
    except msgspec.ValidationError as error:
        raise UsageError(f"the file cannot be understood: {error}", "see docs/reference/notifications.md") from error


def named(what: str, name: str) -> str:
    """Return a name that can be typed and shown. Raise UsageError."""
    if not name or len(name) > MAX_NAME or not name.isprintable() or name != name.strip() or name.startswith("-"):
        raise UsageError(
            f"{name[:MAX_NAME]!r} cannot be the name of a {what}",
            f"use 1 to {MAX_NAME} printable characters, not starting with a dash or a space",
        )
    return name
