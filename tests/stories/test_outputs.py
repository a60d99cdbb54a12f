"""Several outputs in one run: each whole or not at all, and a mistake is told before anything is asked."""

import csv
import json
import os
from pathlib import Path

import pytest

from tests.stories.story import APP, HOLE, OPENSSL_3_0_9, Answer, Desk, debian, feed, layout


@pytest.fixture
def shipped(watched: Desk, old: str, new: str) -> Desk:
    """Return a desk with a hole in staging, and none in production."""
    watched.record("staging", old, *APP)
    watched.record("production", new, *APP)
    return watched


def test_two_files_and_the_terminal(shipped: Desk, tmp_path: Path) -> None:
    sarif, junit = tmp_path / "a.sarif", tmp_path / "b.xml"
    answer = shipped.ok("cves", "--env", "staging", "--output", f"sarif={sarif}", "-o", f"junit={junit}")
    assert "## Overview" in answer.out
    assert f"Report written to {sarif}" in answer.err
    assert f"Report written to {junit}" in answer.err
    assert json.loads(sarif.read_text())["runs"][0]["results"][0]["ruleId"] == "CVE-2023-5363"
    assert 'failures="1"' in junit.read_text()


def test_a_plain_file_takes_what_the_terminal_would_have_had(shipped: Desk, tmp_path: Path) -> None:
    plain, table = tmp_path / "answer", tmp_path / "answer.csv"
    words = ("cves", "--env", "staging", "--format", "json", "-o", plain, "-o", f"csv={table}")
    assert shipped.ok(*words).out == ""
    assert json.loads(plain.read_text())["summary"]["total"] == 1
    assert [row["vulnerability"] for row in csv.DictReader(table.read_text().splitlines())] == ["CVE-2023-5363"]


def test_a_gate_that_fails_has_answered(shipped: Desk, tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    assert shipped.call("cves", "--env", "staging", "-e", "-o", f"gitlab={target}").code == 2
    assert len(json.loads(target.read_text())["vulnerabilities"]) == 1


def test_nothing_is_written_where_nothing_could_be_answered(shipped: Desk, tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("old")
    assert shipped.call("cves", "--env", "nowhere", "-o", f"sarif={first}", "-o", f"csv={second}").code == 1
    assert first.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith((".", "b"))] == []


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        (("sarf=x.json",), "sarif"),
        (("pdf=report.pdf",), "choose from packages"),
        (("SARIF=x",), "sarif"),
        (("sarif=",), "sarif=FILE"),
        (("",), "FORM=FILE"),
        (("a.txt", "csv=a.txt"), "written twice"),
        (("csv=a.txt", "json=./a.txt"), "written twice"),
        (("csv=no/such/folder/a",), "cannot write"),
        (("csv=circle",), "cannot write circle: Too many levels"),
    ],
)
def test_a_mistake_is_told(shipped: Desk, tmp_path: Path, outputs: tuple[str, ...], told: str) -> None:
    (tmp_path / "circle").symlink_to("circle")
    flags = [word for each in outputs for word in ("--output", each)]
    answer = _within(tmp_path, shipped, "cves", "--env", "staging", *flags)
    assert (answer.code, answer.out) == (64, "")
    assert told in answer.refusal
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize("name", ["run=5", "./csv=5.txt", "folder=x/y=z"])
def test_a_path_may_hold_the_sign(shipped: Desk, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder=x").mkdir()
    _within(tmp_path, shipped, "cves", "--env", "staging", "--format", "json", "-o", name)
    assert json.loads((tmp_path / name).read_text())["schema"] == "envscout/cves/1"


def _within(folder: Path, desk: Desk, *words: str) -> Answer:
    before = Path.cwd()
    os.chdir(folder)
    try:
        return desk.call(*words)
    finally:
        os.chdir(before)


def test_a_device_may_be_named_twice(shipped: Desk) -> None:
    shipped.ok("cves", "--env", "staging", "-o", "csv=/dev/null", "-o", "json=/dev/null")


def test_what_a_comparison_brings(shipped: Desk, tmp_path: Path) -> None:
    sarif, table, junit = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    for flags, state, change, failures in (
        (("--env", "staging", "--to-env", "production"), "new", "introduced", "1"),
        (("--env", "production", "--to-env", "staging"), "absent", "fixed", "0"),
    ):
        for words in (flags, (*flags, "myorg/myapp")):
            outputs = ("-o", f"sarif={sarif}", "-o", f"csv={table}", "-o", f"junit={junit}")
            text = shipped.ok("compare", *words, *outputs).out
            assert "CVE-2023-5363" in text
            (result,) = json.loads(sarif.read_text())["runs"][0]["results"]
            assert result["baselineState"] == state
            (row,) = csv.DictReader(table.read_text().splitlines())
            assert row["change"] == change
            assert f'failures="{failures}"' in junit.read_text()


def test_an_image_of_which_nothing_is_known_is_no_success(desk: Desk, tmp_path: Path) -> None:
    image = layout(tmp_path / "image", debian(OPENSSL_3_0_9))
    answer = desk.ok("cves", "--format", "sarif", f"oci-dir://{image}").json
    (invocation,) = answer["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [each["descriptor"]["id"] for each in invocation["toolExecutionNotifications"]] == ["no-feed"]
    assert desk.ok("cves", "--format", "gitlab", f"oci-dir://{image}").json["scan"]["status"] == "failure"
    assert 'errors="1"' in desk.ok("cves", "--format", "junit", f"oci-dir://{image}").out


def test_a_verdict_in_two_forms(shipped: Desk, tmp_path: Path) -> None:
    target = tmp_path / "verdict.json"
    text = shipped.ok("policy", "--env", "staging", "myorg/myapp", "--format", "markdown", "-o", f"json={target}").out
    assert text.startswith("## Policies")
    assert json.loads(target.read_text())["schema"].startswith("envscout/policy/")


def test_a_new_feed_changes_what_a_fingerprint_stands_for_in_nothing(shipped: Desk, old: str, tmp_path: Path) -> None:
    def prints() -> list[str]:
        run = shipped.ok("cves", "--format", "sarif", old).json["runs"][0]
        return [each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]]

    before = prints()
    shipped.ok("db", "update", "--from", feed(tmp_path / "feed", {**HOLE, "modified": "2026-02-02T00:00:00Z"}))
    assert prints() == before
    assert len(before) == 1
