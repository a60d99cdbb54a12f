"""The answers of `cves`: filters, text, JSON, files."""

import csv
import json
from pathlib import Path

import pytest

from envscout.demo.databases import Deb, Wheel
from tests.stories.story import (
    APP,
    CRITICAL,
    HIGH,
    HOLE,
    LOW,
    OPENSSL_3_0_9,
    Desk,
    advisory,
    debian,
    feed,
    layout,
    names,
    rootfs,
)

SELECTED = (
    (("--only-severity", "critical"), {"CVE-2026-0001"}),
    (("--only-severity", "critical,HIGH"), {"CVE-2026-0001", "CVE-2026-0002"}),
    (("--only-severity", "low", "--only-severity", "unspecified"), {"CVE-2026-0003", "CVE-2026-0004"}),
    (("--only-fixed",), {"CVE-2026-0001", "CVE-2026-0003"}),
    (("--only-unfixed",), {"CVE-2026-0002", "CVE-2026-0004"}),
    (("--only-package", "^lib,inja"), {"CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0004"}),
    (("--only-package-type", "pypi"), {"CVE-2026-0004"}),
    (("--only-cve-id", "cve-2026-0003,CVE-1-1"), {"CVE-2026-0003"}),
    (("--only-cve-id", "GHSA-aaaa-bbbb-cccc"), {"CVE-2026-0004"}),
    (("--only-cisa-kev",), {"CVE-2026-0002"}),
    (("--epss-score", "0.5"), {"CVE-2026-0003"}),
    (("--epss-percentile", "0.3"), {"CVE-2026-0001", "CVE-2026-0003"}),
    (("--only-fixed", "--only-severity", "low"), {"CVE-2026-0003"}),
    ((), {"CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003", "CVE-2026-0004"}),
)


@pytest.fixture
def varied(desk: Desk, tmp_path: Path) -> Desk:
    folder = feed(
        tmp_path / "feed",
        advisory("CVE-2026-0001", "Debian:sid", "openssl", "3.0.11-1", CRITICAL),
        advisory("CVE-2026-0002", "Debian:sid", "openssl", "", HIGH),
        advisory("CVE-2026-0003", "Debian:sid", "bash", "5.3-1", LOW, details="Words\x1b[31m of \u202ethe feed"),
        advisory("GHSA-aaaa-bbbb-cccc", "PyPI", "jinja2", aliases=["CVE-2026-0004"]),
    )
    epss = "#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\n"
    (folder / "epss.csv").write_text(epss + "CVE-2026-0001,0.2,0.4\nCVE-2026-0003,0.9,0.99\n")
    catalog = {"cveID": "CVE-2026-0002", "dateAdded": "2026-01-03", "dueDate": "2026-02-03"}
    kev = {"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2026.01.03",
           "dateReleased": "2026-01-03T00:00:00Z", "count": 1, "vulnerabilities": [catalog]}  # fmt: skip
    (folder / "kev.json").write_text(json.dumps(kev))
    desk.ok("db", "update", "--from", folder)
    wheels = (Wheel("Jinja2", "3.1.2", "BSD", "jinja2"),)
    image = layout(tmp_path / "image", debian(OPENSSL_3_0_9, Deb("bash", "5.2-1"), wheels=wheels))
    desk.record("production", f"oci-dir://{image}", *APP)
    return desk


def test_every_filter_of_cves(varied: Desk) -> None:
    for flags, expected in SELECTED:
        found = varied.cves("--env", "production", *flags, "myorg/myapp")
        assert names(found) == expected, flags
        assert found["summary"]["total"] == len(expected)
        gate = varied.call("cves", "--env", "production", "--exit-code", *flags, "myorg/myapp").code
        assert gate == 2 * bool(expected)
    clean = (
        "cves",
        "--env",
        "production",
        "-e",
        "--only-cve-id",
        "CVE-2026-0003",
        "--only-package",
        "ssl",
        "myorg/myapp",
    )
    assert varied.call(*clean).code == 0


@pytest.mark.parametrize(
    "flags",
    [
        ("--only-fixed", "--only-unfixed"),
        ("--only-severity", "terrible"),
        ("--epss-score", "7"),
        ("--epss-score", "x"),
        ("--only-package", "("),
        ("--format", "sarif2"),
    ],
)
def test_a_filter_without_meaning_is_wrong_usage(varied: Desk, flags: tuple[str, ...]) -> None:
    answer = varied.call("cves", "--env", "production", *flags, "myorg/myapp")
    assert (answer.code, answer.out) == (64, "")
    assert answer.refusal


def test_the_text_of_cves(varied: Desk) -> None:
    text = varied.ok("cves", "--env", "production", "--epss", "--details", "--locations", "myorg/myapp").out
    for part in (
        "## Overview",
        "   1C     1H     0M     1L     1?",
        "✗ CRITICAL CVE-2026-0001",
        "✗ HIGH CVE-2026-0002  CISA KEV",
        "Affected range  : <3.0.11-1",
        "Fixed version   : not fixed",
        "CVSS Score      : 9.8",
        "EPSS Score      : 90.00%",
        "EPSS Percentile : 99th percentile",
        "/var/lib/dpkg/status (evident by)",
        "pkg:pypi/jinja2@3.1.2",
        "4 vulnerabilities found in 3 packages",
    ):
        assert part in text, part
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "Words\\x1b[31m of \\x202ethe feed" in text
    table = varied.ok(
        "cves", "--env", "production", "--format", "only-packages", "--only-vuln-packages", "myorg/myapp"
    ).out
    assert "libssl3  3.0.9-1  deb" in table


def test_the_json_of_cves(varied: Desk) -> None:
    found = varied.cves("--env", "production", "myorg/myapp")
    assert found["schema"] == "envscout/cves/1"
    assert found["as_of"].endswith("Z")
    assert found["summary"] == {"critical": 1, "high": 1, "medium": 0, "low": 1, "unspecified": 1, "total": 4}
    assert found["coverage"] == {"state": "complete", "reasons": []}
    by_name = {each["vulnerability"]: each for each in found["findings"]}
    first = by_name["CVE-2026-0001"]
    assert first["package"]["purl"].startswith("pkg:deb/debian/libssl3@3.0.9-1?")
    assert {"purl", "name", "version", "type"} <= first["package"].keys()
    assert (first["severity"], first["severity_source"]) == ("critical", "CVSS 3.1 (advisory)")
    assert first["cvss"] == {"score": 9.8, "vector": CRITICAL, "version": "3.1"}
    assert (first["epss"], first["kev"]) == ({"score": 0.2, "percentile": 0.4}, None)
    assert (first["fixed_version"], first["range"]["text"]) == ("3.0.11-1", "<3.0.11-1")
    assert first["layer"].startswith("sha256:")
    assert by_name["CVE-2026-0002"]["kev"] == {"added": "2026-01-03", "due": "2026-02-03", "ransomware": False}
    assert by_name["CVE-2026-0002"]["fixed_version"] is None
    assert by_name["CVE-2026-0004"]["aliases"] == ["GHSA-aaaa-bbbb-cccc"]
    assert [each["severity"] for each in found["findings"]] == ["critical", "high", "low", "unspecified"]
    ordered = varied.cves("--env", "production", "--epss", "myorg/myapp")["findings"]
    assert [each["vulnerability"] for each in ordered[:2]] == ["CVE-2026-0003", "CVE-2026-0001"]


def test_the_json_of_sbom(varied: Desk, tmp_path: Path) -> None:
    document = varied.ok("sbom", f"oci-dir://{tmp_path / 'image'}").json
    assert {each["purl"].partition("@")[0] for each in document["packages"]} == {
        "pkg:deb/debian/libssl3", "pkg:deb/debian/bash", "pkg:pypi/jinja2",
    }  # fmt: skip
    listed = varied.ok(
        "sbom", "--format", "list", "--only-package-type", "pypi", f"oci-dir://{tmp_path / 'image'}"
    ).lines
    assert len(listed) == 3


def test_a_machine_form_is_alone_on_stdout(varied: Desk, old: str) -> None:
    for words in (
        ("environment",),
        ("environment", "production"),
        ("environment", "history", "production"),
        ("environment", "staging", old, "--service", "x"),
        ("environment", "remove", "staging", "x"),
        ("cves", old),
        ("cves", "--env", "production"),
        ("where", "CVE-2026-0001"),
        ("sbom", old),
        ("db", "status"),
        ("cache", "df"),
        ("config",),
    ):
        answer = varied.ok(*words, "--format", "json")
        assert answer.out.endswith("\n"), words
        assert answer.json is not None
        assert "\x1b" not in answer.out
        if words[0] not in ("sbom", "config"):
            assert answer.json["schema"].startswith("envscout/"), words
    assert "Indexed" in varied.ok("cves", old, "--format", "json").err or "already known" in varied.ok("cves", old).err


def test_an_answer_goes_to_a_file_whole_or_not_at_all(varied: Desk, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    answer = varied.ok("cves", "--env", "production", "--format", "json", "-o", target, "myorg/myapp")
    assert answer.out == ""
    assert f"Report written to {target}" in answer.err
    assert json.loads(target.read_text())["summary"]["total"] == 4
    kept = target.read_bytes()
    assert varied.call("cves", "--env", "nowhere", "--format", "json", "-o", target).code == 1
    assert target.read_bytes() == kept
    gate = varied.call("cves", "--env", "production", "-e", "-o", target, "myorg/myapp")
    assert gate.code == 2
    assert "## Overview" in target.read_text()
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("tmp")] == []
    assert varied.call("cves", "--env", "production", "-o", tmp_path / "no" / "such").code == 64


def test_a_file_that_others_may_read_stays_readable(varied: Desk, tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    varied.ok("cves", "--env", "production", "-o", target, "myorg/myapp")
    assert target.stat().st_mode & 0o044 == 0o044


def test_names_from_an_image_cannot_steer_a_terminal(desk: Desk, tmp_path: Path) -> None:
    evil = "e\x1b]0;owned\x07vil\u202e"
    desk.ok(
        "db", "update", "--from", feed(tmp_path / "feed", advisory("CVE-2026-0001", "PyPI", evil, summary=f"a{evil}"))
    )
    folder = "usr/lib/python3/site-packages/evil-1.dist-info/METADATA"
    metadata = f"Metadata-Version: 2.1\nName: {evil}\nVersion: 1.0\x1b[2J\n".encode()
    image = rootfs(tmp_path / "root", {**debian(Deb("bash", "5.2-1")), folder: metadata})
    for words in (("cves",), ("sbom", "--format", "list"), ("cves", "--locations", "--details")):
        answer = desk.ok(*words, f"fs://{image}")
        for char in ("\x1b", "\x07", "\u202e"):
            assert char not in answer.out + answer.err, words


def test_a_comment_for_a_review(varied: Desk) -> None:
    text = varied.ok("cves", "--env", "production", "--format", "markdown", "myorg/myapp").out
    assert (
        "| critical | [CVE\\-2026\\-0001](https://nvd.nist.gov/vuln/detail/CVE-2026-0001) | `libssl3 3.0.9-1` |" in text
    )
    assert "| high (known exploited) |" in text.replace("\\", "")
    assert "<details><summary>4 findings</summary>" in text
    none = varied.ok(
        "cves", "--env", "production", "--format", "markdown", "--only-fixed", "--only-severity", "high", "myorg/myapp"
    ).out
    assert "No vulnerable packages detected" in none


def test_a_table_for_a_spreadsheet(varied: Desk) -> None:
    text = varied.ok("cves", "--env", "production", "--format", "csv", "myorg/myapp").out
    rows = list(csv.DictReader(text.splitlines()))
    assert {each["vulnerability"] for each in rows} == {f"CVE-2026-000{number}" for number in range(1, 5)}
    worst = rows[0]
    assert (worst["severity"], worst["package"], worst["environment"]) == ("critical", "libssl3", "production")
    assert (worst["fixed_version"], worst["cvss"], worst["epss"]) == ("3.0.11-1", "9.8", "0.2")


def test_a_cell_is_no_formula(desk: Desk, tmp_path: Path) -> None:
    image = layout(tmp_path / "image", debian(OPENSSL_3_0_9))
    hole = advisory("=cmd|calc", "Debian:sid", "openssl", "9", CRITICAL)
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", {**hole, "id": "=cmd"}))
    (row,) = csv.DictReader(desk.ok("cves", "--format", "csv", f"oci-dir://{image}").out.splitlines())
    assert row["vulnerability"] == "'=cmd"


def test_a_vulnerability_by_any_of_its_names(desk: Desk, tmp_path: Path) -> None:
    """The record of a distribution does not say what others call it, and is meant by that name all the same."""
    ours = advisory("DEBIAN-CVE-2023-5363", "Debian:sid", "openssl", "3.0.11-1", HIGH, upstream=["CVE-2023-5363"])
    theirs = advisory("GHSA-aaaa-bbbb-cccc", "PyPI", "openssl", "4.0", HIGH, aliases=["CVE-2023-5363"])
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", ours, theirs))
    image = f"oci-dir://{layout(tmp_path / 'image', debian(OPENSSL_3_0_9))}"
    for name in ("CVE-2023-5363", "GHSA-aaaa-bbbb-cccc", "ghsa-AAAA-bbbb-cccc", "DEBIAN-CVE-2023-5363"):
        assert desk.call("cves", image, "--only-cve-id", name, "--exit-code").code == 2
        assert names(desk.cves(image, "--only-cve-id", name)) == {"CVE-2023-5363"}


def test_a_vulnerability_that_nobody_heard_of_is_no_clean_bill(desk: Desk, tmp_path: Path) -> None:
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    image = f"oci-dir://{layout(tmp_path / 'image', debian(OPENSSL_3_0_9))}"
    answer = desk.call("cves", image, "--only-cve-id", "CVE-2032-5363", "--exit-code")
    assert (answer.code, "No advisory in the store speaks of CVE-2032-5363" in answer.out) == (2, True)
    assert desk.call("where", "CVE-2032-5363", "--exit-code").code == 2
