"""SPDX as tags and values and as JSON-LD say what the same document says as JSON."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from envscout import sbom
from envscout.errors import EnvscoutError, LimitExceeded
from envscout.model import Distribution
from envscout.sbom import spdx_tagvalue
from tests.sbom.documents import DEB, DIGEST, LAYER, LIBSSL, as_json, spdx, spdx_package

TAGS = f"""# made by hand

SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: demo/app
Creator: Tool: trivy-0.58.0
Creator: Organization: aquasecurity
Created: 2024-01-01T00:00:00Z
##### Package: the image
PackageName: demo/app
SPDXID: SPDXRef-ContainerImage-1
PrimaryPackagePurpose: CONTAINER
Annotator: Tool: trivy-0.58.0
AnnotationType: OTHER
SPDXREF: SPDXRef-ContainerImage-1
AnnotationComment: <text>RepoDigest: demo/app@{DIGEST}</text>
PackageName: debian
SPDXID: SPDXRef-OperatingSystem-1
PackageVersion: 12.5
PrimaryPackagePurpose: OPERATING-SYSTEM
PackageName: libssl3
SPDXID: SPDXRef-Package-1
PackageVersion: 3.0.11-1
PackageSourceInfo: <text>built package from: openssl 3.0.11-1</text>
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: Apache-2.0
PackageComment: <text>PackageName: not a package
ExternalRef: PACKAGE-MANAGER purl pkg:npm/not-here@1
</text>
ExternalRef: PACKAGE_MANAGER purl {DEB}
ExternalRef: SECURITY cpe23Type cpe:2.3:a:x:x:*:*:*:*:*:*:*:*
PackageAttributionText: <text>PkgID: x</text>
FileName: ./usr/lib/libssl.so.3
SPDXID: SPDXRef-File-1
SnippetSPDXID: SPDXRef-Snippet
LicenseID: LicenseRef-1
Relationship: SPDXRef-Package-1 CONTAINS SPDXRef-File-1
SPDXREF: SPDXRef-Package-1
AnnotationComment: LayerDiffID: {LAYER}
"""
JSON = spdx(
    {
        "SPDXID": "SPDXRef-ContainerImage-1",
        "name": "demo/app",
        "primaryPackagePurpose": "CONTAINER",
        "annotations": [{"comment": f"RepoDigest: demo/app@{DIGEST}"}],
    },
    {"SPDXID": "SPDXRef-OperatingSystem-1", "name": "debian", "versionInfo": "12.5"},
    spdx_package(
        DEB,
        "libssl3",
        SPDXID="SPDXRef-Package-1",
        versionInfo="3.0.11-1",
        sourceInfo="built package from: openssl 3.0.11-1",
        licenseDeclared="Apache-2.0",
        annotations=[{"comment": f"LayerDiffID: {LAYER}", "annotator": "Tool: trivy-0.58.0"}],
    ),
    name="demo/app",
    creationInfo={"created": "2024-01-01T00:00:00Z", "creators": ["Tool: trivy-0.58.0"]},
    files=[{"SPDXID": "SPDXRef-File-1", "fileName": "usr/lib/libssl.so.3"}],
    relationships=[
        {"spdxElementId": "SPDXRef-Package-1", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-File-1"}
    ],
)


def element(kind: str, key: str, **fields: Any) -> dict[str, Any]:
    """Return an element of an SPDX 3 document."""
    return {"type": kind, "spdxId": f"urn:{key}", "creationInfo": "_:c", "name": key} | fields


def relation(kind: str, origin: str, *to: str) -> dict[str, Any]:
    """Return a relationship of an SPDX 3 document."""
    return {
        "type": "Relationship",
        "relationshipType": kind,
        "from": f"urn:{origin}",
        "to": [f"urn:{each}" for each in to],
    }


GRAPH = [
    {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2024-01-01T00:00:00Z",
     "createdUsing": "urn:trivy-0.58.0"},
    element("Tool", "trivy-0.58.0"),
    element("SpdxDocument", "demo/app", rootElement=["urn:image"]),
    element("software_Package", "image", name="demo/app", software_primaryPurpose="container",
            software_attributionText=[f"RepoDigest: demo/app@{DIGEST}"]),
    element("software_Package", "os", name="debian", software_packageVersion="12.5",
            software_primaryPurpose="operatingSystem"),
    element("software_Package", "libssl3", software_packageVersion="3.0.11-1",
            software_sourceInfo="built package from: openssl 3.0.11-1",
            externalIdentifier=[{"type": "ExternalIdentifier", "externalIdentifierType": "packageUrl",
                                 "identifier": DEB}]),
    element("software_File", "file", name="./usr/lib/libssl.so.3"),
    element("simplelicensing_LicenseExpression", "licence", simplelicensing_licenseExpression="Apache-2.0"),
    element("Annotation", "note", subject="urn:libssl3", statement=f"LayerDiffID: {LAYER}"),
    relation("hasDeclaredLicense", "libssl3", "licence"),
    relation("contains", "libssl3", "file"),
    relation("dependsOn", "libssl3", "nobody"),
]  # fmt: skip


def spdx3(*more: Any) -> bytes:
    """Return an SPDX 3 document."""
    return as_json({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [*GRAPH, *more]})


@pytest.mark.parametrize(
    "data", [TAGS.encode(), TAGS.replace("\n", "\r\n").encode(), spdx3()], ids=["tags", "crlf", "3"]
)
def test_a_document_says_the_same_in_every_form(data: bytes) -> None:
    inventory, subject = sbom.read(data)
    expected, same = sbom.read(JSON)
    assert inventory == expected
    assert (subject.reference, subject.image, subject.tools) == (same.reference, same.image, same.tools)
    assert subject.image.digest == DIGEST
    assert inventory.distribution == Distribution("debian", "12")
    assert inventory.packages == (replace(LIBSSL, locations=("/usr/lib/libssl.so.3",)),)
    assert inventory.problems == ()


def test_files_and_their_layers_as_syft_writes_them() -> None:
    shown = spdx_package(
        "pkg:npm/a@1", "a", sourceInfo="acquired package info from installed node module: /a/package.json"
    )
    held = spdx_package(DEB + "&upstream=x", "b", sourceInfo="acquired package info from DPKG DB: /var/lib/dpkg/status")
    files = [
        {"SPDXID": "F1", "fileName": "/a/package.json", "comment": f"layerID: {LAYER}"},
        {"SPDXID": "F2", "fileName": "/var/lib/dpkg/status", "comment": f"layerID: {DIGEST}"},
        {"SPDXID": "F3", "fileName": "usr/lib/b", "comment": f"layerID: {LAYER}"},
    ]
    contains = {"spdxElementId": held["SPDXID"], "relationshipType": "CONTAINS", "relatedSpdxElement": "F3"}
    deb, npm = sbom.read(spdx(shown, held, files=files, relationships=[contains]))[0].packages
    assert (npm.locations, npm.layer) == (("/a/package.json",), LAYER)
    assert (deb.locations, deb.layer) == (("/var/lib/dpkg/status",), LAYER)


def test_damaged_elements_are_told() -> None:
    inventory, _ = sbom.read(spdx3({"type": 7}, "x", {"type": "software_Package", "name": "nameless"}))
    assert len(inventory.packages) == 1
    assert sorted(problem.code for problem in inventory.problems) == [
        "damaged-component",
        "damaged-component",
        "no-purl",
    ]


def test_a_text_without_end_takes_the_rest() -> None:
    inventory, _ = sbom.read((TAGS + "PackageName: x\nPackageComment: <text>never\nPackageName: y\n").encode())
    assert [each.message for each in inventory.problems] == ["packages without package URL are not listed: x"]


def test_the_number_of_packages_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spdx_tagvalue, "MAX_COMPONENTS", 2)
    with pytest.raises(LimitExceeded, match="too many"):
        sbom.read(TAGS.encode())


@given(st.sampled_from([TAGS.encode(), spdx3()]), st.integers(0, 3000), st.binary(max_size=6), st.integers(0, 30))
def test_damage_is_refused_or_read_never_a_crash(data: bytes, at: int, noise: bytes, lost: int) -> None:
    at %= len(data)
    try:
        sbom.read(data[:at] + noise + data[at + lost :])
    except EnvscoutError:
        return
