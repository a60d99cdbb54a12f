"""Installed Lua rocks: `lib/luarocks/rocks-5.4/NAME/VERSION/NAME-VERSION.rockspec` (luarocks, "Rockspec format").

A rockspec is a Lua program of plain assignments; it is searched, not run, and its folders tell the same.
"""

import re

from envscout.inventory.record import Reading, damaged, record, text

MAX_ROCKSPEC = 1 << 20
"""Bytes of a rockspec that are searched."""

_FIELD = re.compile(rb"^[ \t]*(package|version|license)[ \t]*=[ \t]*(?:\"([^\"\r\n]*)\"|'([^'\r\n]*)')", re.M)
_FOLDERS = re.compile(r".*/([^/]+)/([^/]+)/[^/]+\.rockspec", re.S)


def read(path: str, data: bytes) -> Reading:
    """Return the rock of one rockspec."""
    found = _FIELD.findall(data[:MAX_ROCKSPEC])
    fields = {name: text(double or single) for name, double, single in reversed(found)}
    folders = _FOLDERS.fullmatch(path)
    name = folders[1] if folders else fields.get(b"package", "")
    version = folders[2] if folders else fields.get(b"version", "")
    reading = record("luarocks", name, version, path, licenses=[fields.get(b"license", "")])
    if b"package" in fields and b"version" in fields:
        return reading
    return Reading(reading.records, (damaged(path, "the rockspec lacks package or version"), *reading.problems))
