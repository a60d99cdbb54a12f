"""The truth table of the gate with real stores: what is known, what is not, what was excepted and no longer is."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stories.story import CRITICAL, OPENSSL_3_0_9, OPENSSL_3_0_11, Desk, advisory, debian, feed, layout

BULLSEYE = {"id": "debian", "version_id": "8", "version_codename": "jessie", "pretty_name": "Debian 8"}
UNFIXED = advisory("CVE-2023-5363", "Debian:sid", "openssl", "", CRITICAL)
FIXED = advisory("CVE-2023-5363", "Debian:sid", "openssl", "3.0.11-1", CRITICAL)
ENDED = advisory("CVE-2023-5363", "Debian:8", "openssl", "3.0.11-1", CRITICAL)
KNOWN = {"cveID": "CVE-2021-44228", "dateAdded": "2021-12-10", "dueDate": "2021-12-24"}
POLICIES = """
policies:
  - {id: fixable-vulnerabilities}
  - {id: high-profile-vulnerabilities, config: {cves: [CVE-2023-5363], include_cisa_kev: false}}
  - {id: no-new-vulnerabilities}
  - {id: cel, config: {expression: 'finding.severity == "critical"'}}
"""
ABOUT_FINDINGS = ("fixable-vulnerabilities", "high-profile-vulnerabilities", "no-new-vulnerabilities", "cel")


def good(desk: Desk, folder: Path) -> None:
    desk.ok("db", "update", "--from", feed(folder / "feed", FIXED))
    layout(folder / "image", debian(OPENSSL_3_0_11))


def bad(desk: Desk, folder: Path) -> None:
    desk.ok("db", "update", "--from", feed(folder / "feed", FIXED))
    layout(folder / "image", debian(OPENSSL_3_0_9))


def no_feed(desk: Desk, folder: Path) -> None:
    desk.ok("db", "update", "--from", feed(folder / "feed", advisory("GHSA-1", "npm", "x", "1.0", CRITICAL)))
    layout(folder / "image", debian(OPENSSL_3_0_11))


def stale(desk: Desk, folder: Path) -> None:
    place = feed(folder / "feed", FIXED)
    old = (datetime.now(UTC) - timedelta(days=30)).timestamp()
    for file in (*place.iterdir(), place):
        os.utime(file, (old, old))
    desk.ok("db", "update", "--from", place)
    layout(folder / "image", debian(OPENSSL_3_0_11))


def ended(desk: Desk, folder: Path) -> None:
    desk.ok("db", "update", "--from", feed(folder / "feed", ENDED))
    layout(folder / "image", debian(OPENSSL_3_0_11, release=BULLSEYE))


def no_database(desk: Desk, folder: Path) -> None:
    desk.ok("db", "update", "--from", feed(folder / "feed", FIXED))
    layout(folder / "image", {"app/run": b"x"})


def excepted(desk: Desk, folder: Path) -> None:
    bad(desk, folder)
    words = ("--kind", "accepted-risk", "--reason", "nobody reaches it", "--env", "production", "--org", "library")
    desk.ok("exception", "add", "CVE-2023-5363", *words)


def excepted_elsewhere(desk: Desk, folder: Path) -> None:
    bad(desk, folder)
    words = ("--kind", "accepted-risk", "--reason", "nobody reaches it", "--env", "staging", "--org", "library")
    desk.ok("exception", "add", "CVE-2023-5363", *words)


def expired(desk: Desk, folder: Path) -> None:
    desk.ok("db", "update", "--from", feed(folder / "feed", UNFIXED))
    layout(folder / "image", debian(OPENSSL_3_0_9))
    words = ("--kind", "accepted-risk", "--reason", "no fix yet", "--expires", "on-fix")
    desk.ok("exception", "add", "CVE-2023-5363", *words)
    assert states(desk, folder)["no-new-vulnerabilities"] == "pass"
    desk.ok("db", "update", "--from", feed(folder / "feed", FIXED))


def states(desk: Desk, folder: Path, *words: str) -> dict[str, str]:
    (folder / "policies.yaml").write_text(POLICIES)
    image = f"oci-dir://{folder / 'image'}"
    asked = ("policy", image, "--env", "production", "--service", "app", "--policy-file", folder / "policies.yaml")
    answer = desk.call(*asked, *words, "--exit-code", "--format", "json")
    found = answer.json
    assert answer.code == (0 if found["met"] else 2), answer
    assert found["met"] == all(each["state"] == "pass" for each in found["policies"])
    return {each["policy"]: each["state"] for each in found["policies"]}


@pytest.mark.parametrize(
    ("world", "state"),
    [
        (good, "pass"),
        (bad, "fail"),
        (no_feed, "unknown"),
        (stale, "unknown"),
        (ended, "unknown"),
        (no_database, "unknown"),
        (excepted, "pass"),
        (excepted_elsewhere, "fail"),
        (expired, "fail"),
    ],
)
def test_a_gate_with_a_real_store(desk: Desk, tmp_path: Path, world: Callable[[Desk, Path], None], state: str) -> None:
    world(desk, tmp_path)
    assert states(desk, tmp_path) == dict.fromkeys(ABOUT_FINDINGS, state)


def test_an_image_that_was_not_looked_into(desk: Desk, tmp_path: Path) -> None:
    good(desk, tmp_path)
    desk.record("production", f"oci-dir://{tmp_path / 'image'}", "--no-index", "--service", "app")
    (tmp_path / "policies.yaml").write_text(POLICIES)
    words = ("policy", "app", "--env", "production", "--policy-file", tmp_path / "policies.yaml", "--exit-code")
    answer = desk.call(*words, "--format", "json")
    assert answer.code == 2
    assert {each["state"] for each in answer.json["policies"]} == {"unknown"}


def test_what_runs_in_the_target_is_not_known(desk: Desk, tmp_path: Path) -> None:
    """The delta gate must not take a target that nobody looked into for one that has no vulnerabilities, or all."""
    bad(desk, tmp_path)
    other = layout(tmp_path / "other", debian(OPENSSL_3_0_9, release={"id": "debian", "version_codename": "sid"}))
    desk.record("production", f"oci-dir://{other}", "--no-index", "--service", "app")
    found = states(desk, tmp_path)
    assert found["no-new-vulnerabilities"] in ("unknown", "pass")
    unread = layout(tmp_path / "unread", {"app/run": b"x"})
    desk.record("production", f"oci-dir://{unread}", "--service", "app")
    assert states(desk, tmp_path)["no-new-vulnerabilities"] == "unknown"


def test_a_finding_that_runs_there_under_an_exception_is_no_news(desk: Desk, tmp_path: Path) -> None:
    bad(desk, tmp_path)
    desk.record("production", f"oci-dir://{tmp_path / 'image'}", "--service", "app")
    digest = desk.ok("environment", "production", "--format", "json").json["deployments"][0]["digest"]
    words = ("--kind", "accepted-risk", "--reason", "only there", "--image", digest)
    desk.ok("exception", "add", "CVE-2023-5363", *words)
    layout(tmp_path / "image", {**debian(OPENSSL_3_0_9), "app/run": b"new"})
    found = states(desk, tmp_path)
    assert (found["no-new-vulnerabilities"], found["fixable-vulnerabilities"]) == ("pass", "fail")


def test_the_exploited_ones_need_their_catalog(desk: Desk, tmp_path: Path) -> None:
    good(desk, tmp_path)
    image = f"oci-dir://{tmp_path / 'image'}"
    words = ("policy", image, "--only-policy", "high-profile-vulnerabilities", "--exit-code")
    assert desk.call(*words).code == 2
    catalog = {"catalogVersion": "1", "dateReleased": "2026-01-01T00:00:00Z", "count": 1, "vulnerabilities": [KNOWN]}
    (tmp_path / "kev.json").write_text(json.dumps(catalog))
    desk.ok("db", "update", "--from", tmp_path / "kev.json")
    assert desk.call(*words).code == 0


def test_where_several_run_the_worst_decides(desk: Desk, tmp_path: Path) -> None:
    good(desk, tmp_path)
    desk.record("production", f"oci-dir://{tmp_path / 'image'}", "--service", "app")
    bad(desk, tmp_path)
    desk.record(
        "production", f"oci-dir://{layout(tmp_path / 'worse', debian(OPENSSL_3_0_9))}", "--service", "app", "--add"
    )
    words = ("policy", "app", "--env", "production", "--only-policy", "fixable-vulnerabilities", "--exit-code")
    answer = desk.call(*words, "--format", "json")
    assert (answer.code, answer.json["image"]["reference"]) == (2, str(tmp_path / "worse"))
    assert "several images run there" in answer.err
    assert "SUCCESS" in answer.err
