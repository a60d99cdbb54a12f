"""What CycloneDX documents of Trivy, syft and others say."""

from typing import Any

import pytest
from msgspec.structs import replace

from envscout import sbom
from envscout.errors import SourceError
from envscout.model import Distribution
from tests.sbom.documents import DEB, DIGEST, LAYER, LIBSSL, NPM, cyclonedx, properties


def test_a_document_of_syft() -> None:
    document = cyclonedx(
        {
            "type": "library",
            "name": "libssl3",
            "version": "3.0.11-1",
            "purl": DEB,
            "licenses": [{"license": {"id": "Apache-2.0"}}, {"license": {"name": "x"}}, {"expression": "MIT OR ISC"}],
            "properties": properties(
                syft__package__type="deb",
                syft__location__0__path="/var/lib/dpkg/status",
                syft__location__0__layerID=LAYER,
                syft__metadata__source="openssl",
                syft__metadata__sourceVersion="3.0.11",
            ),
        },
        {
            "type": "operating-system",
            "name": "Debian",
            "version": "12",
            "properties": properties(
                syft__distro__id="debian", syft__distro__versionID="12", syft__distro__versionCodename="bookworm"
            ),
        },
        {"type": "file", "name": "/etc/passwd"},
        metadata={
            "timestamp": "2024-01-01T00:00:00Z",
            "tools": {"components": [{"type": "application", "name": "syft", "version": "1.14.0"}]},
            "component": {"type": "container", "name": "demo:1", "version": DIGEST},
        },
    )
    inventory, subject = sbom.read(document)
    assert inventory.packages == (replace(LIBSSL, source_version="3.0.11", licenses=("Apache-2.0", "x", "MIT OR ISC")),)
    assert inventory.distribution == Distribution("debian", "12", "bookworm")
    assert inventory.problems == ()
    assert (subject.format, subject.reference, subject.image.digest) == ("CycloneDX 1.5", "demo:1", DIGEST)
    assert subject.tools == ("syft-1.14.0",)


def test_a_document_of_trivy() -> None:
    document = cyclonedx(
        {"type": "operating-system", "name": "redhat", "version": "8.7"},
        {
            "type": "application",
            "name": "app/package-lock.json",
            "properties": properties(aquasecurity__trivy__Class="x"),
        },
        {
            "type": "library",
            "name": "gdbm-libs",
            "version": "1.18-1.el8",
            "purl": "pkg:rpm/redhat/gdbm-libs@1.18-1.el8?arch=x86_64&distro=redhat-8.7&epoch=1",
            "properties": properties(
                aquasecurity__trivy__SrcName="gdbm",
                aquasecurity__trivy__SrcVersion="1.18",
                aquasecurity__trivy__SrcRelease="1.el8",
                aquasecurity__trivy__SrcEpoch="1",
                aquasecurity__trivy__LayerDiffID=LAYER,
            ),
        },
        {
            "type": "library",
            "group": "@babel",
            "name": "core",
            "version": "7.0.0",
            "purl": NPM,
            "properties": properties(aquasecurity__trivy__FilePath="app/node_modules/@babel/core/package.json"),
        },
        metadata={
            "tools": [{"vendor": "aquasecurity", "name": "trivy", "version": "0.40.0"}],
            "component": {
                "type": "container",
                "name": "demo",
                "properties": properties(
                    aquasecurity__trivy__RepoDigest=f"demo@{DIGEST}",
                    aquasecurity__trivy__ImageID=LAYER,
                    aquasecurity__trivy__DiffID=LAYER,
                ),
            },
        },
    )
    inventory, subject = sbom.read(document)
    npm, rpm = inventory.packages
    assert (rpm.version, rpm.source_name, rpm.source_version, rpm.layer) == (
        "1:1.18-1.el8",
        "gdbm",
        "1:1.18-1.el8",
        LAYER,
    )
    assert npm.locations == ("/app/node_modules/@babel/core/package.json",)
    assert npm.name == "@babel/core"
    assert inventory.distribution == Distribution("rhel", "8.7")
    assert inventory.problems == ()
    assert (subject.image.digest, subject.image.config_digest) == (DIGEST, LAYER)
    assert [layer.diff_id for layer in subject.image.layers] == [LAYER]
    assert subject.tools == ("trivy-0.40.0",)


def nested(depth: int) -> dict[str, Any]:
    """Return components within components."""
    component: dict[str, Any] = {"name": "x", "purl": f"pkg:npm/x@{depth}"}
    for level in range(depth):
        component = {"name": "x", "purl": f"pkg:npm/x@{level}", "components": [component]}
    return component


def test_components_within_components_are_read() -> None:
    assert len(sbom.read(cyclonedx(nested(20)))[0].packages) == 21


def test_depth_is_bounded() -> None:
    with pytest.raises(SourceError, match="deep"):
        sbom.read(cyclonedx(nested(100)))


def test_occurrences_and_missing_urls() -> None:
    evidence = {"occurrences": [{"location": "/app/a"}]}
    inventory, _ = sbom.read(cyclonedx({"name": "a", "purl": NPM, "evidence": evidence}, {"name": "b", "version": "1"}))
    assert inventory.packages[0].locations == ("/app/a",)
    assert "b 1" in next(each.message for each in inventory.problems if each.code == "no-purl")
