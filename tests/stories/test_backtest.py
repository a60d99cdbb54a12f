"""Trying policies on history: which promotions would they have stopped, by what was known then?"""

import json
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb
from tests.stories.story import APP, CRITICAL, HOLE, OPENSSL_3_0_9, OPENSSL_3_0_11, Desk, advisory, debian, feed, layout

CURL = advisory("CVE-2024-0001", "Debian:sid", "curl", "8.0-1", CRITICAL)
OLD_CURL = Deb("curl", "7.0-1")
FIXABLE = "policies: [{id: fixable-vulnerabilities, config: {severities: [critical, high]}}]"
DELTA = "policies: [{id: no-new-vulnerabilities}]"


@pytest.fixture
def history(desk: Desk, tmp_path: Path) -> Desk:
    """Return a desk where five promotions were recorded while the advisories changed."""

    def image(name: str, *packages: Deb) -> str:
        return f"oci-dir://{layout(tmp_path / name, debian(*packages))}"

    one, two = image("one", OPENSSL_3_0_9), image("two", OPENSSL_3_0_11, OLD_CURL)
    three = image("three", OPENSSL_3_0_9, Deb("bash", "5.2-1"))
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    desk.record("production", one, *APP)
    desk.record("production", two, *APP)
    # Nothing was known of curl until now.
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, CURL))
    desk.record("staging", two, *APP)
    desk.record("staging", three, *APP)
    desk.record("staging", three, *APP)
    desk.record("production", three, "--add", *APP)
    (tmp_path / "none.yaml").write_text("policies: []")
    desk.ok("policy", "apply", "-f", tmp_path / "none.yaml", "--org", "myorg")
    return desk


def tried(desk: Desk, tmp_path: Path, text: str, *words: str) -> Any:
    (tmp_path / "proposed.yaml").write_text(text)
    words = words or ("--since", "1d")
    return desk.ok("policy", "test", tmp_path / "proposed.yaml", *words, "--format", "json").json


def told(document: Any) -> list[tuple[str, str, str]]:
    return [(each["environment"], Path(each["reference"]).name.split(":")[0], each["proposed"]["state"])
            for each in document["promotions"]]  # fmt: skip


def test_each_promotion_is_judged_by_what_was_known_then(history: Desk, tmp_path: Path) -> None:
    found = tried(history, tmp_path, FIXABLE)
    assert told(found) == [
        ("production", "one", "fail"),
        ("production", "two", "pass"),
        ("staging", "two", "fail"),
        ("staging", "three", "fail"),
        ("production", "three", "fail"),
    ]
    assert found["repeated"] == 1
    assert all(each["newly_stopped"] for each in found["promotions"] if each["proposed"]["stopped"])
    assert found["totals"] == {
        "promotions": 5, "passed": 1, "failed": 4, "unknown": 0, "stopped": 4, "stopped_now": 0, "newly_stopped": 4,
        "no_longer_stopped": 0, "by_policy": {"fixable-vulnerabilities": {"pass": 1, "fail": 4, "unknown": 0}},
    }  # fmt: skip
    assert found["promotions"][0]["proposed"]["why"] == [
        "fixable-vulnerabilities: HIGH CVE-2023-5363 in libssl3 3.0.9-1"]  # fmt: skip


def test_the_delta_gate_looks_at_what_ran_just_before(history: Desk, tmp_path: Path) -> None:
    found = tried(history, tmp_path, DELTA)
    assert told(found) == [
        # Where nothing ran before, all is new.
        ("production", "one", "fail"),
        ("production", "two", "pass"),
        ("staging", "two", "fail"),
        ("staging", "three", "fail"),
        ("production", "three", "fail"),
    ]
    assert [each["proposed"]["why"] for each in found["promotions"][2:4]] == [
        ["no-new-vulnerabilities: CRITICAL CVE-2024-0001 in curl 7.0-1"],
        ["no-new-vulnerabilities: HIGH CVE-2023-5363 in libssl3 3.0.9-1"],
    ]


def test_the_present_policies_are_beside_the_proposed_ones(history: Desk, tmp_path: Path) -> None:
    (tmp_path / "strict.yaml").write_text(FIXABLE)
    history.ok("policy", "apply", "-f", tmp_path / "strict.yaml", "--env", "production", "--org", "myorg")
    found = tried(history, tmp_path, "policies: []")
    assert (found["totals"]["stopped"], found["totals"]["no_longer_stopped"]) == (0, 2)
    # A file that speaks of one environment leaves the others as they are.
    one = tried(history, tmp_path, f"environments: {{staging: {{{FIXABLE}}}}}")
    assert [each["newly_stopped"] for each in one["promotions"]] == [False, False, True, True, False]
    assert one["totals"]["no_longer_stopped"] == 0


def test_it_can_be_asked_of_one_environment_and_a_time(history: Desk, tmp_path: Path) -> None:
    assert len(tried(history, tmp_path, FIXABLE, "--since", "1d", "--env", "staging")["promotions"]) == 2
    assert len(tried(history, tmp_path, FIXABLE, "--since", "1d", "--service", "myorg/other")["promotions"]) == 0
    text = history.ok("policy", "test", tmp_path / "proposed.yaml", "--since", "1d").out
    assert "5 images promoted since" in text
    assert "1 pass, 4 fail, 0 unknown: 4 would have been stopped" in text
    assert "CRITICAL CVE-2024-0001 in curl 7.0-1" in text
    words = ("policy", "test", tmp_path / "proposed.yaml", "--since", "1d")
    assert history.call(*words, "--exit-code").code == 2
    assert history.call(*words[:3], "--since", "1d", "--env", "nowhere", "-e").code == 1


def test_without_a_time_it_is_tried_on_what_runs(history: Desk, tmp_path: Path) -> None:
    found = tried(history, tmp_path, FIXABLE, "--env", "production")
    assert [state for *_, state in told(found)] == ["fail", "fail"]
    assert found["since"] is None
    # What runs there is judged beside itself: nothing of it is new.
    assert tried(history, tmp_path, DELTA, "--env", "production")["totals"]["passed"] == 2
    assert history.call("policy", "test", tmp_path / "proposed.yaml", "--env", "nowhere").code == 1
    assert history.call("policy", "test", tmp_path / "proposed.yaml", "--env", "").code == 64


def test_an_image_and_a_file_alone(history: Desk, tmp_path: Path) -> None:
    (tmp_path / "proposed.yaml").write_text(FIXABLE)
    words = ("policy", "test", tmp_path / "proposed.yaml")
    answer = history.call(*words, f"oci-dir://{tmp_path / 'two'}", "--exit-code")
    assert (answer.code, "CVE-2024-0001" in answer.out) == (2, True)
    told = history.ok(*words, "--format", "json").json["policy-file"]
    assert told["scopes"][0]["policies"][0]["config"]["severities"] == ["critical", "high"]
    assert "organization: 1 policy" in history.ok(*words).out
    (tmp_path / "proposed.yaml").write_text("policies: [{id: x}]")
    assert history.call(*words).code == 64
    assert history.call(*words, f"oci-dir://{tmp_path / 'two'}", "--since", "1d").code == 64


def test_what_was_never_looked_into_stays_unknown(history: Desk, tmp_path: Path) -> None:
    words = ("--no-index", "--service", "myorg/unread", "--org", "myorg")
    history.record("production", f"oci-dir://{layout(tmp_path / 'unread', debian(Deb('zlib', '1')))}", *words)
    found = tried(history, tmp_path, FIXABLE, "--since", "1d", "--service", "myorg/unread")
    assert told(found) == [("production", "unread", "unknown")]
    assert (found["totals"]["unknown"], found["totals"]["stopped"]) == (1, 1)
    assert "not-indexed" in json.dumps(found["promotions"][0]["proposed"]["why"])


def test_an_exception_counts_from_when_it_was_made(history: Desk, tmp_path: Path) -> None:
    history.ok("exception", "add", "CVE-2024-0001", "--org", "myorg", "--reason", "not reachable", "--kind",
               "accepted-risk", "--expires", "2099-01-01")  # fmt: skip
    history.record("other", f"oci-dir://{tmp_path / 'two'}", *APP)
    found = tried(history, tmp_path, FIXABLE)
    assert [each[2] for each in told(found)] == ["fail", "pass", "fail", "fail", "fail", "pass"]
