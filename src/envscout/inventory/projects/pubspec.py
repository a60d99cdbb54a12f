"""`pubspec.lock` of Dart (dart.dev/tools/pub/glossary#lockfile)."""

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, listing
from envscout.inventory.record import Reading

_LEFT_OUT = ("path", "sdk")


def read(path: str, data: bytes) -> Reading:
    """Return the packages but direct development ones; parts of the SDK have no version of their own."""
    return listing(path, data, _listed)


def _listed(_path: str, data: bytes) -> Listed:
    for lock in document.yaml(data):
        for name, value in document.mapping(lock.get("packages"), "`packages`").items():
            package = document.entry(value)
            if package.get("dependency") != "direct dev" and package.get("source") not in _LEFT_OUT:
                real = document.text(document.entry(package.get("description")).get("name"))
                yield Found("pub", real or name, document.text(package.get("version")))
