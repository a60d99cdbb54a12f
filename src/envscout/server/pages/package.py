"""One package over the whole fleet: which versions run where."""

import msgspec

from envscout.server.asking import Asked
from envscout.server.pages.page import Page, Table
from envscout.server.pages.vulnerability import Prefix
from envscout.server.routes import places
from envscout.server.routes.common import moment_of
from envscout.server.routes.places import Where
from envscout.store.deployments import Scope
from envscout.verbs.locate import Version

SECTION = "Packages"
_EVERY = 1_000_000


class Packages(msgspec.Struct, frozen=True):
    """names: of packages that begin as asked, () where nothing was."""

    names: tuple[str, ...]


class Package(msgspec.Struct, frozen=True):
    """versions: of all places; where: some of the places."""

    name: str
    versions: tuple[Version, ...]
    where: places.Places


def packages(asked: Asked) -> Packages:
    """Offer the packages that there are."""
    prefix = asked.query.q.strip()
    return Packages(tuple(asked.perform("known.names", kind="packages", prefix=prefix)))


def package(asked: Asked) -> Package:
    """Tell where a package runs, in which versions."""
    query: Where = asked.query
    name = asked.path["package"]
    versions = asked.perform("locate.versions", query=name, scope=Scope(query.org, query.env, at=moment_of(query.at)))
    return Package(name, versions, places.package(asked))


def _whole(asked: Asked) -> Asked:
    return msgspec.structs.replace(asked, query=msgspec.structs.replace(asked.query, cursor="", limit=_EVERY))


def _places(asked: Asked) -> Table:
    head = ("organization", "environment", "service", "image", "digest", "package", "version")
    rows = (
        (each.organization, each.environment, each.service, each.reference, each.digest, each.purl, each.version)
        for each in places.package(_whole(asked)).items
    )
    return Table(asked.path["package"], head, rows)


PAGES = (
    Page("/packages", "packages", SECTION, packages, Prefix),
    Page("/packages/{package}", "package", SECTION, package, Where, table=_places),
)
