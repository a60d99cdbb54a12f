"""A doubter gets the reason for every line."""

from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb
from tests.stories.story import APP, CRITICAL, HOLE, OPENSSL_3_0_9, OPENSSL_3_0_11, Desk, advisory, debian, feed, layout

OTHER = advisory("CVE-2024-0002", "Alpine:edge", "zlib", "1.3")
NEWER = advisory("CVE-2024-0003", "Debian:sid", "openssl", "", CRITICAL)
NEWER["affected"][0]["ranges"][0]["events"] = [{"introduced": "3.1.0-1"}, {"fixed": "3.1.4-1"}]
NEAR = advisory("CVE-2024-0005", "Debian:sid", "curl", "8.0")
IGNORED = advisory("DEBIAN-CVE-2024-0006", "Debian:sid", "bash", upstream=["CVE-2024-0006"])
IGNORED["affected"][0]["ecosystem_specific"] = {"urgency": "unimportant"}
VAGUE = {**advisory("CVE-2024-0004", "Debian:sid", "bash")}
VAGUE["affected"] = [{"package": {"ecosystem": "Debian:sid", "name": "bash"}}]


@pytest.fixture
def fleet(desk: Desk, tmp_path: Path) -> Desk:
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, OTHER, NEWER, VAGUE, NEAR, IGNORED))
    image = layout(tmp_path / "image", debian(OPENSSL_3_0_9, Deb("bash", "5.2-1")))
    desk.record("production", f"oci-dir://{image}", *APP)
    desk.record("staging", f"oci-dir://{layout(tmp_path / 'fixed', debian(OPENSSL_3_0_11))}", *APP)
    return desk


def explained(desk: Desk, cve: str, environment: str = "production") -> Any:
    (found,) = desk.ok("explain", cve, "--env", environment, "myorg/myapp", "--format", "json").json["images"]
    return found


def test_why_it_is_affected(fleet: Desk) -> None:
    found = explained(fleet, "cve-2023-5363")
    assert (found["answer"], found["vulnerabilities"]) == ("affected", ["CVE-2023-5363"])
    (package,) = found["packages"]
    assert (package["name"], package["range"], package["fixed_version"]) == ("libssl3", "<3.0.11-1", "3.0.11-1")
    assert package["why"] == (
        "it is matched as openssl 3.0.9-1 in Debian:sid; "
        "by the rules of dpkg 3.0.9-1 is older than 3.0.11-1, which fixes it"
    )


def test_why_it_is_not(fleet: Desk) -> None:
    fixed = explained(fleet, "CVE-2023-5363", "staging")
    assert fixed["answer"] == "not-affected"
    assert fixed["packages"][0]["why"].endswith("not older than 3.0.11-1, which fixes it")
    early = explained(fleet, "CVE-2024-0003")
    assert early["answer"] == "not-affected"
    assert early["packages"][0]["why"].endswith("older than 3.1.0-1, where the range begins")
    elsewhere = explained(fleet, "CVE-2024-0002")
    assert (elsewhere["answer"], elsewhere["packages"], elsewhere["ecosystems"]) == (
        "not-affected",
        [],
        ["Alpine:edge"],
    )


def test_where_nothing_is_meant_it_is_told_what_records_speak_of(fleet: Desk) -> None:
    elsewhere = fleet.ok("explain", "CVE-2024-0002", "--env", "production", "myorg/myapp").out
    assert "Records of it speak of Alpine:edge; the image holds no package of these" in elsewhere
    beside = explained(fleet, "CVE-2024-0004", "staging")
    assert beside["spoken_of"] == []
    near = explained(fleet, "CVE-2024-0005")
    assert (near["answer"], near["packages"]) == ("not-affected", [])
    assert near["spoken_of"] == [{"ecosystem": "Debian:sid", "packages": ["curl"], "held": 2, "met": False}]
    text = fleet.ok("explain", "CVE-2024-0005", "--env", "production", "myorg/myapp").out
    assert "Records of it name curl in Debian:sid; the image holds 2 packages of it, none called so" in text


def test_what_its_publisher_makes_of_it(fleet: Desk) -> None:
    (package,) = explained(fleet, "CVE-2024-0006")["packages"]
    assert (package["answer"], package["why"].rpartition(" is ")[2]) == ("affected", "affected, as every version is")
    assert package["state"] == "Debian names no version that fixes it, and calls it unimportant"
    assert package["fixed_version"] is None


def test_what_is_suppressed_is_affected_and_says_so(fleet: Desk) -> None:
    fleet.ok(
        "exception", "add", "CVE-2023-5363", "--kind", "accepted-risk", "--reason", "behind a proxy", "--owner", "alice"
    )
    found = explained(fleet, "CVE-2023-5363")
    assert (found["answer"], found["findings"]) == ("affected", [])
    assert [each["suppression"]["who"] for each in found["suppressed"]] == ["alice"]
    text = fleet.ok("explain", "CVE-2023-5363", "--env", "production", "myorg/myapp").out
    assert "libssl3 3.0.9-1 is SUPPRESSED by exception 1" in text
    assert "accepted-risk: behind a proxy, by alice" in text
    assert explained(fleet, "CVE-2024-0006")["suppressed"] == []


def test_what_nobody_can_tell(fleet: Desk) -> None:
    vague = explained(fleet, "CVE-2024-0004")
    assert (vague["answer"], vague["packages"][0]["answer"]) == ("unknown", "unknown")
    never = explained(fleet, "CVE-1999-9999")
    assert (never["answer"], never["vulnerabilities"]) == ("unknown", [])
    text = fleet.ok("explain", "CVE-1999-9999", "--env", "production", "myorg/myapp").out
    assert "unknown whether it is affected by CVE-1999-9999" in text
    assert "No record of the store knows CVE-1999-9999" in text


def test_in_words_and_for_an_image(fleet: Desk, tmp_path: Path) -> None:
    text = fleet.ok("explain", "CVE-2023-5363", f"oci-dir://{tmp_path / 'image'}").out
    assert "affected by CVE-2023-5363" in text
    assert "CVE-2023-5363 (osv:" in text
    assert "names <3.0.11-1" in text
    whole = fleet.ok("explain", "CVE-2023-5363", "--env", "production", "--format", "json").json
    assert len(whole["images"]) == 1


def test_what_is_no_more_is_said(fleet: Desk, tmp_path: Path) -> None:
    fleet.ok("db", "update", "--from", feed(tmp_path / "feed", {**HOLE, "withdrawn": "2026-02-01T00:00:00Z"}, OTHER))
    found = explained(fleet, "CVE-2023-5363")
    assert found["answer"] != "affected"


@pytest.mark.parametrize(
    "words", [(), ("CVE-2023-5363",), ("CVE-2023-5363", "--env", "nowhere"), ("", "--env", "production")]
)
def test_wrong_questions(fleet: Desk, words: tuple[str, ...]) -> None:
    answer = fleet.call("explain", *words)
    assert answer.code in (1, 64)
    assert answer.refusal
