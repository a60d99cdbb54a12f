"""`package-lock.json` and `npm-shrinkwrap.json` of npm, versions 1 to 3 (docs.npmjs.com, package-lock.json)."""

import re
from collections.abc import Iterator
from typing import Any

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, Unreadable, listing
from envscout.inventory.record import Reading

_TARBALL = re.compile(r"https?://[^?#]*/-/[^/?#]+?-([0-9][^/?#]*)\.tgz")
_ARCHIVE = (".tgz", ".tar.gz", ".tar")


def read(path: str, data: bytes) -> Reading:
    """Return the packages that are installed without `--include=dev`."""
    return listing(path, data, _listed)


def _listed(_path: str, data: bytes) -> Listed:
    lock = document.json(data)
    if "packages" in lock:
        return _by_place(document.mapping(lock["packages"], "`packages`"))
    if "dependencies" in lock or "lockfileVersion" in lock:
        return _nested(document.mapping(lock.get("dependencies"), "`dependencies`"))
    raise Unreadable("it is no lock file of npm: it has neither `packages` nor `dependencies`")


def _by_place(packages: dict[str, Any]) -> Iterator[Found]:
    """Yield the entries of versions 2 and 3, which are named by the folder that they are installed in."""
    for place, value in packages.items():
        found = document.entry(value)
        _, inside, folder = place.rpartition("node_modules/")
        if not inside or found.get("link") is True or _is_left_out(found):
            continue
        yield Found("npm", document.text(found.get("name")) or folder, document.text(found.get("version")))


def _nested(dependencies: dict[str, Any]) -> Iterator[Found]:
    """Yield the entries of version 1, which nest as their folders do."""
    waiting = [dependencies]
    while waiting:
        for name, value in waiting.pop().items():
            found = document.entry(value)
            waiting.append(document.entry(found.get("dependencies")))
            version = document.text(found.get("version"))
            if not _is_left_out(found) and not (version.startswith("file:") and not version.endswith(_ARCHIVE)):
                yield Found("npm", *_named(name, version))


def _is_left_out(found: dict[str, Any]) -> bool:
    return found.get("dev") is True or found.get("extraneous") is True


def _named(name: str, version: str) -> tuple[str, str]:
    """Return name and version where an alias or an address stands in place of a version."""
    if version.startswith("npm:"):
        name, _, version = version.removeprefix("npm:").rpartition("@")
    elif match := _TARBALL.fullmatch(version):
        version = match[1]
    return name, "" if re.search(r"[:/]", version) else version
