"""Whose vulnerability is it: the base image's, or our own?"""

from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb
from envscout.demo.layout import ImagePlan, layer, write_layout
from tests.stories.story import CRITICAL, OPENSSL_3_0_9, Desk, advisory, codes, debian, names, published

BASE = layer(debian(OPENSSL_3_0_9), "ADD rootfs /")
# The application adds a package, and brings the base's database along.
APP = layer(debian(OPENSSL_3_0_9, Deb("curl", "7.0-1")), "RUN apt-get install curl")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "home")
    feed = [
        advisory("CVE-2023-5363", "Debian:sid", "openssl", "3.0.11-1", CRITICAL),
        advisory("CVE-2024-0001", "Debian:sid", "curl", "8.0-1", CRITICAL),
    ]
    made.ok("db", "update", "--from", published(tmp_path / "feed", feed))
    write_layout(tmp_path / "images", {"base": ImagePlan((BASE,)), "app": ImagePlan((BASE, APP))})
    return made


def cves(desk: Desk, tmp_path: Path, *words: str) -> Any:
    return desk.cves(f"oci-dir://{tmp_path / 'images'}:app", *words)


def test_a_base_that_runs_elsewhere(desk: Desk, tmp_path: Path) -> None:
    base = desk.record("bases", f"oci-dir://{tmp_path / 'images'}:base", "--service", "debian", "--org", "o")
    report = cves(desk, tmp_path)
    assert report["images"][0]["base"] == {
        "name": base["reference"], "digest": base["digest"], "layers": 1, "source": "known",
    }  # fmt: skip
    assert {each["vulnerability"]: each["from_base"] for each in report["findings"]} == {
        "CVE-2023-5363": True,
        "CVE-2024-0001": False,
    }
    assert names(cves(desk, tmp_path, "--only-base")) == {"CVE-2023-5363"}
    assert names(cves(desk, tmp_path, "--ignore-base")) == {"CVE-2024-0001"}
    assert cves(desk, tmp_path, "--ignore-base")["summary"]["total"] == 1
    assert "no-base-image" not in codes(cves(desk, tmp_path, "--only-base"))


def test_in_words(desk: Desk, tmp_path: Path) -> None:
    desk.ok("cves", f"oci-dir://{tmp_path / 'images'}:base")
    image = f"oci-dir://{tmp_path / 'images'}:app"
    assert "1 layer, which has the same ones" in desk.ok("cves", image).out
    listed = desk.ok("sbom", "--format", "list", image)
    rows = {line.split()[0]: line for line in listed.lines[2:]}
    assert rows["libssl3"].endswith("base image")
    assert rows["curl"].endswith("image")
    assert "Base image: " in listed.err
    document = desk.ok("sbom", image).json
    assert document["base"]["source"] == "known"
    assert {each["name"]: each["from_base"] for each in document["packages"]} == {"libssl3": True, "curl": False}


def test_where_nothing_tells(desk: Desk, tmp_path: Path) -> None:
    assert cves(desk, tmp_path)["images"][0]["base"] is None
    only = cves(desk, tmp_path, "--only-base")
    assert (names(only), only["coverage"]["state"], "no-base-image" in codes(only)) == (set(), "unknown", True)
    image = f"oci-dir://{tmp_path / 'images'}:app"
    assert desk.call("cves", image, "--only-base", "--exit-code").code == 2
    answer = desk.ok("cves", image, "--ignore-base", "--format", "json")
    assert names(answer.json) == {"CVE-2023-5363", "CVE-2024-0001"}
    assert "nothing of it is left out" in answer.err


def test_both_at_once_leave_nothing(desk: Desk, tmp_path: Path) -> None:
    answer = desk.call("cves", f"oci-dir://{tmp_path / 'images'}:app", "--only-base", "--ignore-base")
    assert (answer.code, "leave nothing to show" in answer.refusal) == (64, True)
