"""`conan.lock` of Conan 1 and 2 (docs.conan.io, lockfiles); what only the build needs is left out."""

import re
from collections.abc import Iterator

from envscout.inventory.projects import document
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


def _of_graph(graph: dict[str, object]) -> Iterator[object]:
    """Yield the references of version 1; a recipe in this folder has no name and version, or no reference at all."""
    for node in map(document.entry, document.mapping(graph.get("nodes"), "`nodes`").values()):
        if node.get("ref") and node.get("context") != "build" and not node.get("path"):
            yield node["ref"]


def _found(reference: str) -> Found:
    parts = _REFERENCE.fullmatch(reference)
    return Found("conan", parts[1], parts[2]) if parts else Found("conan", reference.partition("/")[0], "")
