"""What a form is: a row that says how one kind of secret looks, and where it is looked for."""

import re
from collections.abc import Callable

import msgspec

CHECKED = "checked"
LIKELY = "likely"
EXAMPLE = "example"

ANYWHERE = "anywhere"
"""In programs and other bytes as well as in texts."""
TEXT = "text"
SETTINGS = "settings"
"""In the configuration of an image, and in `.env` files alone."""

MAX_MATCH = 1 << 15
"""Bytes that no pattern matches more of."""
NEAR = 1 << 12
"""Bytes on both sides of a match that a check may look at."""

Check = Callable[[bytes, "re.Match[bytes]"], str]
"""Takes the bytes and a match in them; returns CHECKED, LIKELY or EXAMPLE, "" for what is no secret."""


def likely(data: bytes, match: "re.Match[bytes]") -> str:  # noqa: ARG001
    """Return that the form is all there is to go by."""
    return LIKELY


class Form(msgspec.Struct, frozen=True):
    """One kind of secret.

    title: in words. pattern: matched where one of the anchors is found, or, without anchors, searched for; its group
    `s` is the secret, else all of it; it takes time in proportion to MAX_MATCH at most. needs: bytes that
    every match holds. where: ANYWHERE, TEXT or SETTINGS; names: only in files of these names or ends of paths.
    public: how many first characters are the same for everybody. chosen: people choose it.
    weak: counts only where nothing else was found. source: who says so.
    """

    id: str
    title: str
    pattern: bytes
    anchors: tuple[bytes, ...] = ()
    needs: bytes = b""
    where: str = TEXT
    names: tuple[str, ...] = ()
    public: int = 0
    chosen: bool = False
    weak: bool = False
    check: Check = likely
    source: str = ""

    def reads(self, path: str) -> bool:
        """Return whether a file of this path may hold it."""
        return not self.names or path.rpartition("/")[2] in self.names or path.endswith(self.names)
