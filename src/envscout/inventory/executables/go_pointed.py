"""What the build information of programs made before Go 1.18 points to: texts that went by when it is found.

Its pointers lead to string headers among the variables, and from there to texts among the constants. So the first
variables are kept, and of the constants what begins as a list of modules does.
"""

from itertools import islice

from envscout.inventory.executables.go_blob import END, MAX_MODULES, START, Build, Pointers
from envscout.inventory.executables.go_constants import Constants
from envscout.inventory.executables.layout import Layout
from envscout.inventory.executables.window import Capture, Window

MAX_VARIABLES = 8 << 20
"""Bytes of variables that are kept."""

MAX_LISTS = 2
"""Lists of modules that are kept; a program has one."""


class Pointed:
    """Keeps what pointers may lead to."""

    def __init__(self, layout: Layout, constants: Constants) -> None:
        self._layout = layout
        self._constants = constants
        self._lists: list[Capture] = []
        self._variables: list[Capture] = []
        left = MAX_VARIABLES
        for low, high in layout.data:
            self._variables.append(Capture(low, min(high - low, left)))
            left -= self._variables[-1].size

    def feed(self, window: Window) -> None:
        """Look at the next piece."""
        for capture in (*self._variables, *self._lists):
            capture.feed(window)
        for span in self._layout.constants:
            for at in islice(window.find(START, span), MAX_LISTS - len(self._lists)):
                self._lists.append(Capture(at, MAX_MODULES))
                self._lists[-1].feed(window)

    def build(self, pointers: Pointers | None) -> Build:
        """Return version and modules: those pointed to, or the only ones there are (Go 1.12 has no pointers)."""
        version = modules = None
        if pointers:
            offset, length = self._string(pointers, pointers.version)
            version = self._constants.at(offset, length)
            offset, length = self._string(pointers, pointers.modules)
            modules = self._list(offset, length)
        if version is None:
            version = self._constants.only_old()
        return Build(version.decode("ascii", "replace"), self._only_list() if modules is None else modules)

    def _string(self, pointers: Pointers, address: int) -> tuple[int | None, int]:
        """Return offset and length of the text whose header lies at an address; None where that is not known."""
        header = self._variable(address, 2 * pointers.width)
        start, length = pointers.pair(header)
        return (self._layout.offset(start), length) if header else (None, 1)

    def _variable(self, address: int, size: int) -> bytes:
        offset = self._layout.offset(address)
        for kept in self._variables if offset is not None else ():
            at = (offset or 0) - kept.start
            if 0 <= at <= len(kept.data) - size:
                return bytes(kept.data[at : at + size])
        return b""

    def _list(self, offset: int | None, length: int) -> bytes | None:
        if not length:
            return b""
        found = next((bytes(each.data[:length]) for each in self._lists if each.start == offset), b"")
        return found if len(found) == length else None

    def _only_list(self) -> bytes:
        for kept in self._lists:
            end = kept.data.find(END)
            if end >= 0:
                return bytes(kept.data[: end + len(END)])
        return b""
