"""Flags of Docker Scout that have no story of their own."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb
from envscout.demo.layout import ImagePlan, IndexPlan, layer, write_layout
from tests.servers.engine import docker_archive
from tests.servers.program import need, run
from tests.servers.registry import Registry
from tests.stories.story import (
    APP,
    CRITICAL,
    LOW,
    OPENSSL_3_0_9,
    OPENSSL_3_0_11,
    Desk,
    advisory,
    debian,
    feed,
    layout,
    names,
)
from tests.stories.test_vex import OPENSSL, document, product, statement, wrote


@pytest.fixture
def varied(desk: Desk, tmp_path: Path) -> Desk:
    """Return a desk where an image runs that holds three vulnerabilities, one of them without a vector."""
    records = (
        advisory("CVE-2026-0001", "Debian:sid", "openssl", "3.0.11-1", CRITICAL),
        advisory("CVE-2026-0002", "Debian:sid", "bash", "5.3-1", LOW),
        advisory("CVE-2026-0003", "Debian:sid", "zlib", "2"),
    )
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", *records))
    files = debian(OPENSSL_3_0_9, Deb("bash", "5.2-1"), Deb("zlib1g", "1.2", "zlib"))
    desk.record("production", f"oci-dir://{layout(tmp_path / 'image', files)}", *APP)
    return desk


def test_metrics_choose(varied: Desk) -> None:
    for texts, expected in (
        ("AV:N", {"CVE-2026-0001", "CVE-2026-0003"}),
        ("AV:L,PR:H", {"CVE-2026-0002", "CVE-2026-0003"}),
        ("AV:N,AV:L", {"CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003"}),
        ("AV:N,PR:H", {"CVE-2026-0003"}),
    ):
        assert names(varied.cves("--env", "production", "--only-metric", texts, "myorg/myapp")) == expected
    assert varied.call("cves", "--env", "production", "--only-metric", "AV:Q", "myorg/myapp").code == 64


def test_another_store_is_asked(varied: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other")
    image = f"oci-dir://{tmp_path / 'image'}"
    assert names(other.cves(image)) == set()
    copy = tmp_path / "copy.db"
    shutil.copyfile(varied.store, copy)
    assert len(names(other.cves("--local", "--local-vulndb", copy, image))) == 3
    missing = other.call("cves", "--local-vulndb", tmp_path / "none.db", image)
    assert (missing.code, "there is no store" in missing.refusal) == (64, True)
    assert not (tmp_path / "none.db").exists()


def test_old_names_of_flags_mean_the_same(varied: Desk) -> None:
    ask = ("--format", "json", "myorg/myapp")
    for command in ("cves", "quickview", "recommendations"):
        same = [varied.ok(command, flag, "production", *ask).json for flag in ("--env", "--stream")]
        assert same[0] == same[1]
    old = varied.ok("compare", "--stream", "production", "--to-stream", "production", *ask).json
    new = varied.ok("compare", "--env", "production", "--to-env", "production", *ask).json
    assert old == new
    assert "--stream" not in varied.ok("cves", "--help").out


def test_quickview_at_a_glance(varied: Desk, tmp_path: Path) -> None:
    seen = varied.ok("quickview", "--env", "production", "--org", "myorg", "myorg/myapp")
    top, policies = seen.out.split("Policy status  FAILED")
    assert "1C     0H     0M     1L     1?" in top
    assert "production (myorg/myapp)" in top
    assert "Base image" in top
    assert "not known" in top
    assert "! " in policies
    assert "envscout cves --env production myorg/myapp" in seen.out.partition("What's next:")[2]
    out = tmp_path / "view.txt"
    varied.ok("qv", "--env", "production", "myorg/myapp", "-o", out)
    assert out.read_text() == seen.out
    one = varied.ok(
        "qv", "--env", "production", "myorg/myapp", "--only-policy", "default-non-root-user", "--format", "json"
    )
    assert [each["policy"] for each in one.json["policies"]] == ["default-non-root-user"]
    assert one.json["schema"] == "envscout/quickview/1"
    assert "## Quickview" in varied.ok("qv", "--env", "production", "myorg/myapp", "--format", "markdown").out
    assert varied.call("qv", "--env", "nowhere", "myorg/myapp").code == 1


def test_quickview_says_what_is_unknown(varied: Desk, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    (empty / "bin").mkdir(parents=True)
    seen = varied.ok("quickview", f"fs://{empty}").out
    assert "unknown" in seen
    assert "View what is not known" in seen


def test_the_latest_image_of_a_repository(varied: Desk, tmp_path: Path) -> None:
    fixed = layout(tmp_path / "fixed", debian(OPENSSL_3_0_11))
    varied.record("staging", f"oci-dir://{fixed}", *APP)
    assert varied.ok("quickview", "--latest", "myorg/myapp", "--format", "json").json["image"]["summary"]["total"] == 0
    judged = varied.ok("policy", f"oci-dir://{tmp_path / 'image'}", "--to-latest", "--service", "myorg/myapp")
    assert "Policy status" in judged.out
    for words in (
        ("quickview", "--latest"),
        ("quickview", "--latest", "--env", "staging", "myorg/myapp"),
        ("policy", "--to-latest", "--env", "staging", "myorg/myapp"),
    ):
        assert varied.call(*words).code == 64


def test_one_of_several_images_of_the_other_archive(varied: Desk, tmp_path: Path) -> None:
    need("skopeo")
    into = tmp_path / "two"
    plans = {
        "old": ImagePlan((layer(debian(OPENSSL_3_0_9), "a"),)),
        "new": ImagePlan((layer(debian(OPENSSL_3_0_11), "a"),)),
    }
    write_layout(into, plans)
    for tag in plans:
        docker_archive(into, tmp_path / f"{tag}.tar", f"shop/app:{tag}", tag)
    both = _joined(tmp_path, tmp_path / "both.tar")
    ask = ("compare", "--format", "json", f"archive://{both}", "--ref", "shop/app:old", "--to", f"archive://{both}")
    assert varied.ok(*ask, "--to-ref", "shop/app:new").json["introduced"][0]["vulnerability"] == "CVE-2026-0001"
    assert varied.ok(*ask, "--to-ref", "shop/app:old").json["introduced"] == []
    for command in ("quickview", "recommendations", "sbom", "cves"):
        assert varied.ok(command, f"archive://{both}", "--ref", "shop/app:new").out
        assert varied.call(command, f"archive://{both}", "--ref", "shop/app:none").code == 1


def _joined(folder: Path, into: Path) -> Path:
    """Write one archive of two, as `docker save` of two images is."""
    manifest = []
    parts = folder / "parts"
    for tag in ("old", "new"):
        parts.mkdir(exist_ok=True)
        run("tar", "-xf", folder / f"{tag}.tar", "-C", parts)
        manifest += json.loads((parts / "manifest.json").read_bytes())
    (parts / "manifest.json").write_text(json.dumps(manifest))
    run("tar", "-cf", into, "-C", parts, ".")
    return into


def test_every_command_writes_to_a_file(varied: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{tmp_path / 'image'}"
    for command in ("cves", "quickview", "recommendations", "sbom", "policy", "repo list", "integration list"):
        words = [*command.split(), *([] if command.endswith("list") else [image])]
        shown = varied.ok(*words)
        out = tmp_path / "out.txt"
        written = varied.ok(*words, "--output", out)
        assert (written.out, out.read_text()) == ("", shown.out), command
        assert f"Report written to {out}" in written.err


def test_vex_is_heeded_wherever_vulnerabilities_are_counted(varied: Desk, tmp_path: Path) -> None:
    file = wrote(tmp_path / "a.vex.json", document(statement("not_affected", product(OPENSSL), cve="CVE-2026-0001")))
    image = f"oci-dir://{tmp_path / 'image'}"
    said = ("--vex-location", str(file), "--format", "json")
    nobody = (*said, "--vex-author", "somebody,else")
    for command in ("quickview", "recommendations", "policy"):
        counted = [varied.ok(command, image, *flags).json["image"]["summary"]["critical"] for flags in (said, nobody)]
        assert counted == [0, 1], command
    for flags, expected in ((said, 0), (nobody, 1)):
        found = varied.ok("compare", image, "--to", image, *flags).json
        assert found["analyzed"]["summary"]["critical"] == expected
    assert "suppressed" in varied.ok("quickview", image, "--vex-location", file).out
    for command in ("cves", "quickview", "recommendations", "policy"):
        assert varied.ok(command, image, "--vex", "--vex-location", file).out == (
            varied.ok(command, image, "--vex-location", file).out
        )
    same = ("compare", image, "--to", image, "--vex-location", str(file))
    assert varied.ok(*same, "--vex").out == varied.ok(*same).out


def test_every_command_takes_the_platform_that_is_asked_for(varied: Desk, tmp_path: Path) -> None:
    members = tuple(
        ImagePlan((layer(debian(package), "ADD . /"),), platform=platform)
        for package, platform in ((OPENSSL_3_0_11, "linux/amd64"), (OPENSSL_3_0_9, "linux/arm64"))
    )
    write_layout(tmp_path / "both", {"v1": IndexPlan(members)})
    image = f"oci-dir://{tmp_path / 'both'}:v1"
    for command in ("cves", "quickview", "recommendations", "policy", "compare", "sbom"):
        words = [command, image, "--format", "json", *(["--to", image] if command == "compare" else [])]
        assert "3.0.9-1" in json.dumps(varied.ok(*words, "--platform", "linux/arm64").json) or command == "quickview"
        other = varied.ok(*words, "--platform", "linux/amd64").json
        assert "3.0.9-1" not in json.dumps(other)
        assert "linux/amd64" in json.dumps(other)
        assert varied.call(*words, "--platform", "linux/s390x").code == 1
        assert varied.call(*words, "--platform", "nonsense").code == 64


def test_an_organization_is_asked_about_by_every_command(varied: Desk) -> None:
    for command in ("cves", "quickview", "recommendations", "policy"):
        words = (command, "--env", "production", "myorg/myapp")
        assert varied.call(*words, "--org", "myorg").code == 0
        assert varied.call(*words, "--org", "other").code == 1
    both = ("compare", "--env", "production", "--to-env", "production", "myorg/myapp")
    assert varied.call(*both, "--org", "myorg").code == 0
    assert varied.call(*both, "--org", "other").code == 1


def test_policies_come_from_everywhere_in_every_command(varied: Desk, registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    strict = folder / "strict.yaml"
    strict.write_text("policies:\n- {name: no-root, kind: default-non-root-user}\n")
    config = tmp_path / "config.json"
    config.write_text('{"policies": [{"name": "default-non-root-user", "enabled": false}]}')
    bundle = f"{registry.host}/policies/strict:1"
    varied.ok("policy", "publish", bundle, "--policy-dir", folder)
    image = f"oci-dir://{tmp_path / 'image'}"
    for command in (("policy", image), ("quickview", image), ("compare", image, "--to", image)):
        words = (*command, "--format", "json")
        for place in (("--policy-file", strict), ("--policy-dir", folder), ("--policy-bundle", bundle)):
            assert _policies(varied.ok(*words, *place).json) == {"no-root"}, (command, place)
        without = _policies(varied.ok(*words, "--policy-config", config).json)
        assert without == _policies(varied.ok(*words).json) - {"default-non-root-user"}, command
        one = _policies(varied.ok(*words, "--only-policy", "copyleft-license,default-non-root-user").json)
        assert one == {"copyleft-license", "default-non-root-user"}


def _policies(document: Any) -> set[str]:
    """Return the ids of the policies in the document of `policy`, `quickview` or `compare`."""
    found = document["policies"]
    return {each["policy"] for each in (found["verdicts"] if isinstance(found, dict) else found)}


def test_each_image_of_an_environment_is_shown(varied: Desk, tmp_path: Path) -> None:
    other = layout(tmp_path / "other", debian(OPENSSL_3_0_11))
    varied.record("production", f"oci-dir://{other}", "--service", "myorg/other", "--org", "myorg")
    seen = varied.ok("quickview", "--env", "production").out
    assert seen.count(" Target ") == seen.count("Policy status") == 2
    assert varied.ok("recommendations", "--env", "production").out.count("## Recommended fixes") == 2
    for command in ("quickview", "recommendations"):
        refused = varied.call(command, "--env", "production", "--format", "json")
        assert (refused.code, refused.out) == (64, "")
        assert "2 images run there" in refused.refusal
        assert varied.ok(command, "--env", "production", "myorg/other", "--format", "json").json["image"]
