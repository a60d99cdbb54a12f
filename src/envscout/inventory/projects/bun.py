"""`bun.lock` of bun, versions 0 and 1: JSON with trailing commas (bun.sh/docs/install/lockfile)."""

from collections.abc import Iterator
from typing import Any

from envscout.inventory.projects import document, graph
from envscout.inventory.projects.listing import Found, Listed, Unreadable, listing
from envscout.inventory.record import Reading
from envscout.model import Problem

MAX_NESTING = 32
MAX_PLACE = 1024
"""Packages within packages, and characters of their names, up to which it is looked for who needs whom."""

_RUNTIME = ("dependencies", "optionalDependencies", "peerDependencies")
_OWN = ("workspace:", "link:", "root:", "folder:")


def read(path: str, data: bytes) -> Reading:
    """Return the packages that are installed with `--production`; the binary `bun.lockb` is named as a problem."""
    return listing(path, data, _binary if path.endswith(".lockb") else _listed)


def _binary(path: str, _data: bytes) -> Listed:
    message = f"{path}: the binary lock file is not read; run `bun install --save-text-lockfile` to get a text one"
    yield Problem("damaged-database", message, path)


def _listed(_path: str, data: bytes) -> Listed:
    lock = document.json_with_commas(data)
    if "lockfileVersion" not in lock:
        raise Unreadable("it is no lock file of bun: it has no `lockfileVersion`")
    packages = document.mapping(lock.get("packages"), "`packages`")
    left_out = _development(document.mapping(lock.get("workspaces"), "`workspaces`"), packages)
    for key, value in packages.items():
        whole = document.text(next(iter(document.items(value)), ""))
        at = whole.find("@", 1)
        name, version = (whole or key, "") if at < 0 else (whole[:at], whole[at + 1 :])
        if key not in left_out and not version.startswith(_OWN):
            yield Found("npm", name, version if version[:1].isdigit() else "")


def _development(workspaces: dict[str, Any], packages: dict[str, Any]) -> set[str]:
    """Return the keys of packages that only development needs; the file tells it of the workspaces' own alone."""

    def needs(key: str) -> Iterator[str]:
        for part in document.items(packages.get(key)):
            yield from _resolved(packages, key, document.entry(part), _RUNTIME)

    roots = [document.entry(each) for each in workspaces.values()]
    development = [
        key
        for each in roots
        for key in _resolved(packages, document.text(each.get("name")), each, ("devDependencies",))
    ]
    runtime = [key for each in roots for key in _resolved(packages, document.text(each.get("name")), each, _RUNTIME)]
    needed_at_runtime = graph.reached(runtime, needs)
    return graph.reached(development, needs) - needed_at_runtime


def _resolved(packages: dict[str, Any], place: str, part: dict[str, Any], fields: tuple[str, ...]) -> Iterator[str]:
    """Yield the keys that the dependencies of a part lead to: the nearest one up the tree, as node looks for it."""
    for field in fields:
        for name in document.entry(part.get(field)):
            key = next((key for key in _places(place, name) if key in packages), "")
            if key:
                yield key


def _places(inside: str, name: str) -> Iterator[str]:
    """Yield the keys that a package may have for another one in it: below it, and up to the top."""
    if len(inside) <= MAX_PLACE and inside.count("/") <= MAX_NESTING:
        while inside:
            yield f"{inside}/{name}"
            inside, _, last = inside.rpartition("/")
            if inside.rpartition("/")[2].startswith("@") and not last.startswith("@"):
                inside = inside.rpartition("/")[0]
    yield name
