"""What reading an image gives, and the bounds within which it is read."""

from collections.abc import Callable

import msgspec

from envscout.model import File, Problem

MAX_FILE = 128 << 20
MAX_TOTAL = 1 << 30
MAX_PROBLEMS = 100

Wanted = Callable[[str], bool]
Progress = Callable[[int, int], None]


class Contents(msgspec.Struct, frozen=True):
    """The wanted files of an image, in order of their paths, and what could not be read."""

    files: tuple[File, ...] = ()
    problems: tuple[Problem, ...] = ()


class Budget:
    """How many bytes of wanted files one image may still take in memory."""

    def __init__(self, total: int = MAX_TOTAL) -> None:
        self._left = total

    def refuses(self, size: int) -> str:
        """Take `size` bytes and return "", or return the reason why they are too many."""
        if size > MAX_FILE:
            return f"The file has {size:,} bytes; at most {MAX_FILE:,} are read."
        if size > self._left:
            return f"The wanted files of this image exceed {MAX_TOTAL:,} bytes."
        self._left -= size
        return ""


class Problems:
    """A bounded list of problems that says how many it left out."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._left_out = 0

    def add(self, code: str, message: str, where: str = "") -> None:
        """Note one problem."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(Problem(code, message, where))
        else:
            self._left_out += 1

    def done(self, where: str = "") -> tuple[Problem, ...]:
        """Return the problems in the order they came."""
        if self._left_out:
            more = Problem("more-problems", f"{self._left_out:,} more problems of this kind are not listed.", where)
            return (*self._problems, more)
        return tuple(self._problems)
