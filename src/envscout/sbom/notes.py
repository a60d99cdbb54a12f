"""What envscout's own CycloneDX and SPDX documents say beyond the format, so that reading them gives all back.

In CycloneDX these are properties (`envscout:layer`), in SPDX one annotation per element: `envscout: {"layer": ...}`.
Only what the format's own fields do not tell is noted.
"""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from envscout.errors import InvalidReference, UsageError
from envscout.model import Distribution, Image, Package, Problem
from envscout.names import moment, purl
from envscout.sbom import assemble
from envscout.sbom.draft import JSON_ERRORS, Component, told

N = TypeVar("N", bound=msgspec.Struct)

PREFIX = "envscout:"


class PackageNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a package URL does not say of a package, or says otherwise. "" and (): nothing."""

    name: str = ""
    version: str = ""
    source_name: str = ""
    source_version: str = ""
    architecture: str = ""
    layer: str = ""
    owner: str = ""
    licenses: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()


class ImageNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which image a document describes. layers: diff ids, lowest first."""

    digest: str = ""
    index_digest: str = ""
    config_digest: str = ""
    platform: str = ""
    created: str = ""
    layers: tuple[str, ...] = ()

    @classmethod
    def of(cls, image: Image) -> "ImageNote":
        """Return what is noted of an image."""
        layers = tuple(layer.diff_id for layer in image.layers)
        return cls(image.digest, image.index_digest, image.config_digest, image.platform, image.created, layers)


class SystemNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """The distribution, as os-release(5) has it."""

    id: str = ""
    version: str = ""
    codename: str = ""
    name: str = ""
    id_like: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Distribution) -> "SystemNote":
        """Return what is noted of a distribution."""
        return cls(found.id, found.version, found.codename, found.name, found.id_like)

    def distribution(self) -> Distribution | None:
        """Return the distribution, None if none is named."""
        return Distribution(self.id, self.version, self.codename, self.name, self.id_like) if self.id else None


class DocumentNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the inventory was made, and what could not be read."""

    cataloguers: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def of_package(package: Package) -> PackageNote:
    """Return what must be noted of a package beside its package URL; licences and locations are left out."""
    implied = _implied(package)
    same_source = (package.source_name, package.source_version) == (implied.source_name, implied.source_version)
    return PackageNote(
        name="" if package.name == implied.name else package.name,
        version="" if package.version == implied.version else package.version,
        source_name="" if same_source else package.source_name,
        source_version="" if same_source else package.source_version,
        architecture="" if package.architecture == implied.architecture else package.architecture,
        layer=package.layer,
        owner=package.owner,
    )


def _implied(package: Package) -> Package:
    """Return what a reader makes of a package's URL, name and version alone."""
    try:
        url = purl.parse(package.purl)
    except InvalidReference:
        return Package("", "", "", "")
    return assemble.package(Component(package.purl, package.name, package.version), url, [])


def created(image: Image) -> str:
    """Return when an image was made, as RFC 3339 in UTC to the second; "" if it does not say."""
    try:
        return moment.show(moment.parse(image.created, 0))
    except (UsageError, OverflowError):
        return ""


def problems(texts: Iterable[str]) -> list[Problem]:
    """Return the problems that an inventory of envscout had; a text that is none becomes one."""
    found = []
    for text in texts:
        try:
            found.append(told(msgspec.json.decode(text, type=Problem)))
        except JSON_ERRORS as error:
            found.append(Problem("damaged-component", f"a problem that the document tells cannot be read: {error}"))
    return found


def annotation(note: msgspec.Struct) -> str:
    """Return a note as the text of an annotation."""
    return f"{PREFIX} {msgspec.json.encode(note).decode()}"


def read(texts: Iterable[str], kind: type[N]) -> N:
    """Return the note among the texts of an element's annotations, an empty one if there is none that can be read."""
    for text in texts:
        if text.startswith(PREFIX):
            try:
                return msgspec.json.decode(text.removeprefix(PREFIX), type=kind)
            except JSON_ERRORS:
                break
    return kind()
