"""Requirement files of pip (pip.pypa.io, requirements file format; packaging.python.org, dependency specifiers)."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from envscout.inventory.projects.listing import Found, Listed, incomplete, is_development, listing
from envscout.inventory.record import Reading, damaged, text
from envscout.model import Problem

PATTERNS = ("requirements*.txt", "*requirements.txt", "requirements/*.txt")

_CONTINUED = re.compile(r"\\\r?\n")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_INCLUDED = re.compile(r"(?:-r|--requirement)[ =]*(\S+)")
_REQUIREMENT = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*+(?:\[[^\]]*+\]\s*+)?([(<>=!~@].*)?")
_PINNED = re.compile(r"\(?\s*===?\s*([^\s,;*()]+)\s*\)?")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def read(path: str, data: bytes) -> Reading:
    """Return the requirements whatever their markers say, without version where none is pinned."""
    return Reading() if is_development(_own_name(path)) else listing(path, data, _listed)


def _own_name(path: str) -> str:
    """Return what tells a file from others of its kind: `dev` of `requirements-dev.txt` and `requirements/dev.txt`."""
    return path.rpartition("/")[2].removesuffix(".txt")


def _listed(path: str, data: bytes) -> Listed:
    for line in _CONTINUED.sub(" ", text(data.removeprefix(b"\xef\xbb\xbf"))).splitlines():
        line = _COMMENT.sub("", line).strip()
        if line.startswith("-"):
            yield from _option(path, line)
        elif line:
            yield from _requirement(path, line)


def _option(path: str, line: str) -> Listed:
    if line.startswith(("-e", "--editable")):
        yield from _elsewhere(path, line)
    elif included := _INCLUDED.match(line):
        name = included[1].rpartition("/")[2]
        folder = path.rpartition("/")[0].rpartition("/")[2]
        if not any(fnmatchcase(name, each) or fnmatchcase(f"{folder}/{name}", each) for each in PATTERNS):
            yield incomplete(
                path, f"it includes {included[1][:200]!r}, which is not read: its name does not tell what it is"
            )


def _elsewhere(path: str, line: str) -> Listed:
    """Yield what is fetched from an address: its `egg` names it; a folder of the project is the project's own."""
    if egg := _EGG.search(line):
        yield Found("pypi", egg[1], "")
    elif "://" in line and "file:" not in line:
        yield incomplete(path, f"it asks for {line[:200]!r}, which names no package")


def _requirement(path: str, line: str) -> Iterator[Found | Problem]:
    if line.startswith((".", "/")) or _ADDRESS.match(line):
        yield from _elsewhere(path, line)
        return
    wanted = line.partition(" --")[0].partition(";")[0].strip()
    requirement = _REQUIREMENT.fullmatch(wanted)
    if requirement is None:
        yield damaged(path, f"{wanted[:60]!r} is no requirement")
        return
    pinned = _PINNED.fullmatch(requirement[2] or "")
    yield Found("pypi", requirement[1], pinned[1] if pinned else "")
