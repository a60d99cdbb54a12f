"""Packages that short SBOMs inside an image describe: those that a part of it brings about what it has built in.

Only package URLs are taken, of CycloneDX and SPDX 2 in JSON. What is described as a distribution's package is left out:
these are files copied out of another system (auditwheel), whose distribution nothing here tells. So are crates of the
describer's own source tree, which no registry has.
"""

import msgspec

from envscout.errors import InvalidReference
from envscout.inventory.documents import mapping, of_json, string
from envscout.inventory.record import Reading, damaged, merged, record
from envscout.names import purl

MAX_DEPTH = 8
"""How deep components in components are read."""

Described = tuple[str, tuple[str, ...]]
"""A package URL and the licences beside it."""

_OWN_SOURCE = "file:"
_NOT_AT_RUN_TIME = "excluded"
_NO_LICENSE = ("", "NOASSERTION", "NONE")


class _Document(msgspec.Struct):
    """The lists of packages of either format."""

    components: object = None
    packages: object = None


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a document; one without any package URL is a Problem."""
    document = of_json(path, data, _Document)
    if isinstance(document, Reading):
        return document
    found = _components(document.components, 0) + _packages(document.packages)
    return described(path, found)


def described(path: str, found: list[Described]) -> Reading:
    """Return a record of each package URL, a Problem where there is none."""
    if not found:
        return Reading(problems=(damaged(path, "the document holds no package URL"),))
    return merged(_package(path, url, licenses) for url, licenses in dict.fromkeys(found))


def _components(given: object, depth: int) -> list[Described]:
    """Return the components of CycloneDX, each followed by those in it."""
    found: list[Described] = []
    for each in given if isinstance(given, list) else ():
        component = mapping(each)
        url = string(component.get("purl"))
        if url and component.get("scope") != _NOT_AT_RUN_TIME:
            found.append((url, _licenses(component.get("licenses"))))
        if depth < MAX_DEPTH:
            found += _components(component.get("components"), depth + 1)
    return found


def _licenses(given: object) -> tuple[str, ...]:
    choices = [mapping(each) for each in given] if isinstance(given, list) else []
    names = [each.get("expression") or mapping(each.get("license")).get("id") for each in choices]
    return tuple(filter(None, map(string, names)))


def _packages(given: object) -> list[Described]:
    """Return the packages of SPDX."""
    found: list[Described] = []
    for each in given if isinstance(given, list) else ():
        references = mapping(each).get("externalRefs")
        license_ = string(mapping(each).get("licenseDeclared"))
        licenses = () if license_ in _NO_LICENSE else (license_,)
        for reference in map(mapping, references if isinstance(references, list) else ()):
            if reference.get("referenceType") == "purl":
                found.append((string(reference.get("referenceLocator")), licenses))
    return found


def _package(path: str, url: str, licenses: tuple[str, ...]) -> Reading:
    try:
        parts = purl.parse(url)
    except InvalidReference as error:
        return Reading(problems=(damaged(path, str(error)),))
    if parts.type in purl.DISTRIBUTED or parts.qualifier("download_url").startswith(_OWN_SOURCE):
        return Reading()
    qualifiers = tuple((key, value) for key, value in parts.qualifiers if len(value) <= 256 and value.isprintable())
    return record(parts.type, parts.full_name, parts.version, path, licenses=licenses, qualifiers=qualifiers)
