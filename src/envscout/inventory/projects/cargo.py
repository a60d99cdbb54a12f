"""`Cargo.lock` of Rust (doc.rust-lang.org/cargo, Cargo.toml vs Cargo.lock); it does not tell development."""

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, listing
from envscout.inventory.record import Reading


def read(path: str, data: bytes) -> Reading:
    """Return the packages that have a source; those without are the project's own."""
    return listing(path, data, _listed)


def _listed(_path: str, data: bytes) -> Listed:
    for package in map(document.entry, document.sequence(document.toml(data).get("package"), "`package`")):
        if package.get("source"):
            yield Found("cargo", document.text(package.get("name")), document.text(package.get("version")))
