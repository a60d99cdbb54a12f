"""Dart packages: those a package configuration leads to, and those in pub's cache (dart.dev, "pub get").

`.dart_tool/package_config.json` names folders of the cache, `hosted/HOST/NAME-VERSION`; packages of paths and of Git
have no version there. In the cache each folder has its `pubspec.yaml`. A compiled program tells of no packages.
"""

import re
from urllib.parse import unquote

import msgspec

from envscout.inventory.documents import mapping, of_json, string
from envscout.inventory.record import Reading, damaged, merged, record, text

MAX_PUBSPEC = 1 << 20
"""Bytes of a pubspec.yaml that are searched."""

_CACHED = re.compile(r".*/hosted/[^/]+/([a-z0-9_]+)-([0-9][^/]*)/?", re.S | re.I)
_FIELD = re.compile(rb"^(name|version)[ \t]*:[ \t]*[\"']?([^\s\"'#]+)", re.M)


class _Configuration(msgspec.Struct):
    packages: object = None


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a configuration, or the one of a folder in the cache."""
    return _pubspec(path, data) if path.endswith(".yaml") else _configuration(path, data)


def _configuration(path: str, data: bytes) -> Reading:
    found = of_json(path, data, _Configuration)
    if isinstance(found, Reading):
        return found
    if not isinstance(found.packages, list):
        return Reading(problems=(damaged(path, "there is no list of packages"),))
    places = (_CACHED.fullmatch(unquote(string(mapping(each).get("rootUri")))) for each in found.packages)
    return merged(record("pub", place[1], place[2], path) for place in places if place)


def _pubspec(path: str, data: bytes) -> Reading:
    """Return a cached package; the folder's name stands in for what the file lacks."""
    fields = {name: text(value) for name, value in reversed(_FIELD.findall(data[:MAX_PUBSPEC]))}
    folder = _CACHED.fullmatch(f"/{path}".rpartition("/")[0])
    name = fields.get(b"name") or (folder[1] if folder else "")
    return record("pub", name, fields.get(b"version") or (folder[2] if folder else ""), path)
