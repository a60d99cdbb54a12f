"""Lock files of Gradle (docs.gradle.org, locking dependency versions): a coordinate and the configurations it is in.

Files that lock the build itself (`buildscript-gradle.lockfile`, `settings-gradle.lockfile`) are of tools alone.
"""

import re
from collections.abc import Iterator

from envscout.inventory.projects.listing import Found, Listed, listing
from envscout.inventory.record import Reading, damaged, text
from envscout.model import Problem

_TOOLS = ("buildscript-gradle.lockfile", "settings-gradle.lockfile", "buildscript-classpath.lockfile")
_DEVELOPMENT = re.compile(
    r"(?:^test|Test|^annotationProcessor|AnnotationProcessor"
    r"|^(?:kapt|ksp|checkstyle|spotbugs|pmd|jacoco|detekt|ktlint|lint))(?![a-z])"
)


def read(path: str, data: bytes) -> Reading:
    """Return what is in a configuration that is neither for tests nor for a tool of the build."""
    return Reading() if path.endswith(_TOOLS) else listing(path, data, _listed)


def _listed(path: str, data: bytes) -> Iterator[Found | Problem]:
    name = path.rpartition("/")[2]
    # Before Gradle 7 each configuration had a file of its own.
    configuration = "" if name.endswith("gradle.lockfile") else name.removesuffix(".lockfile")
    for line in text(data).splitlines():
        if line and not line.startswith(("#", "empty=")):
            yield from _dependency(path, line, configuration)


def _dependency(path: str, line: str, configuration: str) -> Listed:
    coordinate, _, configurations = line.strip().partition("=")
    parts = coordinate.split(":")
    if len(parts) != 3:
        yield damaged(path, f"the line {line[:60]!r} names no module")
    elif not all(_DEVELOPMENT.search(each) for each in (configurations or configuration).split(",")):
        yield Found("maven", f"{parts[0]}:{parts[1]}", parts[2])
