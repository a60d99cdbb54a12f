"""NuGet's `packages.lock.json`, `packages.config`, `Directory.Packages.props` and projects (learn.microsoft.com)."""

import re
from collections.abc import Callable, Iterator

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, Unreadable, incomplete, listing
from envscout.inventory.projects.xml import Element, xml
from envscout.inventory.record import Reading

_EXACT = re.compile(r"\[\s*([^\s,\[\]()]+)\s*\]|([0-9][^\s,*\[\]()$]*)")


def read(path: str, data: bytes) -> Reading:
    """Return the packages of every target framework."""
    return listing(path, data, _FORMATS.get(path.rpartition("/")[2].lower(), _project))


def _lock(_path: str, data: bytes) -> Listed:
    for framework, packages in document.mapping(document.json(data).get("dependencies"), "`dependencies`").items():
        for name, value in document.mapping(packages, framework).items():
            package = document.entry(value)
            if document.text(package.get("type")).lower() != "project":
                yield Found("nuget", name, document.text(package.get("resolved")))


def _config(_path: str, data: bytes) -> Listed:
    packages = xml(data)
    if packages.name != "packages":
        raise Unreadable("it is no packages.config")
    for package in packages.all("package"):
        if package.attributes.get("developmentDependency", "").lower() != "true":
            yield Found("nuget", package.attributes.get("id", ""), package.attributes.get("version", ""))


def _central(_path: str, data: bytes) -> Listed:
    """Yield the versions that projects below may use; `GlobalPackageReference` is for tools alone."""
    yield from _references(xml(data), "PackageVersion")


def _project(path: str, data: bytes) -> Listed:
    """Yield the references that have a version; the others get theirs from `Directory.Packages.props`."""
    found = list(_references(xml(data), "PackageReference"))
    yield from found
    if found:
        yield incomplete(path, "it names direct dependencies only; a packages.lock.json would name all")


def _references(project: Element, name: str) -> Iterator[Found]:
    """Yield the references that have a version, which may be a property of the same file."""
    properties = {f"$({each.name})": each.text for part in project.all("PropertyGroup") for each in part.children}
    for reference in project.all("ItemGroup", name):
        given = reference.attributes
        version = given.get("VersionOverride") or given.get("Version") or reference.value("Version")
        private = given.get("PrivateAssets") or reference.value("PrivateAssets")
        if version and "Include" in given and private.lower() != "all":
            exact = _EXACT.fullmatch(properties.get(version, version).strip())
            yield Found("nuget", given["Include"], (exact[1] or exact[2]) if exact else "")


_FORMATS: dict[str, Callable[[str, bytes], Listed]] = {
    "packages.lock.json": _lock,
    "packages.config": _config,
    "directory.packages.props": _central,
}
