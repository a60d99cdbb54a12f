"""Programs packed with UPX: what they are made of shows only in memory, so all we can say is that we do not know."""

from envscout.inventory.executables.window import Window
from envscout.inventory.record import Reading
from envscout.model import Problem

_MARK = b"UPX!"
_WITHIN = 2048
"""Bytes of the beginning that hold the mark: it follows the headers, which packing leaves few of."""


def is_packed(head: bytes) -> bool:
    """Tell whether the beginning of an executable is that of a packed one (https://github.com/upx/upx, l_info)."""
    return head.find(_MARK, 0, _WITHIN) >= 0


class Packed:
    """Finds nothing, and says so."""

    def __init__(self, path: str) -> None:
        self._path = path

    def feed(self, window: Window) -> None:
        """Look at nothing."""

    def done(self) -> Reading:
        """Return the problem `packed-executable`."""
        said = f"{self._path}: unknown: the program is packed with UPX, what is in it cannot be read"
        return Reading(problems=(Problem("packed-executable", said, self._path),))
