"""Dot-separated pre-release identifiers, as https://semver.org/#spec-item-11 orders them.

A numeric identifier is NUM, any other its text and 01; 00 ends the list. So numbers < words, and a list < the same list
with more identifiers.
"""

from envscout.versions.alphabet import Memo, number, text

END = b"\x00"


def _code(identifier: str) -> bytes:
    return number(identifier) if identifier.isdigit() else text(identifier) + b"\x01"


_CODE = Memo(_code).__getitem__


def identifiers(dotted: str) -> bytes:
    """Return the code of a list of identifiers in ASCII, such as `alpha.1`."""
    return b"".join(map(_CODE, dotted.split("."))) + END
