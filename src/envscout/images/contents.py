"""What of an image is worth reading, what reading it gives, and the bounds within which it is read."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol

import msgspec

from envscout.model import File, Problem

MAX_FILE = 512 << 20
LARGE_FILE = 16 << 20
MAX_KEPT = 256 << 20
MAX_HOLES = 1 << 30
MAX_PROBLEMS = 100
HEAD = 64
"""Bytes of a file's beginning that tell whether it is worth a probe."""

KEPT = "3"
"""The version of what is remembered of a layer: raised whenever the same layer would be remembered otherwise."""

Progress = Callable[[int, int], None]


class Probe(Protocol):
    """Takes a file piece by piece while it streams by."""

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the file."""

    def done(self) -> bytes:
        """Return what to keep of the file, b"" where there is nothing."""


def _no_probe(path: str, head: bytes, size: int) -> Probe | None:  # noqa: ARG001
    return None


class Interest(NamedTuple):
    """What is worth reading. All of it is called from several threads at once and has to be quick.

    kind: which kind of file a path is, "" if its name tells nothing. reduce: what to keep of a file, given the path
    that makes it interesting and its bytes. probe: who looks into a file that has no kind, given path, first HEAD
    bytes and size; None for nobody.
    """

    kind: Callable[[str], str]
    reduce: Callable[[str, bytes], bytes]
    probe: Callable[[str, bytes, int], Probe | None] = _no_probe


class LayerCache(Protocol):
    """Remembers what was kept of layers, by the digest their bytes were proved by. Called from one thread."""

    def get(self, digest: str) -> bytes | None:
        """Return what was put, None where it is not known (any more)."""

    def put(self, digest: str, data: bytes) -> None:
        """Remember it, for a while."""


class Contents(msgspec.Struct, frozen=True):
    """What was kept of the files of an image, in order of their paths, and what could not be read."""

    files: tuple[File, ...] = ()
    problems: tuple[Problem, ...] = ()


class Trace(msgspec.Struct, frozen=True):
    """What was kept of a file of one layer. layer: its diff_id, "" for a directory on disk.

    visible: a container sees this file; else a later layer removed it or put something in its place.
    """

    path: str
    layer: str
    data: bytes
    visible: bool


class Traces(msgspec.Struct, frozen=True):
    """What was kept of the files of every layer, the lowest first, and what could not be read."""

    traces: tuple[Trace, ...] = ()
    problems: tuple[Problem, ...] = ()


class Budget:
    """How much memory one image may take. Threads share it: which of them finds none left depends on who came first.

    Files of more than LARGE_FILE bytes are held one at a time, so that many of them cost no more than one.
    """

    def __init__(self, total: int = MAX_KEPT) -> None:
        self._total = total
        self._left = total
        self._holes = MAX_HOLES
        self._lock = threading.Lock()
        self._large = threading.Lock()

    def refuses(self, size: int, holes: int = 0) -> str:
        """Return the reason why a file of `size` bytes is not read, "" if it is. holes: how many to fill in."""
        if size > MAX_FILE:
            return f"The file has {size:,} bytes; at most {MAX_FILE:,} are read."
        return self.fills(holes) if holes else ""

    def fills(self, holes: int) -> str:
        """Take `holes` bytes of what may be filled with zeros and return "", or return why they are too many."""
        with self._lock:
            if holes > self._holes:
                return f"The holes of this image's sparse files exceed {MAX_HOLES:,} bytes."
            self._holes -= holes
        return ""

    def holding(self, size: int) -> AbstractContextManager[object]:
        """Return what to hold while a file of `size` bytes is in memory."""
        return self._large if size > LARGE_FILE else nullcontext()

    def keeps(self, size: int) -> str:
        """Take `size` bytes of what is kept and return "", or return the reason why they are too many."""
        with self._lock:
            if size > self._left:
                return f"What is known of this image's files exceeds {self._total:,} bytes."
            self._left -= size
        return ""


class Problems:
    """A list of problems, bounded for each code, that says how many it left out."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._counts: dict[str, int] = {}
        self._left_out = 0

    def add(self, code: str, message: str, where: str = "") -> None:
        """Note one problem."""
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._counts[code] <= MAX_PROBLEMS:
            self._problems.append(Problem(code, message, where))
        else:
            self._left_out += 1

    def done(self, where: str = "") -> tuple[Problem, ...]:
        """Return the problems in the order they came."""
        if self._left_out:
            more = Problem("more-problems", f"{self._left_out:,} more problems of this kind are not listed.", where)
            return (*self._problems, more)
        return tuple(self._problems)
