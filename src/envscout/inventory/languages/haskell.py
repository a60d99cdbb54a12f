"""Installed Haskell packages: GHC's package database, `package.conf.d/*.conf` (GHC User's Guide, "Package databases").

An internal library is registered under a name of its own with the package's beside it.
"""

import re

from envscout.inventory.record import Reading, damaged, record, text

MAX_REGISTRATION = 4 << 20
"""Bytes of a registration that are searched."""

_FIELD = re.compile(rb"^(name|version|package-name|license):[ \t]*(?:\r?\n[ \t]+)?([^\r\n]*)", re.M | re.I)


def read(path: str, data: bytes) -> Reading:
    """Return the package of one registration."""
    fields: dict[bytes, str] = {}
    for name, value in _FIELD.findall(data[:MAX_REGISTRATION]):
        fields.setdefault(name.lower(), text(value.strip()))
    name = fields.get(b"package-name") or fields.get(b"name", "")
    if not name:
        return Reading(problems=(damaged(path, "the registration names no package"),))
    return record("hackage", name, fields.get(b"version", ""), path, licenses=[fields.get(b"license", "")])
