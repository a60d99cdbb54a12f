"""What looks for one kind of thing in an executable that goes by."""

from typing import Protocol

from envscout.inventory.executables.window import Window
from envscout.inventory.record import Reading


class Finder(Protocol):
    """Made for one file, shown every window of it once, and asked in the end."""

    def feed(self, window: Window) -> None:
        """Look at the next piece."""

    def done(self) -> Reading:
        """Return what was found."""
