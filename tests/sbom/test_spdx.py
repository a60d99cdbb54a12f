"""What SPDX documents of Trivy and syft say between the lines."""

from envscout import sbom
from envscout.model import Distribution, Package
from tests.sbom.documents import DEB, DIGEST, LAYER, spdx, spdx_package


def test_a_document_of_trivy() -> None:
    document = spdx(
        {
            "SPDXID": "SPDXRef-ContainerImage-1",
            "name": "demo/app",
            "attributionTexts": [f"ImageID: {LAYER}", f"RepoDigest: demo/app@{DIGEST}", f"DiffID: {LAYER}"],
            "externalRefs": [{"referenceType": "purl", "referenceLocator": f"pkg:oci/app@{DIGEST}?arch=amd64"}],
        },
        {"SPDXID": "SPDXRef-OperatingSystem-1", "name": "debian", "versionInfo": "11.6"},
        {"SPDXID": "SPDXRef-Application-1", "name": "node-pkg"},
        spdx_package(
            "pkg:deb/debian/libgcc-s1@10.2.1-6?distro=debian-11.6",
            "libgcc-s1",
            sourceInfo="built package from: gcc-10 10.2.1-6",
            licenseDeclared="NONE",
            attributionTexts=["LayerDigest: sha256:1", f"LayerDiffID: {LAYER}"],
        ),
        spdx_package("pkg:npm/a@1", "a", hasFiles=["SPDXRef-File-1"], licenseDeclared="MIT", licenseConcluded="MIT"),
        spdxVersion="SPDX-2.2",
        files=[{"SPDXID": "SPDXRef-File-1", "fileName": "app/node_modules/a/package.json"}],
        creationInfo={"created": "2022-12-28T22:38:55Z", "creators": ["Tool: trivy", "Organization: aquasecurity"]},
    )
    inventory, subject = sbom.read(document)
    assert inventory.packages == (
        Package(
            type="deb",
            name="libgcc-s1",
            version="10.2.1-6",
            purl="pkg:deb/debian/libgcc-s1@10.2.1-6?distro=debian-11.6",
            source_name="gcc-10",
            source_version="10.2.1-6",
            layer=LAYER,
        ),
        Package(
            type="npm",
            name="a",
            version="1",
            purl="pkg:npm/a@1",
            source_name="a",
            source_version="1",
            licenses=("MIT",),
            locations=("/app/node_modules/a/package.json",),
        ),
    )
    assert inventory.distribution == Distribution("debian", "11")
    assert inventory.problems == ()
    assert (subject.format, subject.reference, subject.tools) == ("SPDX-2.2", "demo/app", ("trivy",))
    assert (subject.image.digest, subject.image.config_digest) == (DIGEST, LAYER)
    assert [layer.diff_id for layer in subject.image.layers] == [LAYER]


def test_a_document_of_syft() -> None:
    document = spdx(
        spdx_package(
            DEB + "&upstream=openssl%403.0.11-1",
            "libssl3",
            sourceInfo="acquired package info from DPKG DB: /usr/share/doc/libssl3/copyright, /var/lib/dpkg/status",
            licenseDeclared="NOASSERTION",
        ),
        {"SPDXID": "SPDXRef-DocumentRoot-Image-demo", "name": "demo", "primaryPackagePurpose": "CONTAINER"},
        {"SPDXID": "SPDXRef-os", "name": "debian", "versionInfo": "12", "primaryPackagePurpose": "OPERATING_SYSTEM"},
        name=f"demo@{DIGEST}",
    )
    inventory, subject = sbom.read(document)
    assert inventory.packages[0].locations == ("/usr/share/doc/libssl3/copyright", "/var/lib/dpkg/status")
    assert inventory.packages[0].source_name == "openssl"
    assert inventory.packages[0].licenses == ()
    assert inventory.distribution == Distribution("debian", "12")
    assert [problem.code for problem in inventory.problems] == ["no-layers"]
    assert subject.image.digest == DIGEST


def test_a_damaged_list_of_files_costs_the_locations_only() -> None:
    inventory, _ = sbom.read(spdx(spdx_package(DEB + "&upstream=x", hasFiles=["f"]), files=[{"SPDXID": 7}]))
    assert len(inventory.packages) == 1
    assert [problem.code for problem in inventory.problems] == ["damaged-component", "no-layers"]
