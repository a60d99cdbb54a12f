"""Somebody attaches documents to images, sees what is attached, and reads it."""

import json
from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan, IndexPlan, write_layout
from envscout.demo.layout import layer as made
from tests.images import attesting
from tests.servers.registry import Registry
from tests.stories.story import FILES, HOLE, Answer, Desk, names, published

SPDX = attesting.spdx(("pkg:npm/a@1", ""))
SCAN = "https://example.com/scan/v1"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


def written(into: Path, name: str, document: object) -> Path:
    path = into / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def pushed(registry: Registry, folder: Path, name: str) -> tuple[str, str]:
    """Push an image and return its reference and digest."""
    write_layout(folder / "layout", {"v1": ImagePlan((made(FILES, "ADD . /"),))})
    return f"registry://{registry.host}/{name}", registry.push(folder / "layout", name, "v1")


def types(answer: Answer) -> list[str]:
    return [each["type"] for each in answer.json["attestations"]["attestations"]]


def test_a_predicate_is_attached_listed_and_read(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    image, digest = pushed(registry, tmp_path, "stories/attest:v1")
    files = f"{written(tmp_path, 'spdx.json', SPDX)}"
    added = desk.ok("attestation", "add", "--file", files, image)
    scan = written(tmp_path, "scan.json", {"found": []})
    desk.ok("attest", "add", "--referrer", "--predicate-type", SCAN, "--file", scan, image)
    listed = desk.ok("attestation", "list", "--format", "json", image)
    assert types(listed) == [attesting.SPDX, SCAN]
    first = listed.json["attestations"]["attestations"][0]
    assert (first["manifest"], first["place"], first["subject"]) == (added.lines[0], "referrer", digest)
    statement = desk.ok("attestation", "get", image, first["digest"]).json
    assert statement["predicate"] == SPDX
    assert statement["subject"] == [
        {"name": f"{registry.host}/stories/attest", "digest": {"sha256": digest.removeprefix("sha256:")}}
    ]
    out = tmp_path / "out.json"
    desk.ok("attestation", "get", image, "--predicate", "--predicate-type", SCAN, "-o", out)
    assert json.loads(out.read_text()) == {"found": []}
    # The SBOM that was attached is used as any other.
    assert desk.ok("sbom", image, "--sbom-source", "attached").json["packages"][0]["purl"] == "pkg:npm/a@1"
    table = desk.ok("attestation", "list", image, "--predicate-type", SCAN).lines
    assert [line.split()[0] for line in table[2:]] == [SCAN]
    # The image is what it was.
    assert desk.ok("attestation", "list", image, "--format", "json").json["attestations"]["image"]["digest"] == digest


def test_attaching_the_same_again_changes_nothing(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    image, _ = pushed(registry, tmp_path, "stories/again:v1")
    words = ("attestation", "add", "--file", str(written(tmp_path, "spdx.json", SPDX)), image)
    assert desk.ok(*words).lines == desk.ok(*words).lines
    assert len(types(desk.ok("attestation", "list", "--format", "json", image))) == 1


def test_statements_have_to_speak_of_the_image(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    image, digest = pushed(registry, tmp_path, "stories/statements:v1")
    right = attesting.statement(SCAN, {"a": 1}, digest)
    signed = written(tmp_path, "signed.json", attesting.envelope(right))
    wrong = written(tmp_path, "wrong.json", attesting.statement(SCAN, {}, f"sha256:{'0' * 64}"))
    refused = desk.call("attestation", "add", "--file", wrong, image)
    assert refused.code == 1
    assert "0000" in refused.refusal
    assert "stories/statements" in refused.refusal
    desk.ok("attestation", "add", "--file", signed, image)
    # The signature stays beside what it signs.
    listed = desk.ok("attestation", "list", "--format", "json", image).json["attestations"]["attestations"]
    assert [(each["type"], each["media_type"]) for each in listed] == [(SCAN, attesting.DSSE)]
    assert desk.ok("attestation", "get", image).json == right
    other = desk.call("attestation", "add", "--predicate-type", "x:y", "--file", signed, image)
    assert (other.code, "is a https://example.com/scan/v1, not a x:y" in other.refusal) == (64, True)


def test_a_statement_about_one_image_of_an_index(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    plans = [ImagePlan((made(FILES, "ADD . /"),), platform=f"linux/{name}") for name in ("amd64", "arm64")]
    index = write_layout(tmp_path / "layout", {"v1": IndexPlan(tuple(plans))})["v1"]
    registry.push(tmp_path / "layout", "stories/platforms:v1", "v1")
    image = f"registry://{registry.host}/stories/platforms:v1"
    members = json.loads((tmp_path / "layout/blobs" / index.replace(":", "/")).read_bytes())["manifests"]
    arm = str(members[1]["digest"])
    desk.ok("attestation", "add", "--file", written(tmp_path, "a", attesting.statement(SCAN, {}, arm)), image)
    desk.ok("attestation", "add", "--file", written(tmp_path, "b", SPDX), image)
    for platform, expected in (("linux/amd64", [attesting.SPDX]), ("linux/arm64", [SCAN, attesting.SPDX])):
        assert types(desk.ok("attestation", "list", "--format", "json", "--platform", platform, image)) == expected
    shown = desk.ok("attestation", "list", "--platform", "linux/arm64", image).lines
    assert [line.rpartition("of ")[2] for line in shown[2:]] == ["linux/arm64", "the index"]


def test_vex_that_is_attached_is_heeded(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    desk.ok("db", "update", "--from", published(tmp_path / "feed", [HOLE]))
    image, digest = pushed(registry, tmp_path, "stories/vexed:v1")
    assert names(desk.cves(image)) == {HOLE["id"]}
    product = f"pkg:oci/vexed@{digest.replace(':', '%3A')}?repository_url={registry.host}/stories/vexed"
    said = {"vulnerability": {"name": HOLE["id"]}, "products": [{"@id": product}], "status": "not_affected"}
    vex = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.com/vex/1",
        "author": "security@example.com",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [{**said, "justification": "component_not_present"}],
    }
    desk.ok("attestation", "add", "--file", written(tmp_path, "vex.json", vex), image)
    listed = desk.ok("attestation", "list", "--format", "json", image).json["attestations"]["attestations"]
    assert [(each["type"], each["kind"]) for each in listed] == [(vex["@context"], "vex")]
    summary = desk.cves(image, "--vex-author", "security@example.com")["summary"]
    assert summary["total"] == 0
    assert desk.cves(image, "--vex-author", "somebody@example.com")["summary"]["total"] == 1


def test_another_repository_may_hold_it(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    image, _ = pushed(registry, tmp_path, "stories/apart:v1")
    there = f"{registry.host}/stories/attestations"
    file = written(tmp_path, "a", SPDX)
    desk.ok("attestation", "add", "--referrer-repository", there, "--file", file, image)
    assert types(desk.ok("attestation", "list", "--format", "json", image)) == []
    words = ("--referrer-repository", there, image)
    assert types(desk.ok("attestation", "list", "--format", "json", *words)) == [attesting.SPDX]
    assert desk.ok("attestation", "get", "--predicate", *words).json == SPDX
    assert desk.call("attestation", "add", "--referrer-repository", f"{there}:v1", "--file", file, image).code == 64


def test_a_layout_holds_it_too(desk: Desk, tmp_path: Path) -> None:
    write_layout(tmp_path / "layout", {"v1": ImagePlan((made(FILES, "ADD . /"),))})
    image = f"oci-dir://{tmp_path}/layout:v1"
    desk.ok("attestation", "add", "--file", written(tmp_path, "a", SPDX), image)
    assert types(desk.ok("attestation", "list", "--format", "json", image)) == [attesting.SPDX]
    assert desk.ok("attestation", "get", "--predicate", image).json == SPDX


def test_attestations_of_builders_and_cosign(desk: Desk, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    write_layout(layout, {"plain": ImagePlan((made(FILES, "ADD . /"),))})
    entry = attesting.entry(layout, "plain")
    vex = "https://openvex.dev/ns/v0.2.0"
    built = attesting.buildkit(layout, {attesting.SPDX: SPDX, vex: {"statements": []}}, entry["digest"])
    attesting.index(layout, "v1", [entry, built])
    content = attesting.envelope(attesting.statement(SCAN, {}, entry["digest"]))
    unsaid = attesting.layer(layout, content, attesting.DSSE)
    attesting.tag(layout, attesting.fallback(entry["digest"], ".att"), attesting.manifest(layout, [unsaid]))
    listed = desk.ok("attestation", "list", "--format", "json", f"oci-dir://{layout}:v1")
    found = [(each["type"], each["place"]) for each in listed.json["attestations"]["attestations"]]
    assert found == [(attesting.SPDX, "index"), (vex, "index"), (SCAN, "tag")]
    several = desk.call("attestation", "get", f"oci-dir://{layout}:v1")
    assert several.code == 64
    assert "3 attestations are meant" in several.refusal


@pytest.mark.parametrize("flags", [["--verify"], ["--key", "cosign.pub"], ["--verify", "--skip-tlog"]])
def test_signatures_are_refused_and_not_pretended(desk: Desk, flags: list[str]) -> None:
    answer = desk.call("attestation", "get", "registry://127.0.0.1:1/a:v1", *flags)
    assert (answer.code, answer.out) == (64, "")
    assert "Signatures are not checked" in answer.refusal


def test_what_cannot_be_attached(desk: Desk, registry: Registry, tmp_path: Path) -> None:
    image, digest = pushed(registry, tmp_path, "stories/refused:v1")
    unknown = written(tmp_path, "unknown.json", {"a": 1})
    broken = written(tmp_path, "broken.json", '{"a": ')
    cases: list[tuple[int, list[str | Path]]] = [
        (64, [image]),
        (64, ["--file", unknown, image]),
        (1, ["--file", tmp_path / "missing.json", image]),
        (1, ["--predicate-type", SCAN, "--file", broken, image]),
        (64, ["--predicate-type", SCAN, "--file", unknown, f"archive://{tmp_path}/a.tar"]),
        (64, ["--predicate-type", SCAN, "--file", unknown, "local://a:v1"]),
        (1, ["--predicate-type", SCAN, "--file", unknown, f"registry://{registry.host}/stories/none:v1"]),
    ]
    for code, words in cases:
        answer = desk.call("attestation", "add", *words)
        assert (answer.code, answer.out) == (code, ""), answer
        assert answer.refusal
    assert types(desk.ok("attestation", "list", "--format", "json", image)) == []
    assert desk.call("attestation", "get", image).code == 1
    assert desk.call("attestation", "get", image, digest).code == 1


def test_names_and_passwords_come_from_docker(desk: Desk, registry_basic: Registry, tmp_path: Path) -> None:
    image, _ = pushed(registry_basic, tmp_path, "stories/secret:v1")
    file = written(tmp_path, "a", SPDX)
    refused = desk.call("attestation", "add", "--file", file, image)
    assert (refused.code, f"docker login {registry_basic.host}" in refused.refusal) == (1, True)
    folder = registry_basic.docker_config(tmp_path)
    desk.ok("attestation", "add", "--file", file, image, DOCKER_CONFIG=str(folder))
    listed = desk.ok("attestation", "list", "--format", "json", image, DOCKER_CONFIG=str(folder))
    assert types(listed) == [attesting.SPDX]
