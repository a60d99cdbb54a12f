"""What matches and what does not, and an answer that says how far it can be trusted."""

import os
from pathlib import Path

from envscout.demo.databases import Apk, Deb, Wheel
from tests.stories.story import (
    HIGH,
    HOLE,
    OPENSSL_3_0_9,
    Desk,
    advisory,
    alpine,
    codes,
    debian,
    feed,
    names,
    rootfs,
)


def test_debian_is_matched_by_source_and_release(desk: Desk, tmp_path: Path) -> None:
    records = (
        advisory("CVE-2026-0001", "Debian:sid", "openssl", "3.0.10-1"),
        advisory("CVE-2026-0002", "Debian:sid", "libssl3", "3.0.10-1"),
        advisory("CVE-2026-0003", "Debian:12", "openssl", "3.0.10-1"),
        advisory("CVE-2026-0004", "Debian:sid", "openssl", "3.0.9-1"),
        advisory("CVE-2026-0005", "Ubuntu:22.04:LTS", "openssl", "3.0.10-1"),
        advisory("CVE-2026-0006", "Debian:sid", "openssl"),
    )
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", *records))
    found = desk.cves(f"fs://{rootfs(tmp_path / 'root', debian(OPENSSL_3_0_9))}")
    assert names(found) == {"CVE-2026-0001", "CVE-2026-0006"}
    fixes = {each["vulnerability"]: each["fixed_version"] for each in found["findings"]}
    assert fixes == {"CVE-2026-0001": "3.0.10-1", "CVE-2026-0006": None}
    assert found["findings"][0]["package"]["source"] == "openssl"


def test_alpine_is_matched_by_origin_and_branch(desk: Desk, tmp_path: Path) -> None:
    records = (
        advisory("CVE-2026-0001", "Alpine:edge", "openssl", "3.5.1-r0"),
        advisory("CVE-2026-0002", "Alpine:edge", "libcrypto3", "3.5.1-r0"),
        advisory("CVE-2026-0003", "Alpine:v3.20", "openssl", "3.5.1-r0"),
        advisory("CVE-2026-0004", "Alpine:edge", "openssl", "3.5.0-r0"),
    )
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", *records))
    image = rootfs(tmp_path / "root", alpine(Apk("libcrypto3", "3.5.0-r0", "Apache-2.0", "openssl")))
    assert names(desk.cves(f"fs://{image}")) == {"CVE-2026-0001"}


def test_ubuntu_is_found_under_both_of_its_names(desk: Desk, tmp_path: Path) -> None:
    records = (
        advisory("CVE-2026-0001", "Ubuntu:22.04:LTS", "openssl", "3.0.3-1"),
        advisory("CVE-2026-0002", "Ubuntu:22.04", "openssl", "3.0.3-1"),
    )
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", *records))
    files = debian(Deb("libssl3", "3.0.2-1", "openssl"), release={"id": "ubuntu", "version_id": "22.04"})
    assert names(desk.cves(f"fs://{rootfs(tmp_path / 'root', files)}")) == {"CVE-2026-0001", "CVE-2026-0002"}


def test_what_the_distribution_installed_is_not_held_against_pypi(desk: Desk, tmp_path: Path) -> None:
    records = (
        advisory("CVE-2026-0001", "PyPI", "certifi", "2024"),
        advisory("CVE-2026-0002", "Debian:sid", "bash", "1"),
    )
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", *records))
    path = "/usr/lib/python3/dist-packages/certifi-2022.9.24.egg-info/PKG-INFO"
    files = debian(Deb("python3-certifi", "2022.9.24-1", "python-certifi", (path,), "all"))
    files[path.strip("/")] = b"Metadata-Version: 2.1\nName: certifi\nVersion: 2022.9.24\n"
    assert names(desk.cves(f"fs://{rootfs(tmp_path / 'owned', files)}")) == set()
    listed = desk.ok("sbom", "--format", "list", f"fs://{tmp_path / 'owned'}").out
    assert "pkg:deb/debian/python3-certifi" in listed
    mine = debian(Deb("bash", "5.2-1"), wheels=(Wheel("certifi", "2022.9.24", "MPL-2.0", "certifi"),))
    assert names(desk.cves(f"fs://{rootfs(tmp_path / 'mine', mine)}")) == {"CVE-2026-0001"}


def test_an_image_without_a_database_is_unknown(watched: Desk, tmp_path: Path) -> None:
    image = rootfs(tmp_path / "busybox", {"bin/busybox": b"\x7fELF"})
    found = watched.cves(f"fs://{image}")
    assert found["coverage"]["state"] == "unknown"
    assert codes(found) == {"no-package-database"}
    text = watched.ok("cves", f"fs://{image}").out
    assert "unknown" in text
    assert "✓ No vulnerable packages" not in text
    assert "0C" not in text
    assert watched.call("cves", "--exit-code", f"fs://{image}").code == 2


def test_a_distribution_at_its_end_is_unknown(desk: Desk, tmp_path: Path) -> None:
    hole = advisory("CVE-2019-0001", "Alpine:v3.9", "openssl", "1.1.1z-r0", HIGH)
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", hole))
    files = alpine(
        Apk("libcrypto1.1", "1.1.1b-r1", "OpenSSL", "openssl"), release={"id": "alpine", "version_id": "3.9.4"}
    )
    image = f"fs://{rootfs(tmp_path / 'root', files)}"
    found = desk.cves(image)
    assert (found["coverage"]["state"], codes(found)) == ("unknown", {"end-of-life"})
    assert names(found) == {"CVE-2019-0001"}
    text = desk.ok("cves", image).out
    assert "at least" in text
    assert "end-of-life: Alpine 3.9 reached its end of life on 2020-11-01" in text


def test_without_advisories_the_answer_is_unknown(desk: Desk, tmp_path: Path) -> None:
    image = f"fs://{rootfs(tmp_path / 'root', debian(OPENSSL_3_0_9))}"
    found = desk.cves(image)
    assert (found["coverage"]["state"], codes(found)) == ("unknown", {"no-feed"})
    assert found["as_of"] is None
    assert "envscout db update" in desk.ok("cves", image).out


def test_a_missing_feed_of_a_language_makes_the_answer_partial(watched: Desk, tmp_path: Path) -> None:
    files = debian(OPENSSL_3_0_9, wheels=(Wheel("Jinja2", "3.1.2", "BSD", "jinja2"),))
    image = f"fs://{rootfs(tmp_path / 'root', files)}"
    found = watched.cves(image)
    assert found["coverage"]["state"] == "partial"
    assert [each["code"] for each in found["coverage"]["reasons"]] == ["no-feed"]
    assert "PyPI" in found["coverage"]["reasons"][0]["message"]
    assert "This answer is partly unknown" in watched.ok("cves", image).out


def test_a_feed_that_is_older_than_allowed_makes_the_answer_partial(desk: Desk, tmp_path: Path) -> None:
    folder = feed(tmp_path / "feed", HOLE)
    for file in folder.iterdir():
        os.utime(file, (1_700_000_000, 1_700_000_000))
    desk.ok("db", "update", "--from", folder)
    image = f"fs://{rootfs(tmp_path / 'root', debian(OPENSSL_3_0_9))}"
    found = desk.cves(image)
    assert (found["coverage"]["state"], codes(found)) == ("partial", {"stale-feed"})
    assert found["as_of"] == "2023-11-14T22:13:20Z"
    desk.ok("config", "max_feed_age_days", "100000")
    assert desk.cves(image)["coverage"]["state"] == "complete"
