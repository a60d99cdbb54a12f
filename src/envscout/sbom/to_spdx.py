"""An inventory as SPDX 2.3 JSON (https://spdx.github.io/spdx-spec/v2.3/). The same input gives the same bytes.

What the format has no field for are annotations; they are listed in docs/reference/sbom-formats.md.
"""

import hashlib
import re
import uuid
from collections.abc import Iterable
from typing import Any

import msgspec

from envscout import __version__
from envscout.model import Distribution, Image, Inventory, Package
from envscout.names.purl import DISTRIBUTED
from envscout.sbom import licenses, notes

Document = dict[str, Any]

DOCUMENT, IMAGE, SYSTEM = "SPDXRef-DOCUMENT", "SPDXRef-ContainerImage", "SPDXRef-OperatingSystem"
UNKNOWN = "NOASSERTION"
NO_TIME = "1970-01-01T00:00:00Z"
"""The format insists on a moment; this one stands for none."""

TOOL = f"Tool: envscout-{__version__}"
_UNFIT = re.compile(r"[^A-Za-z0-9.-]+")
_NAME = 60


def write(image: Image, inventory: Inventory, reference: str) -> bytes:
    """Return the document of one image as indented JSON with a final newline."""
    return finished(described(image, inventory, reference), reference)


def described(image: Image, inventory: Inventory, reference: str) -> Document:
    """Return what the document of one image says of it and of its packages."""
    created = notes.created(image) or NO_TIME
    ids = {(each.purl, each.owner): _id(each) for each in inventory.packages}
    by_purl = {each.purl: ids[each.purl, each.owner] for each in inventory.packages}
    systems = _system(inventory.distribution, created)
    return {
        "creationInfo": {"created": created, "creators": [TOOL]},
        "packages": [
            _image(image, reference, created),
            *systems,
            *(_package(each, ids[each.purl, each.owner], created) for each in inventory.packages),
        ],
        "relationships": [
            _relationship(DOCUMENT, "DESCRIBES", IMAGE),
            *(_relationship(IMAGE, "CONTAINS", each["SPDXID"]) for each in systems),
            *(
                _relationship(by_purl.get(each.owner, IMAGE), "CONTAINS", ids[each.purl, each.owner])
                for each in inventory.packages
            ),
        ],
        "hasExtractedLicensingInfos": _extracted(inventory.packages),
        "annotations": [_annotation(notes.DocumentNote(inventory.tools, inventory.problems), created)],
    }


def finished(document: Document, reference: str) -> bytes:
    """Return a whole document, named after its content."""
    content = hashlib.sha256(msgspec.json.encode(document)).digest()
    head = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": reference or "image",
        "documentNamespace": uuid.UUID(bytes=content[:16], version=5).urn,
    }
    return msgspec.json.format(msgspec.json.encode(head | document), indent=2) + b"\n"


def _id(package: Package) -> str:
    content = hashlib.sha256(f"{package.purl}\0{package.owner}".encode()).hexdigest()[:16]
    return f"SPDXRef-Package-{package.type}-{_UNFIT.sub('-', package.name)[:_NAME]}-{content}"


def _annotation(note: msgspec.Struct, created: str) -> Document:
    return {
        "annotator": TOOL,
        "annotationDate": created,
        "annotationType": "OTHER",
        "comment": notes.annotation(note),
    }


def _relationship(element: str, kind: str, other: str) -> Document:
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": other}


def _element(identifier: str, name: str, version: str) -> Document:
    """Return what every package must say, with the version where there is one."""
    said = {"versionInfo": version} if version else {}
    return {"SPDXID": identifier, "name": name, **said, "downloadLocation": UNKNOWN, "filesAnalyzed": False}


def _image(image: Image, reference: str, created: str) -> Document:
    return {
        **_element(IMAGE, reference or "image", image.digest),
        "primaryPackagePurpose": "CONTAINER",
        "annotations": [_annotation(notes.ImageNote.of(image), created)],
    }


def _system(found: Distribution | None, created: str) -> list[Document]:
    if not found or not found.id:
        return []
    return [
        {
            **_element(SYSTEM, found.id, found.version),
            "primaryPackagePurpose": "OPERATING-SYSTEM",
            "annotations": [_annotation(notes.SystemNote.of(found), created)],
        }
    ]


def _package(package: Package, identifier: str, created: str) -> Document:
    declared = _declared(package.licenses)
    note = notes.of_package(package)
    licensed = (declared,) if declared != UNKNOWN else ()
    note = msgspec.structs.replace(
        note, licenses=() if licensed == package.licenses else package.licenses, locations=package.locations
    )
    built = {}
    if package.type in DISTRIBUTED and package.source_name:
        built = {"sourceInfo": f"built package from: {package.source_name} {package.source_version}".rstrip()}
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": package.purl}
    return {
        **_element(identifier, package.name, package.version),
        **built,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": declared,
        "copyrightText": UNKNOWN,
        "externalRefs": [reference],
        "annotations": [_annotation(note, created)] if note != notes.PackageNote() else [],
    }


def _declared(texts: tuple[str, ...]) -> str:
    """Return the licences as one expression; what SPDX does not know is referred to."""
    known = [licenses.expression(text) or _reference(text) for text in texts]
    return " AND ".join(f"({each})" if " " in each and len(known) > 1 else each for each in known) or UNKNOWN


def _reference(text: str) -> str:
    return f"LicenseRef-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _extracted(packages: Iterable[Package]) -> list[Document]:
    """Return the licences that SPDX does not know, in the words of the packages."""
    unknown = {text for package in packages for text in package.licenses if not licenses.expression(text)}
    return [{"licenseId": _reference(text), "extractedText": text, "name": text or UNKNOWN} for text in sorted(unknown)]
