"""SPDX 2.2 and 2.3 JSON (https://spdx.github.io/spdx-spec/v2.3/), with what others write between its lines.

Trivy: `sourceInfo` names the source package, attribution texts (since 0.58: annotations) the layer. syft: `sourceInfo`
names the files that show a package, comments of files their layer. envscout: annotations (see notes.py).
"""

import re
from collections.abc import Iterable

import msgspec

from envscout.model import Distribution, Image, Layer, Problem
from envscout.names import bounds
from envscout.sbom import assemble, notes
from envscout.sbom.draft import (
    NOTHING,
    Component,
    Draft,
    SubjectInfo,
    decode,
    each,
    labelled,
    listed,
    paths,
    words,
)

_KIND = "SPDX document"
_BUILT_FROM = "built package from: "
_ACQUIRED = "acquired package info from "
_LAYER = "LayerDiffID: "
_FILE_LAYER = "layerID: "
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})\b")

MAX_CONTAINED = 8
"""Files of a package that are its locations; of more, they are merely all that was installed."""
NOT_PACKAGES = ("CONTAINER", "FILE", "OPERATING-SYSTEM", "OPERATING_SYSTEM")
"""Purposes of packages that stand for the image or its system."""
GROUPS = ("SPDXRef-ContainerImage", "SPDXRef-OperatingSystem", "SPDXRef-Application-", "SPDXRef-DocumentRoot-")
"""How Trivy and syft begin the identifiers of packages that only hold others."""


class _Reference(msgspec.Struct, gc=False):
    referenceType: str = ""  # noqa: N815 - the document's word
    referenceLocator: str = ""  # noqa: N815


class _Annotation(msgspec.Struct, gc=False):
    comment: str | None = None


class _Package(msgspec.Struct, gc=False):
    SPDXID: str = ""
    name: str = ""
    versionInfo: str | None = None  # noqa: N815
    sourceInfo: str | None = None  # noqa: N815
    licenseDeclared: str | None = None  # noqa: N815
    licenseConcluded: str | None = None  # noqa: N815
    primaryPackagePurpose: str | None = None  # noqa: N815
    attributionTexts: list[str] | None = None  # noqa: N815
    annotations: list[_Annotation] | None = None
    hasFiles: list[str] | None = None  # noqa: N815
    externalRefs: list[_Reference] | None = None  # noqa: N815

    @property
    def purl(self) -> str:
        """Return the package URL, "" if there is none."""
        for reference in self.externalRefs or ():
            if reference.referenceType == "purl":
                return reference.referenceLocator
        return ""

    @property
    def texts(self) -> list[str]:
        """Return the attribution texts and the comments of annotations."""
        texts = self.attributionTexts or []
        if self.annotations:
            texts = [*texts, *(each.comment for each in self.annotations if each.comment)]
        return texts

    @property
    def is_system(self) -> bool:
        """Tell whether this stands for the distribution."""
        return self.SPDXID.startswith("SPDXRef-OperatingSystem") or self.primaryPackagePurpose in NOT_PACKAGES[2:]

    @property
    def is_group(self) -> bool:
        """Tell whether this only holds other packages."""
        return self.SPDXID.startswith(GROUPS) or self.primaryPackagePurpose in NOT_PACKAGES


class _File(msgspec.Struct, gc=False):
    SPDXID: str = ""
    fileName: str = ""  # noqa: N815
    comment: str | None = None

    @property
    def layer(self) -> str:
        """Return the diff id of its layer as syft notes it, else ""."""
        said = self.comment or ""
        return said.removeprefix(_FILE_LAYER) if said.startswith(_FILE_LAYER) else ""


class _Relationship(msgspec.Struct, gc=False):
    spdxElementId: str = ""  # noqa: N815
    relationshipType: str = ""  # noqa: N815
    relatedSpdxElement: str = ""  # noqa: N815


class _Creation(msgspec.Struct):
    created: str = ""
    creators: list[str] | None = None


class _Document(msgspec.Struct):
    spdxVersion: str  # noqa: N815
    name: str = ""
    creationInfo: _Creation = msgspec.field(default_factory=_Creation)  # noqa: N815
    packages: msgspec.Raw = NOTHING
    files: msgspec.Raw = NOTHING
    relationships: msgspec.Raw = NOTHING
    annotations: list[_Annotation] | None = None


class _Files(msgspec.Struct):
    """The files of a document: by identifier, the layers by path, and which of them each package holds."""

    known: dict[str, _File] = {}
    layers: dict[str, str] = {}
    held: dict[str, list[_File]] = {}


def read(data: bytes | msgspec.Raw) -> Draft:
    """Return the content of an SPDX document. Raises SourceError, LimitExceeded."""
    document = decode(data, _Document, _KIND)
    problems: list[Problem] = []
    packages = each(document.packages, _Package, _KIND, problems)
    files = _files(document, problems)
    held = [package for package in packages if not package.is_group]
    made = notes.read(_comments(document), notes.DocumentNote)
    return Draft(
        subject=_subject(document, packages),
        components=tuple(_component(package, files) for package in held if package.purl),
        distribution=next(filter(None, map(_distribution, packages)), None),
        unidentified=tuple(" ".join(words(each.name, each.versionInfo)) for each in held if not each.purl),
        problems=(*problems, *made.problems),
        looked=made.cataloguers,
    )


def _comments(document: _Document) -> Iterable[str]:
    return (each.comment for each in listed(document.annotations) if each.comment)


def _files(document: _Document, problems: list[Problem]) -> _Files:
    """Return the files of the document and what holds them."""
    found = _Files()
    for file in each(document.files, _File, _KIND, problems):
        found.known[file.SPDXID] = file
        if file.comment:
            found.layers["/" + file.fileName.removeprefix("./").lstrip("/")] = file.layer
    for relation in each(document.relationships, _Relationship, _KIND, problems) if found.known else ():
        contained = found.known.get(relation.relatedSpdxElement)
        if contained and relation.relationshipType == "CONTAINS":
            found.held.setdefault(relation.spdxElementId, []).append(contained)
    return found


def _component(package: _Package, files: _Files) -> Component:
    """Return one package in the document's words."""
    texts = package.texts
    note = notes.read(texts, notes.PackageNote) if texts else _NO_NOTE
    said = package.sourceInfo or ""
    held = files.held.get(package.SPDXID, ())
    locations = note.locations or _locations(package, said, held, files)
    layer = note.layer or next((text[len(_LAYER) :] for text in texts if text.startswith(_LAYER)), "")
    if not layer and files.layers:
        layer = held[0].layer if held else next((files.layers[path] for path in locations if path in files.layers), "")
    return Component(
        purl=package.purl,
        name=package.name,
        version=package.versionInfo or "",
        source=(note.source_name, note.source_version) if note.source_name else _built_from(said),
        architecture=note.architecture,
        licenses=note.licenses or words(package.licenseDeclared, package.licenseConcluded)[:1],
        locations=locations,
        layer=layer,
        owner=note.owner,
        exact=(note.name, note.version),
    )


_NO_NOTE = notes.PackageNote()


def _built_from(said: str) -> tuple[str, str]:
    """Return name and version of the source package, as Trivy writes them."""
    if not said.startswith(_BUILT_FROM):
        return "", ""
    name, _, version = said[len(_BUILT_FROM) :].strip().partition(" ")
    return name, version


def _locations(package: _Package, said: str, held: Iterable[_File], files: _Files) -> tuple[str, ...]:
    """Return the files that show a package: as syft writes them, else those it is said to hold."""
    if said.startswith(_ACQUIRED):
        return paths(said.partition(": ")[2].split(", "))
    named = [files.known[name].fileName for name in package.hasFiles or () if name in files.known]
    named = named or [file.fileName for file in held]
    return paths(named) if len(named) <= MAX_CONTAINED else ()


def _distribution(package: _Package) -> Distribution | None:
    """Return the distribution a package stands for, None if it stands for something else."""
    if not package.is_system or not package.name:
        return None
    exact = notes.read(package.texts, notes.SystemNote).distribution()
    return exact or assemble.distribution(package.name, package.versionInfo or "")


def _subject(document: _Document, packages: list[_Package]) -> SubjectInfo:
    """Return which image is described; Trivy tells its digests and layers between the lines."""
    container = next((each for each in packages if _is_image(each)), _Package())
    texts = container.texts
    note = notes.read(texts, notes.ImageNote)
    digest = _DIGEST.search(" ".join((container.purl, *labelled(texts, "RepoDigest"), document.name)))
    diff_ids = note.layers or labelled(texts, "DiffID")
    return SubjectInfo(
        format=document.spdxVersion,
        reference=bounds.escaped(container.name or document.name),
        created=document.creationInfo.created,
        tools=labelled(document.creationInfo.creators, "Tool"),
        image=Image(
            digest=note.digest or (digest[1] if digest else ""),
            index_digest=note.index_digest,
            config_digest=note.config_digest or next(iter(labelled(texts, "ImageID")), ""),
            platform=note.platform,
            created=note.created,
            layers=tuple(Layer(digest="", diff_id=diff_id, media_type="", size=0) for diff_id in diff_ids),
        ),
    )


def _is_image(package: _Package) -> bool:
    return package.primaryPackagePurpose == NOT_PACKAGES[0] or package.purl.startswith("pkg:oci/")
