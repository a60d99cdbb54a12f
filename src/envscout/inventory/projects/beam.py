"""`mix.lock` of Elixir and `rebar.lock` of Erlang: terms of packages of Hex and of repositories."""

import re

from envscout.inventory.projects.listing import Found, Listed, Unreadable, listing
from envscout.inventory.record import Reading, text

_MIX = re.compile(
    r'"([^"\\\n]+)"\s*(?::|=>)\s*\{\s*:(?:(hex),\s*:"?([A-Za-z0-9_]+)"?,\s*"([^"\\\n]*)"|(git),)'
    r"|(\"[^\"\\\n]+\"\s*(?::|=>)\s*\{)"
)
_REBAR = re.compile(
    r'\{<<"([^"\\\n]+)">>,\s*\{(?:(pkg),\s*<<"([^"\\\n]+)">>,\s*<<"([^"\\\n]*)">>|(git|git_subdir|hg),)'
)


def read(path: str, data: bytes) -> Reading:
    """Return the packages, called as on Hex; those of repositories without version."""
    return Reading() if "/deps/" in f"/{path}" else listing(path, data, _mix if path.endswith("mix.lock") else _rebar)


def _mix(_path: str, data: bytes) -> Listed:
    lines = text(data).strip()
    if lines and not (lines.startswith("%{") and lines.endswith("}")):
        raise Unreadable("it is no whole map of Elixir")
    for found in _MIX.finditer(lines):
        if found[6]:
            raise Unreadable(f"an entry begins with {found[6][:60]!r}")
        yield Found("hex", found[3] or found[1], found[4] or "")


def _rebar(_path: str, data: bytes) -> Listed:
    lines = text(data).strip()
    if lines and not (lines.startswith(("[", "{")) and lines.endswith(".")):
        raise Unreadable("it is no whole term of Erlang")
    for found in _REBAR.finditer(lines):
        yield Found("hex", found[3] or found[1], found[4] or "")
