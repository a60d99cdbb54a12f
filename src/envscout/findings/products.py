"""Is this the product that a statement speaks of? Images by name and digest, packages by package URL or name. Pure.

A package URL of a statement means every package that it leaves open: without version all versions, and a qualifier that
it does not name is not asked for (https://github.com/openvex/spec, "Product"; the same as vexctl does).
"""

from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec

from envscout.errors import InvalidReference
from envscout.model import Deployment, Image, PackageRef, Product
from envscout.names import purl
from envscout.names.purl import Purl
from envscout.names.reference import parse as parse_reference


class Subject(msgspec.Struct, frozen=True):
    """An image where a question meets it; () and "" for what is not known.

    services: the service that it runs as, in every spelling. repositories: with registry. tags: under which it was
    named. digests: of its manifest, its index and its configuration. platform: `linux/arm64/v8`.
    """

    organization: str = ""
    environment: str = ""
    services: frozenset[str] = frozenset()
    repositories: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    platform: str = ""


def subject(
    reference: str,
    digests: frozenset[str],
    platform: str,
    organization: str = "",
    environment: str = "",
    service: str = "",
) -> Subject:
    """Return an image as it was named; a place on disk has neither repository nor tag."""
    services = {service, _path(service)} if service else set()
    repositories, tags = set(), set()
    try:
        named = parse_reference(reference)
    except InvalidReference:
        named = None
    if named and named.path:
        repositories.add(named.repository)
        tags |= {named.tag} if named.tag else set()
        services.add(named.path)
        organization = organization or named.organization
    return Subject(
        organization=organization,
        environment=environment,
        services=frozenset(services),
        repositories=frozenset(repositories),
        tags=frozenset(tags),
        digests=digests,
        platform=platform,
    )


def met(image: Image, reference: str, deployment: Deployment | None, organization: str) -> Subject:
    """Return an image as it runs, or as it was named where it runs nowhere. organization: of those that do not."""
    digests = frozenset(filter(None, (image.digest, image.index_digest, image.config_digest)))
    if deployment is None:
        return subject(reference, digests, image.platform, organization)
    ran = deployment
    return subject(reference, digests, image.platform, ran.organization, ran.environment, ran.service)


def _path(name: str) -> str:
    """Return a repository's path as Docker has it: `nginx` is `library/nginx`."""
    try:
        return parse_reference(name).path or name
    except InvalidReference:
        return name


def image_mismatch(product: Product, image: Subject) -> str:
    """Return why an image is not the product, in words that follow "it speaks of"; "" where it is."""
    wanted: tuple[tuple[str, str, frozenset[str]], ...] = (
        ("organization", product.organization, frozenset({image.organization})),
        ("environment", product.environment, frozenset({image.environment})),
        ("service", product.service, image.services),
        ("the image", product.digest, image.digests),
        ("the repository", product.repository, image.repositories),
    )
    for what, name, there in wanted:
        if name and name not in there:
            return f"{what} {name}"
    return variant_mismatch(product, image)


def variant_mismatch(product: Product, image: Subject) -> str:
    """Return why an image of the right name and place is not the product after all: its tag or platform; else ""."""
    if product.tag and product.tag not in image.tags:
        return f"the tag {product.tag}"
    if product.platform and not _same_platform(product.platform, image.platform):
        return f"the platform {product.platform}"
    return ""


def _same_platform(wanted: str, there: str) -> bool:
    """Compare `linux/arm64` or `arm64` with `linux/arm64/v8`."""
    if "/" not in wanted:
        return wanted in there.split("/")[1:2]
    return there == wanted or there.startswith(f"{wanted}/")


def package_mismatch(product: Product, package: PackageRef) -> str:
    """Return why a package is none of those that a product names, in words that follow "it speaks of"; "" if it is."""
    if not product.packages or any(is_package(text, package) for text in product.packages):
        return ""
    first = product.packages[0]
    more = len(product.packages) - 1
    return f"{first} and {more} more" if more else first


def is_package(text: str, package: PackageRef) -> bool:
    """Tell whether a package URL, or a pattern of names, means a package or the source that it was built from."""
    if not text.startswith("pkg:"):
        return _is_called(package.name, text) or bool(package.source and _is_called(package.source, text))
    try:
        wanted, there = purl.parse(text), purl.parse(package.purl)
    except InvalidReference:
        return False
    return (
        wanted.type == there.type
        and wanted.namespace == there.namespace
        and wanted.name in (there.name, package.source)
        and _same_version(wanted, there)
        and _same_qualifiers(wanted, there)
    )


def _is_called(name: str, pattern: str) -> bool:
    # Most patterns are names, and a pattern costs a regular expression.
    return name == pattern or (not _WILD.isdisjoint(pattern) and fnmatchcase(name, pattern))


_WILD = frozenset("*?[")


def _same_version(wanted: Purl, there: Purl) -> bool:
    if not wanted.version or wanted.version == there.version:
        return True
    if wanted.type == "golang":
        return wanted.version.removeprefix("v") == there.version.removeprefix("v")
    source, _, version = there.qualifier("upstream").partition("@")
    return bool(version) and wanted.name == source and wanted.version == version


# Docker Scout says the distribution in three qualifiers, everybody else in one.
_DISTRIBUTION = frozenset({"os_name", "os_version", "os_distro"})


@lru_cache(maxsize=8192)
def _same_qualifiers(wanted: Purl, there: Purl) -> bool:
    """Tell whether a package has every qualifier that is asked for."""
    if wanted.qualifier("os_version"):
        distribution = f"{wanted.qualifier('os_name') or wanted.namespace}-{wanted.qualifier('os_version')}"
        if there.qualifier("distro") != distribution:
            return False
    elif wanted.qualifier("os_distro"):
        return False
    return all(
        there.qualifier(key) == value or (key == "arch" and there.qualifier("arch") in ("all", "noarch"))
        for key, value in wanted.qualifiers
        if key not in _DISTRIBUTION
    )
