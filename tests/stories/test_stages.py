"""Stages of a build: what was in them is known where the builder attached an SBOM of each."""

from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan, layer, write_layout
from tests.images import attesting
from tests.servers.registry import Registry
from tests.stories.story import APP, CRITICAL, FILES, HOLE, Desk, advisory, feed, names

TOOL = "pkg:npm/webpack@1.0.0"
RUNNER = "pkg:npm/jest@1.0.0"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk that knows a hole in the image and one in each of the tools of its build."""
    made = Desk(tmp_path / "home")
    holes = (advisory("CVE-2026-0001", "npm", "webpack", "2.0.0", CRITICAL), advisory("CVE-2026-0002", "npm", "jest"))
    made.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, *holes))
    return made


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """Return the layout of an image with the SBOMs that BuildKit attaches of its stages, in an awkward order."""
    into = tmp_path / "staged"
    write_layout(into, {"plain": ImagePlan((layer(FILES, "ADD . /"),))})
    image = attesting.entry(into, "plain")
    documents = {
        "sbom-build": attesting.spdx((TOOL, "/src/node_modules/webpack")),
        "sbom-test": attesting.spdx((RUNNER, "")),
        "sbom": attesting.spdx(("pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-sid&upstream=openssl", "")),
    }
    layers = []
    for name, document in documents.items():
        said = attesting.statement(attesting.SPDX, {**document, "name": name}, image["digest"])
        kind = {"in-toto.io/predicate-type": attesting.SPDX}
        layers.append(attesting.layer(into, said, attesting.IN_TOTO, kind))
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}
    platform = {"os": "unknown", "architecture": "unknown"}
    attestation = {**attesting.manifest(into, layers), "annotations": marks, "platform": platform}
    attesting.index(into, "v1", [image, attestation])
    return into


def test_stages_are_shown_beside_the_image(desk: Desk, staged: Path) -> None:
    image = f"oci-dir://{staged}:v1"
    assert names(desk.cves(image)) == {"CVE-2023-5363"}
    found = desk.cves("--multi-stage", image)
    assert names(found) == {"CVE-2023-5363", "CVE-2026-0001", "CVE-2026-0002"}
    assert found["summary"]["total"] == 3
    shown = [each["reference"].rpartition("(")[2] for each in found["images"]]
    assert shown[1:] == ["stage build)", "stage test)"]
    assert desk.call("cves", "--multi-stage", "--only-severity", "critical", "-e", image).code == 2
    assert desk.call("cves", "--only-severity", "critical", "-e", image).code == 0


def test_one_stage_alone(desk: Desk, staged: Path) -> None:
    image = f"oci-dir://{staged}:v1"
    assert names(desk.cves("--only-stage", "build", image)) == {"CVE-2026-0001"}
    assert names(desk.cves("--only-stage", "test,build", image)) == {"CVE-2026-0001", "CVE-2026-0002"}
    assert names(desk.cves("--only-stage", "test", "--only-stage", "build", image)) == {
        "CVE-2026-0001",
        "CVE-2026-0002",
    }
    text = desk.ok("cves", "--only-stage", "build", image).out
    assert "(stage build)" in text


def test_a_stage_that_nobody_knows_is_refused(desk: Desk, staged: Path, tmp_path: Path) -> None:
    wrong = desk.call("cves", "--only-stage", "bld", f"oci-dir://{staged}:v1")
    assert (wrong.code, "there are build, test" in wrong.refusal) == (1, True)
    plain = tmp_path / "plain"
    write_layout(plain, {"v1": ImagePlan((layer(FILES, "ADD . /"),))})
    none = desk.call("cves", "--multi-stage", f"oci-dir://{plain}:v1")
    assert (none.code, "BUILDKIT_SBOM_SCAN_STAGE" in none.refusal) == (1, True)
    assert desk.call("cves", "--multi-stage", f"fs://{tmp_path}").code == 1


def test_the_attached_sbom_of_an_image_is_not_that_of_a_stage(desk: Desk, staged: Path) -> None:
    listed = desk.ok("sbom", f"oci-dir://{staged}:v1", "--sbom-source", "attached").json["packages"]
    assert [each["name"] for each in listed] == ["libssl3"]


def test_stages_of_what_runs_are_found_by_its_digest(
    desk: Desk, staged: Path, registry: Registry, tmp_path: Path
) -> None:
    registry.push(staged, "staged/app:v1", "v1")
    desk.record("production", f"registry://{registry.host}/staged/app:v1")
    found = desk.cves("--env", "production", "staged/app", "--only-stage", "build")
    assert names(found) == {"CVE-2026-0001"}
    desk.record("staging", f"oci-dir://{staged}:v1", *APP)
    assert desk.call("cves", "--env", "staging", "--multi-stage", "myorg/myapp").code == 1


def test_compare_takes_stages_together(desk: Desk, staged: Path, tmp_path: Path) -> None:
    image, plain = f"oci-dir://{staged}:v1", tmp_path / "plain"
    write_layout(plain, {"v1": ImagePlan((layer(FILES, "ADD . /"),))})
    alone = ("compare", "--format", "json", image, "--to", f"oci-dir://{plain}:v1")
    assert desk.ok(*alone).json["introduced"] == []
    both = ("compare", "--format", "json", "--multi-stage", image, "--to", image)
    found = desk.ok(*both).json
    assert (found["introduced"], found["analyzed"]["summary"]["total"]) == ([], 3)
    only = desk.ok("compare", "--format", "json", "--only-stage", "build,test", image, "--to", image).json
    assert (only["packages_unchanged"], only["analyzed"]["summary"]["total"]) == (2, 2)
    assert desk.call(*alone, "--multi-stage").code == 1
    desk.record("production", image, *APP)
    desk.record("staging", image, *APP)
    assert desk.call("compare", "--env", "staging", "--to-env", "production", "--multi-stage").code == 64


def test_policies_see_what_hangs_on_the_index_of_what_runs(desk: Desk, staged: Path, registry: Registry) -> None:
    registry.push(staged, "indexed/app:v1", "v1")
    desk.record("production", f"registry://{registry.host}/indexed/app:v1")
    words = ("--only-policy", "supply-chain-attestations", "--format", "json")
    (verdict,) = desk.ok("policy", "indexed/app", "--env", "production", *words).json["policies"]
    assert [each["message"] for each in verdict["violations"]] == ["no provenance is attached"]
