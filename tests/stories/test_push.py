"""Somebody keeps what is in an image, and attaches it to the image for others."""

import json
from pathlib import Path

import pytest
import requests

from envscout.demo.layout import ImagePlan, IndexPlan, write_layout
from envscout.demo.layout import layer as made
from tests.servers.registry import Registry
from tests.stories.story import FILES, Desk, layout


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


def purls(document: object) -> set[str]:
    assert isinstance(document, dict)
    return {each["purl"].partition("?")[0] for each in document["packages"]}


@pytest.mark.parametrize("form", ["spdx", "cyclonedx"])
def test_an_sbom_of_ours_is_attached_and_used(desk: Desk, registry: Registry, tmp_path: Path, form: str) -> None:
    folder = layout(tmp_path / "image", FILES)
    digest = registry.push(folder, f"stories/push-{form}:v1", "v1")
    image = f"{registry.host}/stories/push-{form}:v1"
    told = desk.ok("push", "--sbom", "--format", form, "--dry-run", image)
    assert told.lines == [digest]
    assert f"Would attach its packages as {form}" in told.err
    assert desk.ok("attestation", "list", "--format", "json", image).json["attestations"]["attestations"] == []
    assert not desk.store.exists() or desk.ok("cache", "df", "--format", "json").json["cache"]["unused"] == []
    words = ("push", "--sbom", "--format", form, "--author", "me", "--timestamp", "2026-10-01T12:00:00Z", image)
    first, again = desk.ok(*words).lines, desk.ok(*words).lines
    assert first == again
    assert first[0] == digest
    manifest = requests.get(
        f"http://{registry.host}/v2/stories/push-{form}/manifests/{first[1]}",
        headers={"Accept": "application/vnd.oci.image.manifest.v1+json"},
        timeout=10,
    ).json()
    assert manifest["subject"]["digest"] == digest
    notes = manifest["annotations"]
    assert notes["org.opencontainers.image.authors"] == "me"
    assert notes["org.opencontainers.image.created"] == "2026-10-01T12:00:00Z"
    other = Desk(tmp_path / "other")
    attached = other.ok("sbom", "--sbom-source", "attached", image)
    assert purls(attached.json) == purls(desk.ok("sbom", image).json)
    assert "no-attached-sbom" not in attached.err


def test_the_sbom_of_a_platform_hangs_on_its_manifest(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    plans = [ImagePlan((made(FILES, "ADD . /"),), platform=f"linux/{name}") for name in ("amd64", "arm64")]
    index = write_layout(tmp_path / "image", {"v1": IndexPlan(tuple(plans))})["v1"]
    registry.push(tmp_path / "image", "stories/push-index:v1", "v1")
    image = f"registry://{registry.host}/stories/push-index:v1"
    desk.ok("push", "--sbom", "--platform", "linux/arm64", image)
    listed = desk.ok("attestation", "list", "--format", "json", "--platform", "linux/arm64", image)
    (one,) = listed.json["attestations"]["attestations"]
    members = json.loads((tmp_path / "image/blobs" / index.replace(":", "/")).read_bytes())["manifests"]
    assert one["subject"] == members[1]["digest"]
    amd = desk.ok("attestation", "list", "--format", "json", "--platform", "linux/amd64", image)
    assert amd.json["attestations"]["attestations"] == []


def test_without_sbom_it_is_kept_here_alone(desk: Desk, tmp_path: Path) -> None:
    folder = layout(tmp_path / "image", FILES)
    (digest,) = desk.ok("push", f"oci-dir://{folder}:v1").lines
    assert digest.startswith("sha256:")
    assert "already known" in desk.ok("sbom", f"oci-dir://{folder}:v1").err
    assert len(json.loads((folder / "index.json").read_bytes())["manifests"]) == 1


def test_what_is_refused(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    folder = layout(tmp_path / "image", FILES)
    for code, words in (
        (64, ["--author", "me", f"oci-dir://{folder}"]),
        (64, ["--sbom", "--timestamp", "soon", f"oci-dir://{folder}"]),
        (64, ["--sbom", f"fs://{folder}"]),
        (64, ["--sbom", "local://a:v1"]),
        (1, ["--sbom", f"{registry.host}/stories/none:v1"]),
    ):
        answer = desk.call("push", *words)
        assert (answer.code, answer.out) == (code, ""), answer
        assert answer.refusal
