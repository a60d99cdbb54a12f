"""Swift's `Package.resolved`, versions 1 to 3, and Carthage's `Cartfile.resolved`: repositories at a version.

Advisories name a Swift package by its repository's address without scheme (ossf.github.io/osv-schema, SwiftURL).
"""

import re

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, Unreadable, listing
from envscout.inventory.record import Reading, damaged, text

_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^@/\s]+@)?([^/:\s]+)(?::[0-9]+(?=/))?[:/]+(\S+)")
_CARTHAGE = re.compile(r'(github|git) "([^"\s]+)" "([^"]*)"')
_HOST_FREE = re.compile(r"[^/\s:]+/[^/\s:]+")


def read(path: str, data: bytes) -> Reading:
    """Return the packages; one at a branch or commit has no version, one in a folder is the project's own."""
    return listing(path, data, _carthage if path.endswith("Cartfile.resolved") else _pins)


def _pins(_path: str, data: bytes) -> Listed:
    lock = document.json(data)
    inner = document.entry(lock.get("object")) or lock
    if "pins" not in inner:
        raise Unreadable("it is no lock file of Swift: it has no `pins`")
    for pin in map(document.entry, document.sequence(inner["pins"], "`pins`")):
        kind = pin.get("kind")
        if kind != "localSourceControl":
            place = document.text(pin.get("location")) or document.text(pin.get("repositoryURL"))
            name = _repository(place) or document.text(pin.get("identity")) or document.text(pin.get("package"))
            yield Found("swift", name, document.text(document.entry(pin.get("state")).get("version")))


def _carthage(path: str, data: bytes) -> Listed:
    for line in text(data).splitlines():
        found = _CARTHAGE.fullmatch(line.partition("#")[0].strip())
        if found:
            place = f"github.com/{found[2]}" if _HOST_FREE.fullmatch(found[2]) else found[2]
            yield Found("swift", _repository(place), found[3] if re.match(r"v?[0-9]+\.", found[3]) else "")
        elif line.strip() and not line.startswith(("#", "binary ")):
            yield damaged(path, f"the line {line[:60]!r} names no repository")


def _repository(address: str) -> str:
    """Return host and path of a repository: `github.com/apple/swift-nio`, whichever way it is reached."""
    parts = _ADDRESS.fullmatch(address)
    return f"{parts[1].lower()}/{parts[2].strip('/').removesuffix('.git')}" if parts else ""
