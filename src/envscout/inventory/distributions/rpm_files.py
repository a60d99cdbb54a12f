"""The files that an rpm package says it installed, with their digests, out of its header."""

from collections.abc import Iterator

from envscout.inventory.claims import claimable
from envscout.inventory.distributions import rpm_header as tags
from envscout.inventory.distributions.damage import DamagedError
from envscout.inventory.distributions.rpm_header import Header
from envscout.inventory.record import text

MAX_FOLDER = 4096
"""Bytes of a folder's path; Linux knows no longer ones."""

MAX_LOOKED_AT = 64 << 20
"""Characters of paths that are looked at in one database."""

_ALGORITHMS = {1: "md5", 2: "sha1", 8: "sha256"}
"""FILEDIGESTALGO, numbered as in RFC 9580, section 9.5; where it is missing, MD5."""

File = tuple[str, str, str]
"""Path without leading slash, algorithm and digest; both "" where it gives none that we compute."""


class Budget:
    """What may still be looked at of the files of one database."""

    def __init__(self) -> None:
        self._left = MAX_LOOKED_AT

    def spend(self, length: int) -> None:
        """Take a path's length off. Raises DamagedError where nothing is left."""
        self._left -= length
        if self._left < 0:
            raise DamagedError("its packages name more files than are looked at")


def files(header: Header, budget: Budget) -> Iterator[File]:
    """Yield the files that could be evidence. Raises DamagedError where they are too many or their lists do not fit.

    Links and folders have no digest; they are left out where the package gives digests at all.
    """
    digests = header.words(tags.FILEDIGESTS)
    algorithm = _ALGORITHMS.get(next(iter(header.numbers(tags.FILEDIGESTALGO)), 1), "")
    paths = _paths(header, budget)
    if not any(digests):
        yield from ((path, "", "") for path, _ in paths)
        return
    for path, number in paths:
        digest = digests[number] if number < len(digests) else b""
        if digest:
            yield path, algorithm, text(digest).lower() if algorithm else ""


def _paths(header: Header, budget: Budget) -> Iterator[tuple[str, int]]:
    """Yield the claimable paths, each with its place in the lists."""
    for number, path in _all(header):
        budget.spend(len(path))
        if claimable(path):
            yield path, number


def _all(header: Header) -> Iterator[tuple[int, str]]:
    """Yield the paths in folders in which anything is claimable, numbered as in the lists."""
    # Packages built before rpm 4 keep whole paths.
    yield from enumerate(text(name).removeprefix("/") for name in header.words(tags.OLDFILENAMES))
    names, indexes = header.words(tags.BASENAMES), header.numbers(tags.DIRINDEXES)
    folders = [_folder(name) for name in header.words(tags.DIRNAMES)]
    if len(names) != len(indexes) or max(indexes, default=-1) >= len(folders):
        raise DamagedError("the lists of a package's files do not fit each other")
    for number, (name, index) in enumerate(zip(names, indexes, strict=True)):
        if folders[index]:
            yield number, folders[index] + text(name)


def _folder(name: bytes) -> str:
    """Return a folder as a prefix of paths, "" where nothing in it could be claimed: not even a library."""
    folder = text(name).removeprefix("/") if len(name) <= MAX_FOLDER else ""
    return folder if claimable(f"{folder}any.so") else ""
