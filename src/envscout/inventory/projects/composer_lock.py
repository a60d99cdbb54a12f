"""`composer.lock` of Composer (getcomposer.org/doc/01-basic-usage.md); `packages-dev` is left out."""

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, Unreadable, listing
from envscout.inventory.record import Reading


def read(path: str, data: bytes) -> Reading:
    """Return the packages that are installed with `--no-dev`, but for those of the project's own folders."""
    return listing(path, data, _listed)


def _listed(_path: str, data: bytes) -> Listed:
    lock = document.json(data)
    if "packages" not in lock:
        raise Unreadable("it is no lock file of Composer: it has no `packages`")
    for package in map(document.entry, document.sequence(lock["packages"], "`packages`")):
        if document.entry(package.get("dist")).get("type") != "path":
            yield Found("composer", document.text(package.get("name")), document.text(package.get("version")))
