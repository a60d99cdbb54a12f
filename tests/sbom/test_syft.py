"""syft's own documents, new and old."""

from msgspec.structs import replace

from envscout import sbom
from envscout.model import Distribution, Layer
from tests.sbom.documents import DEB, DIGEST, LAYER, LIBSSL, as_json, syft


def test_a_document_of_today() -> None:
    document = syft(
        {
            "name": "libssl3",
            "version": "3.0.11-1",
            "type": "deb",
            "purl": DEB,
            "locations": [{"path": "/var/lib/dpkg/status", "layerID": LAYER}],
            "licenses": [{"value": "Apache-2.0", "spdxExpression": "Apache-2.0"}, {"value": "x", "spdxExpression": ""}],
            "metadataType": "dpkg-db-entry",
            "metadata": {"source": "openssl", "sourceVersion": "3.0.11", "architecture": "amd64", "files": []},
        },
        {"name": "zlib", "version": "1-r0", "purl": "pkg:apk/alpine/zlib@1-r0", "metadata": {"originPackage": "zz"}},
        {"name": "go", "version": "1", "purl": "pkg:generic/go@1", "metadata": {"architecture": 7}},
        {"name": "python", "version": "3", "purl": ""},
        distro={"id": "debian", "versionID": "12", "versionCodename": "bookworm", "prettyName": "D", "idLike": ["x"]},
        source={
            "name": "demo",
            "metadata": {
                "userInput": "demo:1",
                "manifestDigest": DIGEST,
                "imageID": LAYER,
                "os": "linux",
                "architecture": "amd64",
                "layers": [{"digest": LAYER, "mediaType": "m", "size": 5}],
            },
        },
    )
    inventory, subject = sbom.read(document)
    assert inventory.packages[1] == replace(LIBSSL, source_version="3.0.11", licenses=("Apache-2.0", "x"))
    assert inventory.packages[0].source_name == "zz"
    assert inventory.distribution == Distribution("debian", "12", "bookworm", "D", ("x",))
    assert [problem.code for problem in inventory.problems] == ["no-purl"]
    assert (subject.format, subject.reference, subject.tools) == ("syft 16.0.17", "demo:1", ("syft-1.14.0",))
    assert (subject.image.digest, subject.image.platform, subject.image.size) == (DIGEST, "linux/amd64", 5)
    assert subject.image.layers == (Layer("", LAYER, "m", 5),)


def test_a_document_of_2021() -> None:
    document = syft(
        {
            "name": "a",
            "version": "1",
            "purl": "pkg:alpine/a@1",
            "licenses": ["MIT"],
            "metadata": {"originPackage": "b"},
        },
        distro={"name": "alpine", "version": "3.13.5", "idLike": ""},
        source={"type": "image", "target": {"userInput": "demo", "manifestDigest": DIGEST, "layers": []}},
    )
    inventory, subject = sbom.read(document)
    assert (inventory.packages[0].type, inventory.packages[0].source_name) == ("apk", "b")
    assert inventory.packages[0].licenses == ("MIT",)
    assert inventory.distribution == Distribution("alpine", "3.13.5")
    assert subject.image.digest == DIGEST


def test_a_directory_has_no_image() -> None:
    _, subject = sbom.read(syft(source={"type": "directory", "target": "/src"}))
    assert subject.image.digest == ""


def test_a_document_of_docker_scout() -> None:
    url = "pkg:deb/debian/libssl3@3.0.11-1?os_distro=bookworm&os_name=debian&os_version=12"
    location = {"path": "/var/lib/dpkg/status", "ordinal": 0, "digest": DIGEST, "diff_id": LAYER}
    artifact = {"type": "deb", "name": "libssl3", "version": "3.0.11-1", "purl": url, "locations": [location]}
    document = as_json({"artifacts": [artifact], "descriptor": {"name": "docker scout", "version": "1.18.0"}})
    inventory, subject = sbom.read(document)
    (package,) = inventory.packages
    assert (package.layer, package.locations) == (LAYER, ("/var/lib/dpkg/status",))
    assert inventory.distribution == Distribution("debian", "12", "bookworm")
    assert [problem.code for problem in inventory.problems] == ["no-source-package"]
    assert subject.tools == ("docker scout-1.18.0",)
