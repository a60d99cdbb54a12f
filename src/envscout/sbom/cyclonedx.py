"""CycloneDX JSON (https://cyclonedx.org/docs/), with the properties that syft, Trivy and envscout add to it."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from envscout.errors import SourceError
from envscout.model import Distribution, Image, Layer, Problem
from envscout.names import bounds
from envscout.sbom import assemble, notes
from envscout.sbom.draft import (
    NOTHING,
    READABLE,
    Component,
    Draft,
    SubjectInfo,
    decode,
    each,
    listed,
    paths,
    words,
)

MAX_DEPTH = 32
"""Levels of components within components that are followed."""

PACKAGES = frozenset({"library", "framework", "application"})
SOURCE_NAME = (
    "syft:metadata:source",
    "syft:metadata:originPackage",
    "aquasecurity:trivy:SrcName",
    "envscout:source:name",
)
SOURCE_VERSION = ("syft:metadata:sourceVersion", "aquasecurity:trivy:SrcVersion", "envscout:source:version")
LAYER = ("aquasecurity:trivy:LayerDiffID", "syft:location:0:layerID", "envscout:layer")
DIFF_IDS = ("aquasecurity:trivy:DiffID", "envscout:image:layer")
GROUP = ("aquasecurity:trivy:Class",)
"""What Trivy says of components that only stand for a lock file."""

_KIND = "CycloneDX document"
_PATH = re.compile(r"syft:location:\d+:path|aquasecurity:trivy:FilePath")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class _Property(msgspec.Struct, gc=False):
    name: str = ""
    value: str | None = None


class _License(msgspec.Struct, gc=False):
    id: str | None = None
    name: str | None = None


class _Choice(msgspec.Struct, gc=False):
    license: _License = msgspec.field(default_factory=_License)
    expression: str | None = None


class _Occurrence(msgspec.Struct):
    location: str = ""


class _Evidence(msgspec.Struct):
    occurrences: list[_Occurrence] | None = None


class _Component(msgspec.Struct, gc=False):
    type: str = "library"
    group: str | None = None
    name: str = ""
    version: str | None = None
    purl: str | None = None
    licenses: list[_Choice] | None = None
    properties: list[_Property] | None = None
    components: msgspec.Raw = NOTHING
    evidence: _Evidence | None = None


class _Metadata(msgspec.Struct):
    timestamp: str = ""
    tools: msgspec.Raw = NOTHING
    component: _Component = msgspec.field(default_factory=_Component)
    properties: list[_Property] | None = None


class _Document(msgspec.Struct):
    specVersion: str = ""  # noqa: N815 - the document's word
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    components: msgspec.Raw = NOTHING


class _Tool(msgspec.Struct):
    name: str = ""
    version: str | None = None


class _Tools(msgspec.Struct):
    components: list[_Tool] = []


def read(data: bytes | msgspec.Raw) -> Draft:
    """Return the content of a CycloneDX document. Raises SourceError, LimitExceeded."""
    document = decode(data, _Document, _KIND)
    problems: list[Problem] = []
    found = list(_flat([document.metadata.component.components, document.components], problems))
    systems = [each for each in found if each.type == "operating-system" and each.name]
    held = [each for each in found if each.type in PACKAGES and not _is_group(each)]
    about = _told(document.metadata.properties)
    return Draft(
        subject=_subject(document),
        components=tuple(_converted(each) for each in held if each.purl),
        distribution=_distribution(systems[0]) if systems else None,
        unidentified=tuple(" ".join(words(each.name, each.version)) for each in held if not each.purl),
        problems=(*problems, *notes.problems(about.get("envscout:problem", ()))),
        looked=tuple(about.get("envscout:cataloguer", ())),
    )


def _flat(parts: list[msgspec.Raw], problems: list[Problem]) -> Iterator[_Component]:
    """Yield components and those within them, level by level."""
    for _ in range(MAX_DEPTH):
        inner: list[msgspec.Raw] = []
        for part in parts:
            for component in each(part, _Component, _KIND, problems):
                if len(component.components) > len(NOTHING):
                    inner.append(component.components)
                yield component
        if not inner:
            return
        parts = inner
    raise SourceError(f"components are nested more than {MAX_DEPTH} deep", READABLE)


def _is_group(component: _Component) -> bool:
    return bool(component.properties) and any(each.name in GROUP and each.value for each in component.properties or ())


def _told(properties: Iterable[_Property] | None) -> dict[str, list[str]]:
    """Return what the properties say, by their names."""
    told: dict[str, list[str]] = {}
    for said in properties or ():
        if said.value:
            told.setdefault(said.name, []).append(said.value)
    return told


def _first(told: dict[str, list[str]], names: Iterable[str]) -> str:
    """Return the first of what the first of these properties that is there says."""
    return next((told[name][0] for name in names if name in told), "")


def _converted(component: _Component) -> Component:
    """Return one component in the document's words."""
    told = _told(component.properties)
    found = [value for name, values in told.items() if _PATH.fullmatch(name) for value in values]
    if component.evidence:
        found += [each.location for each in listed(component.evidence.occurrences)]
    return Component(
        purl=component.purl or "",
        name=f"{component.group}/{component.name}" if component.group else component.name,
        version=component.version or "",
        source=(_first(told, SOURCE_NAME), _source_version(told)),
        architecture=_first(told, ("envscout:architecture",)),
        licenses=tuple(told.get("envscout:license", ()))
        or words(*(each.expression or each.license.id or each.license.name for each in listed(component.licenses))),
        locations=paths(found),
        layer=_first(told, LAYER),
        owner=_first(told, ("envscout:owner",)),
        exact=(_first(told, ("envscout:name",)), _first(told, ("envscout:version",))),
    )


def _source_version(told: dict[str, list[str]]) -> str:
    """Return the version of the source package; Trivy says it in three parts."""
    version = _first(told, SOURCE_VERSION)
    epoch = _first(told, ("aquasecurity:trivy:SrcEpoch",))
    release = _first(told, ("aquasecurity:trivy:SrcRelease",))
    version = f"{epoch}:{version}" if version and epoch not in ("", "0") else version
    return f"{version}-{release}" if version and release else version


def _distribution(component: _Component) -> Distribution | None:
    """Return the distribution an operating-system component names."""
    told = _told(component.properties)
    exact = notes.SystemNote(
        _first(told, ("envscout:distribution:id",)),
        _first(told, ("envscout:distribution:version",)),
        _first(told, ("envscout:distribution:codename",)),
        _first(told, ("envscout:distribution:name",)),
        tuple(told.get("envscout:distribution:like", ())),
    )
    return exact.distribution() or assemble.distribution(
        _first(told, ("syft:distro:id",)) or component.name,
        _first(told, ("syft:distro:versionID",)) or component.version or "",
        _first(told, ("syft:distro:versionCodename",)),
        _first(told, ("syft:distro:prettyName",)),
    )


def _subject(document: _Document) -> SubjectInfo:
    """Return which image is described."""
    component = document.metadata.component
    told = _told(listed(component.properties) + listed(document.metadata.properties))
    digest = _DIGEST.search(
        " ".join(words(component.version, component.purl, _first(told, ("aquasecurity:trivy:RepoDigest",))))
    )
    return SubjectInfo(
        format=f"CycloneDX {document.specVersion}",
        reference=bounds.escaped(component.name),
        created=document.metadata.timestamp,
        tools=_tools(document.metadata.tools),
        image=Image(
            digest=_first(told, ("envscout:image:digest",)) or (digest[0] if digest else ""),
            index_digest=_first(told, ("envscout:image:index-digest",)),
            config_digest=_first(told, ("aquasecurity:trivy:ImageID", "envscout:image:config-digest")),
            platform=_first(told, ("envscout:image:platform",)),
            created=_first(told, ("envscout:image:created",)),
            layers=tuple(Layer("", diff_id, "", 0) for name in DIFF_IDS for diff_id in told.get(name, ())),
        ),
    )


def _tools(data: msgspec.Raw) -> tuple[str, ...]:
    """Return the tools that made the document: a list until 1.4, an object with components since 1.5."""
    tools: list[_Tool] = []
    if bytes(data).lstrip().startswith(b"{"):
        tools = decode(data, _Tools, _KIND).components
    elif data:
        tools = decode(data, list[_Tool], _KIND)
    return tuple("-".join(words(tool.name, tool.version)) for tool in tools)
