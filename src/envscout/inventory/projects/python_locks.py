"""Lock files of poetry, uv, pdm, pipenv, and `pylock.toml` (packaging.python.org, pylock.toml; docs of each tool)."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from envscout.inventory.projects import document, graph
from envscout.inventory.projects.listing import Found, Listed, is_development, listing
from envscout.inventory.record import Reading

_Node = tuple[str, str]

_OWN_SOURCES = ("directory", "editable", "virtual")
_GROUP = re.compile(r"""["']([^"']*)["']\s+in\s+dependency_groups""")


def read(path: str, data: bytes) -> Reading:
    """Return the packages that are not for development only, whatever their markers say."""
    name = path.rpartition("/")[2]
    return listing(path, data, _FORMATS.get(name, _pylock))


def _packages(lock: dict[str, Any], key: str = "package") -> Iterator[dict[str, Any]]:
    return map(document.entry, document.sequence(lock.get(key), f"`{key}`"))


def _found(package: dict[str, Any]) -> Found:
    return Found("pypi", document.text(package.get("name")), document.text(package.get("version")))


def _poetry(_path: str, data: bytes) -> Listed:
    """Read `category` of old files and `groups` of those since 2.1; between the two the format does not tell."""
    for package in _packages(document.toml(data)):
        groups = document.items(package.get("groups"))
        development = package.get("category") == "dev" or (groups and "main" not in groups)
        if not development and document.entry(package.get("source")).get("type") != "directory":
            yield _found(package)


def _pdm(_path: str, data: bytes) -> Listed:
    """Leave out what is in groups alone whose names say development: optional ones are groups as well."""
    for package in _packages(document.toml(data)):
        groups = document.items(package.get("groups"))
        development = groups and all(is_development(document.text(group)) for group in groups)
        if not development and not _is_folder(package.get("path")):
            yield _found(package)


def _is_folder(path: object) -> bool:
    return isinstance(path, str) and not path.endswith((".whl", ".tar.gz", ".zip"))


def _pipfile(_path: str, data: bytes) -> Listed:
    for name, value in document.mapping(document.json(data).get("default"), "`default`").items():
        package = document.entry(value)
        version = document.text(package.get("version"))
        if not _is_folder(package.get("path")):
            yield Found("pypi", name, version.lstrip("=") if version.startswith("==") else "")


def _pylock(_path: str, data: bytes) -> Listed:
    lock = document.toml(data)
    defaults = document.items(lock.get("default-groups"))
    for package in _packages(lock, "packages"):
        if "directory" not in package and not _for_groups(document.text(package.get("marker")), defaults):
            yield _found(package)


def _for_groups(marker: str, defaults: list[Any]) -> bool:
    """Tell whether a marker asks for dependency groups alone, none of which is installed by default."""
    groups = [_GROUP.fullmatch(clause.strip("() \t\n")) for clause in re.split(r"\bor\b", marker)]
    return all(group and group[1] not in defaults for group in groups)


def _uv(_path: str, data: bytes) -> Listed:
    packages = list(_packages(document.toml(data)))
    left_out = _uv_development(packages)
    for package in packages:
        found = _found(package)
        if not _is_own(package) and (found.name, found.version) not in left_out:
            yield found


def _is_own(package: dict[str, Any]) -> bool:
    return not document.entry(package.get("source")).keys().isdisjoint(_OWN_SOURCES)


def _uv_development(packages: list[dict[str, Any]]) -> set[_Node]:
    """Return name and version of packages that only dependency groups of the project's own packages need.

    A dependency names a version only where several are locked; without one it leads to all of its name.
    """
    needs: dict[_Node, list[_Node]] = {}
    for package in packages:
        node = (document.text(package.get("name")), document.text(package.get("version")))
        needs.setdefault((node[0], ""), []).append(node)
        needs.setdefault(node, []).extend(_wanted(package.get("dependencies")))
        needs[node] += _wanted_by_group(package.get("optional-dependencies"))
    own = [package for package in packages if _is_own(package)]
    development = [node for each in own for node in _wanted_by_group(each.get("dev-dependencies"))]
    runtime = [
        node
        for each in own
        for node in (*_wanted(each.get("dependencies")), *_wanted_by_group(each.get("optional-dependencies")))
    ]

    def needed(node: _Node) -> list[_Node]:
        return needs.get(node, [])

    needed_at_runtime = graph.reached(runtime, needed)
    return graph.reached(development, needed) - needed_at_runtime


def _wanted(dependencies: object) -> Iterator[_Node]:
    for each in map(document.entry, document.items(dependencies)):
        yield document.text(each.get("name")), document.text(each.get("version"))


def _wanted_by_group(groups: object) -> list[_Node]:
    return [node for each in document.entry(groups).values() for node in _wanted(each)]


_FORMATS: dict[str, Callable[[str, bytes], Listed]] = {
    "poetry.lock": _poetry,
    "pdm.lock": _pdm,
    "uv.lock": _uv,
    "Pipfile.lock": _pipfile,
}
