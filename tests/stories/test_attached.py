"""A builder attached an SBOM to the image: what it says is used as far as the user asks for it."""

from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan, write_layout
from envscout.demo.layout import layer as made
from tests.images import attesting
from tests.servers.registry import Registry
from tests.stories.story import FILES, HOLE, Desk, codes, names, published
from tests.stories.story import layout as written

LINKED = "pkg:cargo/linked@1.0.0"
LIBSSL = "pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "home")
    made.ok("db", "update", "--from", published(tmp_path / "feed", [HOLE]))
    return made


def built(into: Path, *purls: str) -> Path:
    """Write an image with an SBOM attached as BuildKit does it."""
    write_layout(into, {"plain": ImagePlan((made(FILES, "ADD . /"),))})
    image = attesting.entry(into, "plain")
    document = attesting.spdx(*((purl, "") for purl in purls))
    attestation = attesting.buildkit(into, {attesting.SPDX: document}, image["digest"])
    attesting.index(into, "v1", [image, attestation])
    return into


def listed(desk: Desk, image: str, *words: str) -> dict[str, list[str]]:
    """Return where each package was found."""
    document = desk.ok("sbom", image, *words).json
    return {each["purl"].partition("?")[0]: each["locations"] for each in document["packages"]}


def test_by_default_only_the_image_counts(desk: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{built(tmp_path / 'image', LINKED)}:v1"
    assert LINKED not in listed(desk, image)


def test_both_adds_what_only_the_builder_knew(desk: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{built(tmp_path / 'image', LINKED, LIBSSL)}:v1"
    alone, both = listed(desk, image), listed(desk, image, "--sbom-source", "both")
    assert both == {**alone, LINKED: ["attached-sbom@SPDX-2.3:"]}
    # Asked for another way, it is read another way.
    assert listed(desk, image) == alone


def test_attached_reads_no_layer(desk: Desk, tmp_path: Path) -> None:
    folder = built(tmp_path / "image", LIBSSL)
    layers = [path for path in (folder / "blobs" / "sha256").iterdir() if path.read_bytes()[:2] == b"\x1f\x8b"]
    assert len(layers) == 1
    layers[0].unlink()
    image = f"oci-dir://{folder}:v1"
    answer = desk.ok("sbom", image, "--sbom-source", "attached")
    assert [each["name"] for each in answer.json["packages"]] == ["libssl3"]
    assert "not verified" in answer.err
    assert "already known" in desk.ok("sbom", image, "--sbom-source", "attached").err


def test_what_an_attached_document_lacks_makes_the_answer_unknown(desk: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{built(tmp_path / 'image', 'pkg:deb/debian/libssl3@3.0.9-1')}:v1"
    report = desk.cves(image, "--sbom-source", "attached")
    assert report["coverage"]["state"] == "unknown"
    assert "unknown-distribution" in codes(report)


def test_without_an_attached_sbom(desk: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{written(tmp_path / 'image', FILES)}:v1"
    answer = desk.call("sbom", image, "--sbom-source", "attached")
    assert answer.code == 1
    assert "No SBOM that can be used is attached" in answer.refusal
    assert "--sbom-source index" in answer.refusal
    assert "no-attached-sbom" in desk.ok("sbom", image, "--sbom-source", "both", "--format", "list").err
    assert "damaged-database" not in codes(desk.cves(image, "--sbom-source", "both"))


def test_a_damaged_attachment_is_said(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "image"
    write_layout(folder, {"plain": ImagePlan((made(FILES, "ADD . /"),))})
    image = attesting.entry(folder, "plain")
    wrong = attesting.buildkit(folder, {attesting.SPDX: {"spdxVersion": "SPDX-9"}}, image["digest"])
    attesting.index(folder, "v1", [image, wrong])
    answer = desk.call("cves", f"oci-dir://{folder}:v1", "--sbom-source", "attached")
    assert (answer.code, "SPDX" in answer.refusal) == (1, True)
    assert "incomplete-inventory" in codes(desk.cves(f"oci-dir://{folder}:v1", "--sbom-source", "both"))


def test_from_a_registry_into_an_environment(desk: Desk, tmp_path: Path, registry: Registry) -> None:
    registry.put(built(tmp_path / "image", LIBSSL), "shop/attached:v1", "v1")
    event = desk.record("staging", f"registry://{registry.host}/shop/attached:v1", "--sbom-source", "attached")
    assert event["digest"] == attesting.entry(tmp_path / "image", "plain")["digest"]
    report = desk.cves("--env", "staging")
    assert [image["packages"] for image in report["images"]] == [1]
    assert names(report) == set()
