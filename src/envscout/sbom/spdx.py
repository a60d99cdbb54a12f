"""SPDX 2.2 and 2.3 JSON (https://spdx.github.io/spdx-spec/v2.3/), with what others write between its lines.

Trivy: `sourceInfo` names the source package, attribution texts (since 0.58: annotations) the layer. syft: `sourceInfo`
names the files that show a package, comments of files their layer. envscout: annotations (see notes.py).
"""

import re
from collections.abc import Sequence

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
    told,
    words,
)
from envscout.sbom.spdx_parts import NOT_PACKAGES, Annotation, File, Package, Parts, Relationship

_KIND = "SPDX document"
_BUILT_FROM = "built package from: "
_ACQUIRED = "acquired package info from "
_LAYER = "LayerDiffID: "
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})\b")

MAX_CONTAINED = 8
"""Files of a package that are its locations; of more, they are merely all that was installed."""


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
    annotations: list[Annotation] | None = None


class _Files(msgspec.Struct):
    """The files of a document: by identifier, the layers by path, and which of them each package holds."""

    known: dict[str, File] = {}
    layers: dict[str, str] = {}
    held: dict[str, list[File]] = {}


def read(data: bytes | msgspec.Raw) -> Draft:
    """Return the content of an SPDX 2 document as JSON. Raises SourceError, LimitExceeded."""
    document = decode(data, _Document, _KIND)
    problems: list[Problem] = []
    files = each(document.files, File, _KIND, problems)
    return draft(
        Parts(
            version=document.spdxVersion,
            name=document.name,
            created=document.creationInfo.created,
            creators=listed(document.creationInfo.creators),
            packages=each(document.packages, Package, _KIND, problems),
            files=files,
            relationships=each(document.relationships, Relationship, _KIND, problems) if files else [],
            comments=[each.comment for each in listed(document.annotations) if each.comment],
            problems=problems,
        )
    )


def draft(parts: Parts) -> Draft:
    """Return what the parts of a document add up to."""
    files = _files(parts)
    held = [package for package in parts.packages if not package.is_group]
    made = notes.read(parts.comments, notes.DocumentNote)
    return Draft(
        subject=_subject(parts),
        components=tuple(_component(package, files) for package in held if package.purl),
        distribution=next(filter(None, map(_distribution, parts.packages)), None),
        unidentified=tuple(" ".join(words(each.name, each.versionInfo)) for each in held if not each.purl),
        problems=(*parts.problems, *map(told, made.problems)),
        looked=made.cataloguers,
    )


def _files(parts: Parts) -> _Files:
    """Return the files of the document and what holds them."""
    found = _Files()
    for file in parts.files:
        found.known[file.SPDXID] = file
        if file.comment:
            found.layers["/" + file.fileName.removeprefix("./").lstrip("/")] = file.layer
    for relation in parts.relationships:
        contained = found.known.get(relation.relatedSpdxElement)
        if contained and relation.relationshipType == "CONTAINS":
            found.held.setdefault(relation.spdxElementId, []).append(contained)
    return found


def _component(package: Package, files: _Files) -> Component:
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


def _locations(package: Package, said: str, held: Sequence[File], files: _Files) -> tuple[str, ...]:
    """Return the files that show a package: as syft writes them, else those it is said to hold."""
    if said.startswith(_ACQUIRED):
        return paths(said.partition(": ")[2].split(", "))
    named = [files.known[name].fileName for name in package.hasFiles or () if name in files.known]
    if not named and len(held) <= MAX_CONTAINED:
        named = [file.fileName for file in held]
    return paths(named) if len(named) <= MAX_CONTAINED else ()


def _distribution(package: Package) -> Distribution | None:
    """Return the distribution a package stands for, None if it stands for something else."""
    if not package.is_system or not package.name:
        return None
    exact = notes.read(package.texts, notes.SystemNote).distribution()
    return exact or assemble.distribution(package.name, package.versionInfo or "")


def _subject(parts: Parts) -> SubjectInfo:
    """Return which image is described; Trivy tells its digests and layers between the lines."""
    container = next((each for each in parts.packages if _is_image(each)), Package())
    texts = container.texts
    note = notes.read(texts, notes.ImageNote)
    digest = _DIGEST.search(" ".join((container.purl, *labelled(texts, "RepoDigest"), parts.name)))
    diff_ids = note.layers or labelled(texts, "DiffID")
    return SubjectInfo(
        format=parts.version,
        reference=bounds.escaped(container.name or parts.name),
        created=parts.created,
        tools=labelled(parts.creators, "Tool"),
        image=Image(
            digest=note.digest or (digest[1] if digest else ""),
            index_digest=note.index_digest,
            config_digest=note.config_digest or next(iter(labelled(texts, "ImageID")), ""),
            platform=note.platform,
            created=note.created,
            layers=tuple(Layer(digest="", diff_id=diff_id, media_type="", size=0) for diff_id in diff_ids),
        ),
    )


def _is_image(package: Package) -> bool:
    return package.primaryPackagePurpose == NOT_PACKAGES[0] or package.purl.startswith("pkg:oci/")
