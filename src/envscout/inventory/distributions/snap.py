"""Snaps as they are unpacked below /snap: the `meta/snap.yaml` of each, https://snapcraft.io/docs/snap-format.

Only the two plain values that every snap has at the beginning of a line are read, which takes no reader of YAML.
"""

import re

from envscout.inventory.record import Reading, damaged, record, text

_VALUE = re.compile(
    rb"""^(name|version):[ \t]*(?:'([^'\r\n]*)'|"([^"\\\r\n]*)"|([^'"\s#][^\r\n#]*))[ \t]*(?:#.*)?\r?$""", re.M
)


def read(path: str, data: bytes) -> Reading:
    """Return the snap that a file describes."""
    values: dict[bytes, str] = {}
    for key, *spellings in _VALUE.findall(data):
        values.setdefault(key, text(b"".join(spellings)).strip())
    if not values.get(b"name"):
        return Reading(problems=(damaged(path, "it names no snap"),))
    return record("snap", values[b"name"], values.get(b"version", ""), path)
