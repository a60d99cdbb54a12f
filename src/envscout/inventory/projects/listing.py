"""What all readers of lock files share: packages that are only named become records, within bounds and rules.

The rules are the same for every format. Development-only packages are left out where the file tells them apart; so are
the project's own packages (workspace members, path dependencies), and lock files that came along inside installed or
vendored packages, because nobody installs by those.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from envscout.inventory.record import Reading, damaged, merged, record
from envscout.model import Problem

MAX_BYTES = 32 << 20
"""Bytes of a lock file that is read; real ones stay under 10 MB."""

MAX_PACKAGES = 200_000
MAX_PROBLEMS = 1_000

_FOREIGN = frozenset({
    "node_modules", "bower_components", "jspm_packages", "site-packages", "dist-packages", "vendor", "Pods", "Carthage",
    ".build", ".cargo", ".gradle", ".m2", ".nuget", ".pub-cache", ".stack-work", ".tox", ".venv", ".yarn", ".git",
})  # fmt: skip
_DEVELOPMENT = frozenset({
    "dev", "devel", "develop", "development", "test", "tests", "testing", "lint", "linting", "doc", "docs", "ci",
    "typing",
})  # fmt: skip


class Unreadable(Exception):
    """The rest of a file makes no sense. It never leaves this folder."""


class Found(NamedTuple):
    """A package that a file names; version "" where it names none that could be compared."""

    type: str
    name: str
    version: str
    qualifiers: tuple[tuple[str, str], ...] = ()


Listed = Iterable[Found | Problem]
Parse = Callable[[str, bytes], Listed]


def listing(path: str, data: bytes, parse: Parse) -> Reading:
    """Return what `parse` finds in a file, each package once, and why it stopped if it raised Unreadable."""
    if foreign(path):
        return Reading()
    if len(data) > MAX_BYTES:
        return Reading(problems=(damaged(path, f"it has {len(data):,} bytes; at most {MAX_BYTES:,} are read"),))
    found: dict[Found, None] = {}
    problems: dict[Problem, None] = {}
    try:
        for each in parse(path, data):
            if isinstance(each, Problem):
                problems[each] = None
            else:
                found[each] = None
            if len(found) >= MAX_PACKAGES or len(problems) >= MAX_PROBLEMS:
                raise Unreadable(f"it names too many packages or has too much damage; only {len(found)} are listed")
    except Unreadable as error:
        problems[damaged(path, str(error))] = None
    records = (record(each.type, each.name, each.version, path, qualifiers=each.qualifiers) for each in found)
    return merged((*records, Reading(problems=tuple(problems))))


def foreign(path: str) -> bool:
    """Tell whether a file lies inside installed or vendored packages."""
    return not _FOREIGN.isdisjoint(path.split("/")[:-1])


def incomplete(path: str, message: str) -> Problem:
    """Return the problem of a file that by its nature names only a part of what will be installed."""
    return Problem("incomplete-project", f"{path}: {message}", path)


def is_development(name: str) -> bool:
    """Tell whether the name of a file or group holds a word by which people mark what is for development only."""
    return not _DEVELOPMENT.isdisjoint(re.split(r"[^a-z]+", name.lower()))
