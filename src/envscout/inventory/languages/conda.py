"""Packages in a conda environment: `conda-meta/NAME-VERSION-BUILD.json` (docs.conda.io, "Package specification").

Python packages among them also bring Python's own metadata, and are listed as such, too.
"""

import msgspec

from envscout.inventory.documents import of_json, string, strings
from envscout.inventory.record import Reading, damaged, record


class _Installed(msgspec.Struct):
    name: object = None
    version: object = None
    build: object = None
    channel: object = None
    subdir: object = None
    license: object = None


def read(path: str, data: bytes) -> Reading:
    """Return the package that one file says was linked into the environment."""
    found = of_json(path, data, _Installed)
    if isinstance(found, Reading):
        return found
    name = string(found.name)
    if not name:
        return Reading(problems=(damaged(path, "it names no package"),))
    qualifiers = (("build", string(found.build)), ("channel", _channel(found)), ("subdir", string(found.subdir)))
    return record(
        "conda", name, string(found.version), path, licenses=strings(found.license), qualifiers=_given(qualifiers)
    )


def _channel(found: _Installed) -> str:
    """Return the name of the channel: `conda-forge` of `https://HOST/conda-forge/linux-64`."""
    parts = [part for part in string(found.channel).split("/") if part and part != string(found.subdir)]
    return parts[-1] if parts else ""


def _given(qualifiers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in qualifiers if value and len(value) <= 256 and value.isprintable())
