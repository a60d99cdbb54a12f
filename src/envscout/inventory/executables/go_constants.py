"""Texts among the constants of a Go program that are asked for only after they went by.

Every `go1.` is kept, since it may be the version of Go, and what lies around one that follows a NUL: where the linker
was told to write texts into variables, it puts them side by side, each between NULs, and the version of Go is one.
"""

import re

from envscout.inventory.executables.layout import Layout
from envscout.inventory.executables.window import KEPT, Capture, Window

MAX_TEXTS = 1024
"""Texts that are kept since they may be the version of Go; a program has a handful. After so many we stop looking."""

MAX_AROUND = 8
"""Places whose surroundings are kept."""

TEXT = 64
"""Bytes that are kept of each text."""

AROUND = KEPT - TEXT
"""Bytes on either side of the version of Go where other texts of the linker are looked for."""

_GO = re.compile(rb"go1\.")  # With so short a needle a third faster than bytes.find.
_GO_LENGTH = 4
_ALONE = re.compile(rb"go1\.[0-9][ -~]*\0")
_VERSION = re.compile(rb"\0(v?[0-9]+\.[0-9]+\.[0-9]+(?:[-+~][0-9A-Za-z.+~-]{1,64})?)(?=\0)")
_OLD = re.compile(rb"go1\.1[2-7](?:\.[0-9]{1,2}+|beta[1-9]|rc[1-9])?+(?![0-9])")


class Constants:
    """Keeps the texts of one program."""

    def __init__(self, layout: Layout) -> None:
        self._spans = layout.constants
        self._texts: list[Capture] = []
        self._around: list[tuple[int, Capture]] = []
        self._open: list[Capture] = []

    def feed(self, window: Window) -> None:
        """Look at the next piece."""
        for capture in self._open:
            capture.feed(window)
        for span in self._spans if len(self._texts) < MAX_TEXTS else ():
            for at in window.match(_GO, _GO_LENGTH, span):
                self._keep(at, window)
                if len(self._texts) >= MAX_TEXTS:
                    break
        self._open = [capture for capture in self._open if not capture.is_whole]

    def at(self, offset: int | None, length: int) -> bytes | None:
        """Return a text by its place and length, None if it was not kept."""
        found = next((bytes(each.data[:length]) for each in self._texts if each.start == offset), b"")
        return found if len(found) == length else None

    def only_old(self) -> bytes:
        """Return the one version of Go before 1.18 that is named, b"" if none or several are."""
        found = {match[0] for each in self._texts if (match := _OLD.match(each.data))}
        return found.pop() if len(found) == 1 else b""

    def beside(self) -> tuple[str, ...]:
        """Return what stands beside the version of Go and looks like a version, each text once."""
        found: dict[str, None] = {}
        for at, around in self._around:
            if _ALONE.match(around.data, at - around.start):
                found |= dict.fromkeys(text.decode("ascii") for text in _VERSION.findall(around.data))
        return tuple(found)

    def _keep(self, at: int, window: Window) -> None:
        self._texts.append(self._begun(at, TEXT, window))
        if len(self._around) < MAX_AROUND and window.take(at - 1, at) == b"\0":
            low = max(at - AROUND, 0)
            self._around.append((at, self._begun(low, at + AROUND - low, window)))

    def _begun(self, start: int, size: int, window: Window) -> Capture:
        capture = Capture(start, size)
        capture.feed(window)
        self._open.append(capture)
        return capture
