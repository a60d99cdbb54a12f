"""SPDX 3.0 JSON-LD (https://spdx.github.io/spdx-spec/v3.0.1/), read into the parts of SPDX 2.

The document is one flat list of elements that name each other by identifier; what SPDX 2 has as fields of a package
(licences, files, annotations) are elements of their own here.
"""

from collections.abc import Iterable

import msgspec

from envscout.model import Problem
from envscout.sbom import spdx
from envscout.sbom.draft import NOTHING, Draft, decode, each
from envscout.sbom.spdx_parts import Annotation, File, Package, Parts, Reference, Relationship

_KIND = "SPDX 3 document"
_LICENSES = {"hasDeclaredLicense": "licenseDeclared", "hasConcludedLicense": "licenseConcluded"}
_PURLS = ("packageUrl", "purl")

Texts = list[str] | str | None
"""JSON-LD writes one value without its list."""


class _Identifier(msgspec.Struct):
    externalIdentifierType: str = ""  # noqa: N815 - the document's word
    identifier: str = ""


class _Element(msgspec.Struct, gc=False):
    type: str = ""
    spdxId: str = ""  # noqa: N815
    name: str | None = None
    created: str = ""
    specVersion: str = ""  # noqa: N815
    createdUsing: Texts = None  # noqa: N815
    version: str | None = msgspec.field(name="software_packageVersion", default=None)
    url: str | None = msgspec.field(name="software_packageUrl", default=None)
    purpose: str | None = msgspec.field(name="software_primaryPurpose", default=None)
    said: str | None = msgspec.field(name="software_sourceInfo", default=None)
    texts: Texts = msgspec.field(name="software_attributionText", default=None)
    identifiers: list[_Identifier] | None = msgspec.field(name="externalIdentifier", default=None)
    relation: str = msgspec.field(name="relationshipType", default="")
    origin: str = msgspec.field(name="from", default="")
    to: Texts = None
    license: str | None = msgspec.field(name="simplelicensing_licenseExpression", default=None)
    subject: str = ""
    statement: str | None = None

    @property
    def purl(self) -> str:
        """Return the package URL, "" if there is none."""
        told = (each.identifier for each in self.identifiers or () if each.externalIdentifierType in _PURLS)
        return self.url or next(told, "")


class _Graph(msgspec.Struct):
    graph: msgspec.Raw = msgspec.field(name="@graph", default=NOTHING)


def read(data: bytes | msgspec.Raw) -> Draft:
    """Return the content of an SPDX 3 document. Raises SourceError, LimitExceeded."""
    problems: list[Problem] = []
    elements = each(decode(data, _Graph, _KIND).graph, _Element, _KIND, problems)
    return spdx.draft(_parts(elements, problems))


def _parts(elements: list[_Element], problems: list[Problem]) -> Parts:
    """Return the same as SPDX 2 has it."""
    kinds: dict[str, list[_Element]] = {}
    for element in elements:
        kinds.setdefault(element.type.rpartition("/")[2], []).append(element)
    creation = next(iter(kinds.get("CreationInfo", ())), _Element())
    tools = {each.spdxId: each.name or "" for each in kinds.get("Tool", ())}
    relations = [each for kind in ("Relationship", "LifecycleScopedRelationship") for each in kinds.get(kind, ())]
    return Parts(
        version=f"SPDX-{creation.specVersion or '3.0'}",
        name=next((each.name for each in kinds.get("SpdxDocument", ()) if each.name), ""),
        created=creation.created,
        creators=[f"Tool: {tools[name]}" for name in _texts(creation.createdUsing) if name in tools],
        packages=_packages(kinds, relations),
        files=[File(each.spdxId, each.name or "") for each in kinds.get("software_File", ())],
        relationships=[
            Relationship(each.origin, "CONTAINS", name)
            for each in relations
            if each.relation == "contains"
            for name in _texts(each.to)
        ],
        problems=problems,
    )


def _packages(kinds: dict[str, list[_Element]], relations: Iterable[_Element]) -> list[Package]:
    licenses = {
        each.spdxId: each.license for each in kinds.get("simplelicensing_LicenseExpression", ()) if each.license
    }
    notes: dict[str, list[Annotation]] = {}
    for annotation in kinds.get("Annotation", ()):
        notes.setdefault(annotation.subject, []).append(Annotation(annotation.statement))
    packages = {element.spdxId: _package(element, notes) for element in kinds.get("software_Package", ())}
    for relation in relations:
        field = _LICENSES.get(relation.relation)
        package = packages.get(relation.origin)
        if field and package:
            setattr(package, field, next((licenses[name] for name in _texts(relation.to) if name in licenses), None))
    return list(packages.values())


def _package(element: _Element, notes: dict[str, list[Annotation]]) -> Package:
    return Package(
        SPDXID=element.spdxId,
        name=element.name or "",
        versionInfo=element.version,
        sourceInfo=element.said,
        primaryPackagePurpose=(element.purpose or "").replace("operatingSystem", "operating_system").upper(),
        attributionTexts=_texts(element.texts),
        externalRefs=[Reference("purl", element.purl)] if element.purl else None,
        annotations=notes.pop(element.spdxId, None),
    )


def _texts(texts: Texts) -> list[str]:
    if texts is None:
        return []
    return [texts] if isinstance(texts, str) else texts
