"""`conan.lock` of Conan 1 and 2 (docs.conan.io, lockfiles); what only the build needs is left out."""

import re
from collections.abc import Iterator
from typing import Any

from envscout.inventory.projects import document, graph
from envscout.inventory.projects.listing import Found, Listed, Unreadable, listing
from envscout.inventory.record import Reading

_REFERENCE = re.compile(r"([^/@#%\s]+)/([^/@#%\s]+)(?:@[^#%\s]*)?(?:#[^%\s]*)?(?:%\S*)?")


def read(path: str, data: bytes) -> Reading:
    """Return the packages that are linked or shipped."""
    return listing(path, data, _listed)


def _listed(_path: str, data: bytes) -> Listed:
    lock = document.json(data)
    if "graph_lock" in lock:
        references = _of_graph(document.mapping(lock["graph_lock"], "`graph_lock`"))
    elif "requires" in lock:
        references = iter(document.sequence(lock["requires"], "`requires`"))
    else:
        raise Unreadable("it is no lock file of Conan: it has neither `requires` nor `graph_lock`")
    for reference in references:
        yield _found(document.text(reference))


def _of_graph(whole: dict[str, Any]) -> Iterator[object]:
    """Yield the references of version 1, but for the recipe in this folder and what only `build_requires` lead to."""
    nodes = document.mapping(whole.get("nodes"), "`nodes`")

    def needs(key: str) -> list[str]:
        return _keys(nodes.get(key), "requires")

    roots = [key for key, node in nodes.items() if "path" in document.entry(node)] or ["0"]
    tools = graph.reached([each for node in nodes.values() for each in _keys(node, "build_requires")], needs)
    linked = graph.reached(roots, needs)
    for key, node in nodes.items():
        found = document.entry(node)
        if (
            found.get("ref")
            and found.get("context") != "build"
            and (key in linked or key not in tools)
            and not found.get("path")
        ):
            yield found["ref"]


def _keys(node: object, field: str) -> list[str]:
    return [document.text(key) for key in document.items(document.entry(node).get(field))]


def _found(reference: str) -> Found:
    parts = _REFERENCE.fullmatch(reference)
    return Found("conan", parts[1], parts[2]) if parts else Found("conan", reference.partition("/")[0], "")
