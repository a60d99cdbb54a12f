"""The build information of a Go program, found among its variables while the program goes by."""

from collections.abc import Iterator

import msgspec

from envscout.inventory.executables.go_blob import ALIGNMENT, FIRST, MAGIC, Build, Inline, Pointers, decoded
from envscout.inventory.executables.go_constants import Constants
from envscout.inventory.executables.go_pointed import Pointed
from envscout.inventory.executables.layout import Layout
from envscout.inventory.executables.window import Capture, Window

MAX_PLACES = 4096
"""Places with the magic text that are looked at; programs have up to three. With more than these, nothing is known."""


class _Place:
    """A place with the magic text, as its bytes come."""

    def __init__(self, start: int, layout: Layout) -> None:
        self.form: Inline | Pointers | None = None
        self.is_read = False
        self._layout = layout
        self.capture = Capture(start, FIRST)

    def feed(self, window: Window) -> None:
        self.capture.feed(window)
        if self.capture.is_whole and not self.is_read:
            self.read()
            self.capture.feed(window)

    def read(self) -> None:
        """Decide from the first bytes what it is, and how much of it there is."""
        self.is_read = True
        self.form = decoded(bytes(self.capture.data))
        if isinstance(self.form, Pointers) and self._layout.offset(self.form.version) is None:
            self.form = None
        self.capture.size = self.form.size if self.form else 0


class GoSearch:
    """Looks for build information; the first that can be decoded counts.

    Programs that read build information of others hold the magic text, too, but not what has to follow it.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._places: list[_Place] = []
        self._found: _Place | None = None
        self._seen = 0
        self._constants = Constants(layout) if layout.is_go else None
        self._pointed = Pointed(layout, self._constants) if self._constants and not layout.is_inline else None

    def feed(self, window: Window) -> None:
        """Look at the next piece."""
        if self._found:
            self._found.capture.feed(window)
        else:
            self._look(window)
        if self._constants:
            self._constants.feed(window)
        if self._pointed:
            self._pointed.feed(window)

    def done(self) -> Build | None:
        """Return what was found, None for what is no Go program."""
        build = self._build()
        return msgspec.structs.replace(build, beside=self._constants.beside()) if build and self._constants else build

    def _build(self) -> Build | None:
        for place in self._places:
            place.read()
        found = self._found or next((place for place in self._places if place.form), None)
        form = found.form if found else None
        if found and isinstance(form, Inline):
            data = bytes(found.capture.data[: form.size])
            return Build(form.version, data[form.begin :], len(data) < form.size)
        if self._pointed:
            return self._pointed.build(form if isinstance(form, Pointers) else None)
        return Build() if form or self._layout.is_go or self._seen > MAX_PLACES else None

    def _look(self, window: Window) -> None:
        for place in self._places:
            place.feed(window)
        for at in self._hits(window):
            if at % ALIGNMENT == 0:
                self._places.append(_Place(at, self._layout))
                self._places[-1].feed(window)
                if self._places[-1].form:
                    break
        self._found = next((place for place in self._places if place.form), None)
        self._places = [place for place in self._places if not place.is_read]

    def _hits(self, window: Window) -> Iterator[int]:
        """Yield where the magic text is."""
        for span in self._layout.data if self._seen <= MAX_PLACES else ():
            for at in window.find(MAGIC, span):
                self._seen += 1
                if self._seen > MAX_PLACES:
                    return
                yield at
