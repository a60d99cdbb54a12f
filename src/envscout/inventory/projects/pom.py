"""`pom.xml` of Maven (maven.apache.org/pom.html): what the file alone says of its own dependencies."""

import re
from collections.abc import Iterator

from envscout.inventory.projects.listing import Found, Listed, Unreadable, incomplete, listing
from envscout.inventory.projects.xml import Element, xml
from envscout.inventory.record import Reading
from envscout.model import Problem
from envscout.names import bounds

MAX_ROUNDS = 8
"""Properties within properties that are replaced."""

_PROPERTY = re.compile(r"\$\{([^{}$]{1,200})\}")
_NAME = re.compile(r"[^:${}]+:[^:${}]+")
_RANGE = re.compile(r"[\[\](),]|\$\{")
_LEFT_OUT = ("test", "import")

Properties = dict[str, str]


def read(path: str, data: bytes) -> Reading:
    """Return the dependencies that are not for tests, without version where another file decides it."""
    return Reading() if "/META-INF/" in f"/{path}" else listing(path, data, _listed)


def _listed(path: str, data: bytes) -> Listed:
    project = xml(data)
    if project.name != "project":
        raise Unreadable("it is no project of Maven")
    properties = _properties(project)
    managed = dict(_managed(project, properties))
    found = list(_dependencies(path, project, properties, managed))
    yield from found
    if found:
        yield incomplete(path, "it names direct dependencies only; index what is built of it")


def _dependencies(
    path: str, project: Element, properties: Properties, managed: dict[str, Element]
) -> Iterator[Found | Problem]:
    places = (project, *project.all("profiles", "profile"))
    for dependency in (each for place in places for each in place.all("dependencies", "dependency")):
        name = _name(dependency, properties)
        rule = managed.get(name, _NOTHING)
        scope = _expanded(dependency.value("scope") or rule.value("scope"), properties)
        if scope in _LEFT_OUT:
            continue
        if _NAME.fullmatch(name):
            version = _expanded(dependency.value("version") or rule.value("version"), properties)
            yield Found("maven", name, "" if _RANGE.search(version) else version)
        else:
            yield incomplete(path, f"another file decides what the dependency {name[:200]!r} is")


_NOTHING = Element("")


def _managed(project: Element, properties: Properties) -> Iterator[tuple[str, Element]]:
    for each in project.all("dependencyManagement", "dependencies", "dependency"):
        yield _name(each, properties), each


def _name(dependency: Element, properties: Properties) -> str:
    return ":".join(_expanded(dependency.value(part), properties) for part in ("groupId", "artifactId"))


def _properties(project: Element) -> Properties:
    """Return the properties of this file, and what it says of the project itself and of its parent."""
    found = {each.name: each.text for part in project.all("properties") for each in part.children}
    for part in ("groupId", "artifactId", "version"):
        of_parent = project.value("parent", part)
        own = project.value(part) or (of_parent if part != "artifactId" else "")
        found |= {f"project.parent.{part}": of_parent, f"parent.{part}": of_parent}
        found |= {f"project.{part}": own, f"pom.{part}": own, part: found.get(part, own)}
    return {key: value for key, value in found.items() if value}


def _expanded(value: str, properties: Properties) -> str:
    """Replace properties; what grows too long or has no end keeps some, and is no version then."""
    for _ in range(MAX_ROUNDS):
        if "${" not in value or len(value) > bounds.MAX_VERSION:
            break
        value = _PROPERTY.sub(lambda match: properties.get(match[1], match[0])[: bounds.MAX_VERSION + 1], value)
    return value
