"""CycloneDX JSON (https://cyclonedx.org/docs/), with the properties syft and Trivy add to it."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from envscout.errors import SourceError
from envscout.model import Distribution, Image, Layer, Problem
from envscout.names import bounds
from envscout.sbom import assemble
from envscout.sbom.draft import READABLE, Component, Draft, SubjectInfo, decode, each, listed, words

MAX_DEPTH = 32
"""Levels of components within components that are followed."""

PACKAGES = frozenset({"library", "framework", "application"})
SOURCE_NAME = ("syft:metadata:source", "syft:metadata:originPackage", "aquasecurity:trivy:SrcName")
LAYER = ("aquasecurity:trivy:LayerDiffID", "syft:location:0:layerID")
GROUP = ("aquasecurity:trivy:Class",)
"""What Trivy says of components that only stand for a lock file."""

_PATH = re.compile(r"syft:location:\d+:path|aquasecurity:trivy:FilePath")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class _Property(msgspec.Struct):
    name: str = ""
    value: str | None = None


class _License(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class _Choice(msgspec.Struct):
    license: _License = msgspec.field(default_factory=_License)
    expression: str | None = None


class _Occurrence(msgspec.Struct):
    location: str = ""


class _Evidence(msgspec.Struct):
    occurrences: list[_Occurrence] | None = None


class _Component(msgspec.Struct):
    type: str = "library"
    group: str | None = None
    name: str = ""
    version: str | None = None
    purl: str | None = None
    licenses: list[_Choice] | None = None
    properties: list[_Property] | None = None
    components: list[msgspec.Raw] | None = None
    evidence: _Evidence | None = None


class _Metadata(msgspec.Struct):
    timestamp: str = ""
    tools: msgspec.Raw = msgspec.Raw(b"[]")
    component: _Component = msgspec.field(default_factory=_Component)
    properties: list[_Property] | None = None


class _Document(msgspec.Struct):
    specVersion: str = ""  # noqa: N815 - the document's word
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    components: list[msgspec.Raw] | None = None


class _Tool(msgspec.Struct):
    name: str = ""
    version: str | None = None


class _Tools(msgspec.Struct):
    components: list[_Tool] = []


def read(data: bytes | msgspec.Raw) -> Draft:
    """Return the content of a CycloneDX document. Raises SourceError, LimitExceeded."""
    document = decode(data, _Document, "CycloneDX document")
    problems: list[Problem] = []
    parts = listed(document.metadata.component.components) + listed(document.components)
    found = list(_flat(parts, problems))
    systems = [each for each in found if each.type == "operating-system" and each.name]
    held = [each for each in found if each.type in PACKAGES and not _first(each.properties, GROUP)]
    return Draft(
        subject=_subject(document),
        components=tuple(_converted(each) for each in held if each.purl),
        distribution=_distribution(systems[0]) if systems else None,
        unidentified=tuple(" ".join(words(each.name, each.version)) for each in held if not each.purl),
        problems=tuple(problems),
    )


def _flat(parts: list[msgspec.Raw], problems: list[Problem]) -> Iterator[_Component]:
    """Yield components and those within them, level by level."""
    for _ in range(MAX_DEPTH):
        inner: list[msgspec.Raw] = []
        for component in each(parts, _Component, problems):
            inner += listed(component.components)
            yield component
        if not inner:
            return
        parts = inner
    raise SourceError(f"components are nested more than {MAX_DEPTH} deep", READABLE)


def _first(properties: Iterable[_Property] | None, names: Iterable[str]) -> str:
    """Return the value of the first of these properties that is there."""
    values = {each.name: each.value for each in properties or ()}
    return next((value for name in names if (value := values.get(name))), "")


def _converted(component: _Component) -> Component:
    """Return one component in the document's words."""
    properties = listed(component.properties)
    name = "/".join(words(component.group, component.name))
    paths = [each.value for each in properties if _PATH.fullmatch(each.name)]
    if component.evidence:
        paths += [each.location for each in listed(component.evidence.occurrences)]
    return Component(
        purl=component.purl or "",
        name=name,
        version=component.version or "",
        source=(_first(properties, SOURCE_NAME), _source_version(properties)),
        licenses=words(
            *(each.expression or each.license.id or each.license.name for each in listed(component.licenses))
        ),
        locations=tuple("/" + path.lstrip("/") for path in words(*paths)),
        layer=_first(properties, LAYER),
    )


def _source_version(properties: list[_Property]) -> str:
    """Return the version of the source package; Trivy says it in three parts."""
    version = _first(properties, ("syft:metadata:sourceVersion", "aquasecurity:trivy:SrcVersion"))
    epoch = _first(properties, ("aquasecurity:trivy:SrcEpoch",))
    release = _first(properties, ("aquasecurity:trivy:SrcRelease",))
    version = f"{epoch}:{version}" if version and epoch not in ("", "0") else version
    return f"{version}-{release}" if version and release else version


def _distribution(component: _Component) -> Distribution:
    """Return the distribution an operating-system component names."""
    name = _first(component.properties, ("syft:distro:id",)) or component.name
    version = _first(component.properties, ("syft:distro:versionID",)) or component.version or ""
    codename = _first(component.properties, ("syft:distro:versionCodename",))
    return assemble.distribution(name, version, codename, _first(component.properties, ("syft:distro:prettyName",)))


def _subject(document: _Document) -> SubjectInfo:
    """Return which image is described."""
    component = document.metadata.component
    properties = listed(component.properties) + listed(document.metadata.properties)
    digest = _DIGEST.search(
        " ".join(words(component.version, component.purl, _first(properties, ("aquasecurity:trivy:RepoDigest",))))
    )
    diff_ids = [each.value for each in properties if each.name == "aquasecurity:trivy:DiffID"]
    return SubjectInfo(
        format=f"CycloneDX {document.specVersion}",
        reference=bounds.escaped(component.name),
        created=document.metadata.timestamp,
        tools=_tools(document.metadata.tools),
        image=Image(
            digest=digest[0] if digest else "",
            config_digest=_first(properties, ("aquasecurity:trivy:ImageID",)),
            layers=tuple(Layer(digest="", diff_id=diff_id, media_type="", size=0) for diff_id in words(*diff_ids)),
        ),
    )


def _tools(data: msgspec.Raw) -> tuple[str, ...]:
    """Return the tools that made the document: a list until 1.4, an object with components since 1.5."""
    tools: list[_Tool] = []
    if bytes(data).lstrip().startswith(b"{"):
        tools = decode(data, _Tools, "CycloneDX document").components
    elif data:
        tools = decode(data, list[_Tool], "CycloneDX document")
    return tuple("-".join(words(tool.name, tool.version)) for tool in tools)
