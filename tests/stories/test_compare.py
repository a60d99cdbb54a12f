"""What promoting brings and fixes: images, environments, moments, gates."""

from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb
from tests.stories.story import (
    APP,
    CRITICAL,
    HOLE,
    LOW,
    OPENSSL_3_0_9,
    OPENSSL_3_0_11,
    Desk,
    advisory,
    debian,
    feed,
    layout,
    moment,
)

CURL = advisory("CVE-2024-0001", "Debian:sid", "curl", "8.0-1", CRITICAL)
BASH = advisory("CVE-2024-0002", "Debian:sid", "bash", "9.0-1", LOW)
STAGING = debian(OPENSSL_3_0_11, Deb("bash", "5.2-1"), Deb("curl", "7.0-1"))
PRODUCTION = debian(OPENSSL_3_0_9, Deb("bash", "5.2-1"), Deb("zip", "3.0-1"))
BOTH = ("compare", "--env", "staging", "--to-env", "production", "myorg/myapp")


@pytest.fixture
def fleet(desk: Desk, tmp_path: Path) -> Desk:
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, CURL, BASH))
    desk.record("staging", f"oci-dir://{layout(tmp_path / 'v2', STAGING)}", *APP)
    desk.record("production", f"oci-dir://{layout(tmp_path / 'v1', PRODUCTION)}", *APP)
    return desk


def ids(changes: Any) -> dict[str, list[str]]:
    return {each["vulnerability"]: each["causes"] for each in changes}


def test_what_promoting_would_change(fleet: Desk) -> None:
    found = fleet.ok(*BOTH, "--format", "json").json
    assert found["schema"] == "envscout/compare/1"
    assert ids(found["introduced"]) == {"CVE-2024-0001": ["package-added"]}
    assert ids(found["fixed"]) == {"CVE-2023-5363": ["package-changed"]}
    assert [each["vulnerability"] for each in found["kept"]] == ["CVE-2024-0002"]
    assert {(each["change"], each["name"]) for each in found["packages"]} == {
        ("added", "curl"),
        ("removed", "zip"),
        ("changed", "libssl3"),
    }
    assert found["packages_unchanged"] == 1
    assert (found["analyzed"]["summary"]["critical"], found["comparison"]["summary"]["critical"]) == (1, 0)


def test_the_words_of_an_answer(fleet: Desk) -> None:
    text = fleet.ok(*BOTH).out
    for words in (
        "Analyzed Image",
        "Comparison Image",
        "+    1 package added",
        "-    1 package removed",
        "~    1 package changed",
        "1 package unchanged",
        "~ libssl3 3.0.9-1 → 3.0.11-1 (deb)",
        "+ CRITICAL    CVE-2024-0001  curl 7.0-1  [package added]",
        "- HIGH        CVE-2023-5363  libssl3 3.0.9-1  [package changed]",
        "= LOW         CVE-2024-0002  bash",
        "Going on brings 1 and fixes 1; going back would bring back 1 and be rid of 1",
    ):
        assert words in text, text
    assert "= LOW" not in fleet.ok(*BOTH, "--ignore-unchanged").out


def test_a_comment_for_a_review(fleet: Desk, tmp_path: Path) -> None:
    place = tmp_path / "comment.md"
    fleet.ok(*BOTH, "--format", "markdown", "--output", place)
    text = place.read_text()
    assert "**1 introduced, 1 fixed**" in text
    assert "| critical | [CVE\\-2024\\-0001](https://nvd.nist.gov/vuln/detail/CVE-2024-0001) | `curl 7.0-1` |" in text


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ((), 0),
        (("--exit-on", "vulnerability"), 2),
        (("--exit-on", "package"), 2),
        (("--exit-on", "vulnerability,package"), 2),
        (("-e",), 2),
        (("--exit-on", "vulnerability", "--only-severity", "high"), 0),
        (("-e", "--only-severity", "high"), 2),
        (("--exit-on", "vulnerability", "--only-package", "zip"), 0),
        (("-x", "vulnerability"), 2),
        (("-x", "policy", "--only-policy", "high-profile-vulnerabilities"), 2),
        (("--exit-on", "policy,package"), 2),
        (("--exit-on", "nonsense"), 64),
        (("--only-severity", "terrible"), 64),
    ],
)
def test_gates(fleet: Desk, flags: tuple[str, ...], code: int) -> None:
    assert fleet.call(*BOTH, *flags).code == code


def test_an_image_with_itself(fleet: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{tmp_path / 'v1'}"
    found = fleet.ok(
        "compare", "--to", image, image, "--exit-on", "vulnerability,package", "-e", "--format", "json"
    ).json
    assert (found["introduced"], found["fixed"], found["packages"]) == ([], [], [])


def test_other_ways_to_name_the_two(fleet: Desk, tmp_path: Path) -> None:
    staging, production = (f"oci-dir://{tmp_path / name}" for name in ("v2", "v1"))
    expected = fleet.ok(*BOTH, "--format", "json").json["introduced"]
    for words in (
        ("--to", production, staging),
        (staging, "--to", production),
        (staging, "--to-env", "production", "--service", "myorg/myapp"),
        ("--env", "staging", "--to", production, "myorg/myapp"),
        ("--stream", "staging", "--to-stream", "production", "myorg/myapp"),
    ):
        found = fleet.ok("diff", *words, "--format", "json").json["introduced"]
        assert ids(found) == ids(expected), words
    latest = fleet.ok("compare", staging, "--to-latest", "--service", "myorg/myapp", "--format", "json").json
    assert ids(latest["introduced"]) == ids(expected)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--env", "staging", "myorg/myapp"),
        ("--to", "a", "--to-env", "production", "--env", "staging", "myorg/myapp"),
        ("--env", "", "--to-env", "production", "myorg/myapp"),
        ("--to-env", "production", "oci-dir:///nowhere"),
        ("--to-env", "production", ""),
    ],
)
def test_what_is_not_named_is_asked_for(fleet: Desk, words: tuple[str, ...]) -> None:
    answer = fleet.call("compare", *words)
    assert answer.code in (1, 64)
    assert answer.refusal


def test_what_does_not_run_there(fleet: Desk) -> None:
    answer = fleet.call("compare", "--env", "staging", "--to-env", "nowhere", "myorg/myapp")
    assert (answer.code, "nowhere" in answer.refusal) == (1, True)


def test_an_environment_at_two_moments(fleet: Desk, tmp_path: Path) -> None:
    before = moment()
    fleet.record("production", f"oci-dir://{tmp_path / 'v2'}", *APP)
    words = ("compare", "--env", "production", "--to-at", before, "myorg/myapp", "--format", "json")
    found = fleet.ok(*words).json
    assert list(ids(found["introduced"])) == ["CVE-2024-0001"]


def test_what_became_known_is_no_change_of_a_package(fleet: Desk, tmp_path: Path) -> None:
    before = moment()
    late = advisory("CVE-2026-7777", "Debian:sid", "zip", "4.0-1", CRITICAL)
    fleet.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, CURL, BASH, late))
    found = fleet.ok(
        "compare", "--env", "production", "--to-at", before, "myorg/myapp", "--format", "json", "--exit-on", "package"
    ).json
    assert ids(found["introduced"]) == {"CVE-2026-7777": ["advisory-changed"]}


def test_a_gate_that_cannot_see_does_not_open(fleet: Desk, tmp_path: Path) -> None:
    empty = layout(tmp_path / "empty", {"hello": b"world"})
    answer = fleet.call(
        "compare", f"oci-dir://{empty}", "--to", f"oci-dir://{tmp_path / 'v1'}", "--exit-on", "vulnerability"
    )
    assert answer.code == 2
    assert "is not known well enough" in answer.err
    assert "unknown: more may differ than is shown" in answer.out


def test_whole_environments(fleet: Desk, tmp_path: Path) -> None:
    extra = layout(tmp_path / "extra", debian(Deb("curl", "7.0-1")))
    fleet.record("staging", f"oci-dir://{extra}", "--service", "myorg/new", "--org", "myorg")
    same = layout(tmp_path / "same", debian(Deb("bash", "9.0-1")))
    for environment in ("staging", "production"):
        fleet.record(environment, f"oci-dir://{same}", "--service", "myorg/same", "--org", "myorg")
    words = ("compare", "--env", "staging", "--to-env", "production")
    found = fleet.ok(*words, "--format", "json").json
    assert found["schema"] == "envscout/compare-environments/1"
    services = {each["service"]: each for each in found["services"]}
    assert list(services) == ["myorg/myapp", "myorg/new", "myorg/same"]
    assert [each["vulnerability"] for each in services["myorg/new"]["introduced"]] == ["CVE-2024-0001"]
    assert services["myorg/new"]["comparison"] == []
    text = fleet.ok(*words).out
    assert "2 of 3 services changed: going on brings 2 and fixes 1; going back would bring back 1" in text
    assert "(not there)" in text
    assert "myorg/same" not in fleet.ok(*words, "--ignore-unchanged").out
    assert "| myorg/myapp |" in fleet.ok(*words, "--format", "markdown").out
    assert fleet.call(*words, "--exit-on", "vulnerability").code == 2
    assert fleet.call(*words, "--exit-on", "vulnerability", "--only-severity", "low").code == 0
    assert fleet.call(*words, "--exit-on", "policy").code == 64


@pytest.mark.parametrize("repository", [(), ("myorg/myapp",)])
def test_what_is_accepted_is_not_fixed_whether_it_is_shown_or_not(fleet: Desk, repository: tuple[str, ...]) -> None:
    words = ("--kind", "accepted-risk", "--reason", "known", "--env", "staging", "--org", "myorg")
    fleet.ok("exception", "add", "CVE-2024-0002", *words)
    asked = ("compare", "--env", "staging", "--to-env", "production", *repository, "--format", "sarif")
    for more, there in (((), [True]), (("--ignore-suppressed",), [])):
        results = fleet.ok(*asked, *more).json["runs"][0]["results"]
        assert ["suppressions" in each for each in results if each["ruleId"] == "CVE-2024-0002"] == there


def test_what_nobody_looked_into_promises_nothing(fleet: Desk, tmp_path: Path) -> None:
    fleet.record("staging", f"oci-dir://{layout(tmp_path / 'unread', {'app/run': b'x'})}", *APP)
    for repository in ((), ("myorg/myapp",)):
        words = ("compare", "--env", "staging", "--to-env", "production", *repository)
        answer = fleet.call(*words, "-x", "vulnerability")
        assert (answer.code, "more may differ than is shown" in answer.out, "fixes" in answer.out) == (2, True, False)
        assert "and not all is known" in fleet.ok(*words, "--format", "markdown").out
    whole = fleet.ok("compare", "--env", "staging", "--to-env", "production", "--only-cisa-kev").out
    assert "no vulnerability does" not in whole


@pytest.mark.parametrize("word", ["--only-cisa-kev", "--only-base"])
def test_a_filter_that_nothing_can_be_told_by_opens_no_gate(fleet: Desk, word: str) -> None:
    answer = fleet.call(*BOTH, word, "-x", "vulnerability")
    assert (answer.code, "not known well enough" in answer.err) == (2, True), answer
    assert "No vulnerability differs" not in answer.out
    assert fleet.ok(*BOTH, word, "--format", "json").json["analyzed"]["coverage"]["state"] == "unknown"


POLICIES = """
policies:
  - id: fixable-vulnerabilities
    config: {severities: [critical]}
"""


def verdicts(found: Any) -> dict[str, tuple[str | None, str | None, list[str], bool]]:
    return {
        each["policy"]: (
            each["analyzed"] and each["analyzed"]["state"],
            each["comparison"] and each["comparison"]["state"],
            each["causes"],
            each["worse"],
        )
        for each in found["policies"]["verdicts"]
    }


def test_policies_of_both_sides(fleet: Desk, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(POLICIES)
    chosen = ("--policy-file", tmp_path / "policies.yaml")
    found = fleet.ok(*BOTH, *chosen, "--format", "json").json
    assert verdicts(found) == {"fixable-vulnerabilities": ("fail", "pass", ["image-changed"], True)}
    assert found["policies"]["health"]["comparison"]["grade"] == "A"
    refused = fleet.call(*BOTH, *chosen, "-x", "policy")
    assert (refused.code, "fixable-vulnerabilities" in refused.err) == (2, True)
    back = ("compare", "--env", "production", "--to-env", "staging", "myorg/myapp", *chosen)
    assert fleet.call(*back, "--exit-on", "policy").code == 0
    text = fleet.ok(*BOTH, *chosen).out
    for words in ("## Policies", "Policies met", "image changed", "! fixable-vulnerabilities: CRITICAL CVE-2024-0001"):
        assert words in text, text
    assert "**Worse than the comparison: fixable" in fleet.ok(*BOTH, *chosen, "--format", "markdown").out
    assert "## Policies" not in fleet.ok(*BOTH, *chosen, "--hide-policies").out
    assert fleet.ok(*BOTH, *chosen, "--hide-policies", "--format", "json").json["policies"] is None
    # A gate does not depend on what is shown of it, nor of the findings.
    hidden = (*BOTH, *chosen, "--hide-policies", "--only-severity", "low", "-x", "policy")
    assert fleet.call(*hidden).code == 2


def test_a_policy_that_changed(fleet: Desk, tmp_path: Path) -> None:
    before = moment()
    (tmp_path / "policies.yaml").write_text(POLICIES)
    fleet.ok("policy", "apply", "-f", tmp_path / "policies.yaml", "--org", "myorg")
    words = ("compare", "--env", "staging", "--to-at", before, "myorg/myapp", "--format", "json")
    said = verdicts(fleet.ok(*words).json)
    # It asks for fewer severities now, but of those that it left out the image has none: the answer is the same.
    assert said["fixable-vulnerabilities"] == ("fail", "fail", [], False)
    others = [each for name, each in said.items() if name != "fixable-vulnerabilities"]
    assert others
    assert all(each[0] is None and each[2] == ["policy-changed"] and not each[3] for each in others)


def test_an_exception_that_changed(fleet: Desk) -> None:
    before = moment()
    fleet.ok(
        *("exception", "add", "CVE-2023-5363", "--kind", "accepted-risk", "--reason", "behind a proxy"),
        *("--owner", "alice", "--env", "production"),
    )
    words = ("compare", "--env", "production", "--to-at", before, "myorg/myapp")
    found = fleet.ok(*words, "--format", "json").json
    assert ids(found["fixed"]) == {"CVE-2023-5363": ["exception-changed"]}
    assert [each["vulnerability"] for each in found["suppressed"]["analyzed"]] == ["CVE-2023-5363"]
    assert found["suppressed"]["comparison"] == []
    text = fleet.ok(*words).out
    assert "- HIGH        CVE-2023-5363  libssl3 3.0.9-1  [suppressed on the other side]" in text
    assert "SUPPRESSED  HIGH        CVE-2023-5363  libssl3  [accepted-risk by alice]" in text
    hidden = fleet.ok(*words, "--ignore-suppressed").out
    assert "SUPPRESSED" not in hidden
    assert "[suppressed on the other side]" in hidden
    (service,) = fleet.ok(*words[:-1], "--format", "json").json["services"]
    assert [each["vulnerability"] for each in service["fixed"]] == ["CVE-2023-5363"]


def test_what_both_have_is_listed(fleet: Desk) -> None:
    found = fleet.ok(*BOTH, "--format", "json").json
    assert found["unchanged"] == [{"type": "deb", "name": "bash", "versions": ["5.2-1"]}]
    assert fleet.ok(*BOTH, "--format", "json", "--ignore-unchanged").json["unchanged"] == []


def test_a_whole_environment_at_two_moments(fleet: Desk, tmp_path: Path) -> None:
    before = moment()
    fleet.record("production", f"oci-dir://{tmp_path / 'v2'}", *APP)
    (found,) = fleet.ok("compare", "--env", "production", "--to-at", before, "--format", "json").json["services"]
    assert [each["vulnerability"] for each in found["introduced"]] == ["CVE-2024-0001"]
    assert found["analyzed_digests"] != found["comparison_digests"]
    assert found["counts"]["introduced"] == {
        "critical": 1, "high": 0, "medium": 0, "low": 0, "unspecified": 0, "total": 1
    }  # fmt: skip
    assert found["counts"]["kept"]["low"] == 1


def test_images_beside_one_another_are_one_service(fleet: Desk, tmp_path: Path) -> None:
    fleet.record("production", f"oci-dir://{tmp_path / 'v2'}", *APP, "--add")
    words = ("compare", "--env", "staging", "--to-env", "production")
    (found,) = fleet.ok(*words, "--format", "json").json["services"]
    assert len(found["comparison_digests"]) == 2
    assert (found["introduced"], [each["vulnerability"] for each in found["fixed"]]) == ([], ["CVE-2023-5363"])
    assert "several images run in production" in fleet.ok(*words, "myorg/myapp").err


def test_exceptions_of_where_an_image_is_to_go_count_for_it(fleet: Desk, tmp_path: Path) -> None:
    image = (
        "compare",
        f"oci-dir://{tmp_path / 'v2'}",
        "--to-env",
        "production",
        "--service",
        "myorg/myapp",
        "--org",
        "myorg",
    )
    assert fleet.call(*image, "-x", "vulnerability").code == 2
    fleet.ok(
        *("exception", "add", "CVE-2024-0001", "--kind", "accepted-risk", "--reason", "behind a proxy"),
        *("--owner", "alice", "--env", "production", "--org", "myorg"),
    )
    assert fleet.ok(*image, "-x", "vulnerability", "--format", "json").json["introduced"] == []
    assert fleet.call(*BOTH, "-x", "vulnerability").code == 2
