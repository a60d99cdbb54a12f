"""`Gemfile.lock` of Bundler (bundler.io/man/gemfile.5): gems of servers and repositories; it tells no groups."""

import re

from envscout.inventory.projects.listing import Found, Listed, Unreadable, listing
from envscout.inventory.record import Reading, damaged, text

_SECTION = re.compile(r"[A-Z][A-Z ]*")
_SPECIFICATION = re.compile(r" {4}([^\s(]+)(?: \(([^()\s]+)\))?")
_GEMS = ("GEM", "GIT", "PLUGIN SOURCE")


def read(path: str, data: bytes) -> Reading:
    """Return the gems, one for all its platforms; those of `PATH` are the project's own."""
    return listing(path, data, _listed)


def _listed(path: str, data: bytes) -> Listed:
    section = ""
    seen = False
    for line in text(data).splitlines():
        if _SECTION.fullmatch(line):
            section, seen = line, True
        elif line.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            raise Unreadable("it holds an unfinished merge")
        elif section in _GEMS and line.startswith("    ") and not line.startswith("     "):
            gem = _SPECIFICATION.fullmatch(line)
            if gem:
                yield Found("gem", gem[1], (gem[2] or "").partition("-")[0])
            else:
                yield damaged(path, f"the line {line[:60]!r} names no gem")
    if not seen and data.strip():
        raise Unreadable("it is no lock file of Bundler: it has no sections")
