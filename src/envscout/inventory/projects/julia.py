"""`Manifest.toml` of Julia (pkgdocs.julialang.org, Manifest.toml), formats 1 and 2."""

from collections.abc import Iterator
from typing import Any

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, listing
from envscout.inventory.record import Reading


def read(path: str, data: bytes) -> Reading:
    """Return the packages; parts of Julia without version of their own, and packages in a folder, are left out."""
    return listing(path, data, _listed)


def _listed(_path: str, data: bytes) -> Listed:
    manifest = document.toml(data)
    packages = document.mapping(manifest.get("deps"), "`deps`") if "manifest_format" in manifest else manifest
    for name, value in packages.items():
        for package in _entries(value):
            uuid = document.text(package.get("uuid"))
            if uuid and "path" not in package and ("version" in package or "git-tree-sha1" in package):
                yield Found("julia", name, document.text(package.get("version")), (("uuid", uuid),))


def _entries(value: object) -> Iterator[dict[str, Any]]:
    """Yield a name's packages; other files of this name have no lists of tables with a `uuid`."""
    return map(document.entry, document.items(value))
