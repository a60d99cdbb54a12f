"""`stack.yaml.lock` of Stack and `cabal.project.freeze` of Cabal (docs.haskellstack.org; cabal.readthedocs.io)."""

import re
from typing import Any

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, incomplete, listing
from envscout.inventory.record import Reading, text

_HACKAGE = re.compile(r"([A-Za-z0-9-]+)-([0-9.]+)(?:@\S*)?")
_FROZEN = re.compile(r"(?:any\.)?([A-Za-z0-9-]+)\s*==\s*([0-9.]+)")
_LIKELY = re.compile(r"(?:constraints:)?\s*(?:any\.)?([A-Za-z0-9-]+)\s*[=<>^]")


def read(path: str, data: bytes) -> Reading:
    """Return the packages that are fixed in the file itself."""
    return listing(path, data, _cabal if path.endswith(".freeze") else _stack)


def _stack(path: str, data: bytes) -> Listed:
    for lock in document.yaml(data):
        for value in document.sequence(lock.get("packages"), "`packages`"):
            yield _completed(document.entry(document.entry(value).get("completed")))
        if document.sequence(lock.get("snapshots"), "`snapshots`"):
            yield incomplete(path, "the packages of its snapshot are named elsewhere; index what is built of it")


def _completed(package: dict[str, Any]) -> Found:
    """Return a package of Hackage, or of an archive or a repository, which has its name and version beside it."""
    hackage = _HACKAGE.fullmatch(document.text(package.get("hackage")))
    name, version = (hackage[1], hackage[2]) if hackage else (package.get("name"), package.get("version"))
    return Found("hackage", document.text(name), document.text(version))


def _cabal(_path: str, data: bytes) -> Listed:
    for line in text(data).splitlines():
        for constraint in line.partition("--")[0].removeprefix("constraints:").split(","):
            if found := _FROZEN.fullmatch(constraint.strip()):
                yield Found("hackage", found[1], found[2])
            elif likely := _LIKELY.match(constraint.strip()):
                yield Found("hackage", likely[1], "")
