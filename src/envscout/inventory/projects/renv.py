"""`renv.lock` of R (rstudio.github.io/renv): packages of CRAN, Bioconductor and of repositories."""

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, Unreadable, listing
from envscout.inventory.record import Reading


def read(path: str, data: bytes) -> Reading:
    """Return the packages, wherever they come from."""
    return listing(path, data, _listed)


def _listed(_path: str, data: bytes) -> Listed:
    lock = document.json(data)
    if "Packages" not in lock:
        raise Unreadable("it is no lock file of renv: it has no `Packages`")
    for name, value in document.mapping(lock["Packages"], "`Packages`").items():
        package = document.entry(value)
        kind = "bioconductor" if package.get("Source") == "Bioconductor" else "cran"
        yield Found(kind, document.text(package.get("Package")) or name, document.text(package.get("Version")))
