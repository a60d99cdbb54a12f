"""What npm noted of a tree it installed: the hidden lock file `node_modules/.package-lock.json` (npm 7 and later).

It has the format of `package-lock.json` (docs.npmjs.com, "Hidden Lockfiles"), but lists only what lies on the disk. A
package that it and a manifest list is one package with two locations.
"""

import re

import msgspec

from envscout.inventory.documents import mapping, of_json, string, strings
from envscout.inventory.record import Reading, damaged, merged, record

_NAME = re.compile(r"(?:\A|.*/)node_modules/((?:@[^/]+/)?[^/]+)", re.S)


class _Lock(msgspec.Struct):
    packages: object = None


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a hidden lock file. Links lead to packages that are listed where they lie."""
    lock = of_json(path, data, _Lock)
    if isinstance(lock, Reading):
        return lock
    if not isinstance(lock.packages, dict):
        return Reading(problems=(damaged(path, "the hidden lock file has no packages"),))
    return merged(_package(path, place, mapping(entry)) for place, entry in lock.packages.items())


def _package(path: str, place: str, entry: dict[str, object]) -> Reading:
    folder = _NAME.fullmatch(place)
    if not folder or entry.get("link"):
        return Reading()
    name = string(entry.get("name")) or folder[1]
    return record("npm", name, string(entry.get("version")), path, licenses=strings(entry.get("license")))
