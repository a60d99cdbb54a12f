"""What a cataloguer is: a row that says which files it reads, and the module whose `read` reads them."""

from collections.abc import Callable
from importlib import import_module

import msgspec

from envscout.inventory.record import Reading

Read = Callable[[str, bytes], Reading]
"""Takes a path as in model.File and the whole bytes of the file; never raises."""


class Cataloguer(msgspec.Struct, frozen=True):
    """One kind of file that says something about packages.

    version: raised whenever the same bytes would read differently. patterns: paths without leading slash, where `*`
    stands for anything within one part and a leading `**/` for any folders; the last part holds a plain name, a plain
    ending after its last dot, or lies in a plain folder. module: below envscout.inventory, has `read`; imported when it
    first reads. types: purl types of what it lists. database: the register of a distribution's package manager.
    project: a lock file or manifest of a source tree, read in directories only: what an image installed of it is told
    by the packages themselves. unmatched: why no feed knows these packages, "" where one does. large: files of more
    than keeping.MAX_READ bytes are read, too: its memory does not grow by a multiple of the file.
    """

    name: str
    version: str
    patterns: tuple[str, ...]
    module: str
    types: tuple[str, ...] = ()
    database: bool = False
    project: bool = False
    unmatched: str = ""
    large: bool = False

    @property
    def read(self) -> Read:
        """Return the function that reads such a file."""
        read: Read = import_module(f"envscout.inventory.{self.module}").read
        return read
