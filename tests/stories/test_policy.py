"""May this image go out? Policies beside an environment, files, gates."""

import json
from pathlib import Path

import pytest

from envscout.demo.databases import Deb
from tests.stories.story import APP, CRITICAL, HOLE, OPENSSL_3_0_9, OPENSSL_3_0_11, Desk, advisory, debian, feed, layout
from tests.stories.test_attached import built

CURL = advisory("CVE-2024-0001", "Debian:sid", "curl", "8.0-1", CRITICAL)
FIXABLE = ("--only-policy", "fixable-vulnerabilities")


@pytest.fixture
def fleet(desk: Desk, tmp_path: Path) -> Desk:
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, CURL))
    desk.record("production", f"oci-dir://{layout(tmp_path / 'v1', debian(OPENSSL_3_0_9))}", *APP)
    layout(tmp_path / "same", debian(OPENSSL_3_0_9, Deb("bash", "5.2-1")))
    layout(tmp_path / "worse", debian(OPENSSL_3_0_11, Deb("curl", "7.0-1")))
    layout(tmp_path / "good", debian(OPENSSL_3_0_11))
    return desk


@pytest.mark.parametrize(("image", "code"), [("good", 0), ("same", 2), ("worse", 2), ("v1", 2)])
def test_a_gate(fleet: Desk, tmp_path: Path, image: str, code: int) -> None:
    words = ("policy", f"oci-dir://{tmp_path / image}", "--env", "production", "--service", "myorg/myapp", *FIXABLE)
    assert fleet.call(*words).code == 0
    assert fleet.call(*words, "--exit-code").code == code


def test_what_runs_there_is_no_news(fleet: Desk, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text("policies: [{id: no-new-vulnerabilities}]")
    words = ("--policy-file", file, "--env", "production", "--service", "myorg/myapp", "-e")
    assert fleet.call("policy", f"oci-dir://{tmp_path / 'same'}", *words).code == 0
    worse = fleet.call("policy", f"oci-dir://{tmp_path / 'worse'}", *words)
    assert (worse.code, "CVE-2024-0001" in worse.out, "CVE-2023-5363" in worse.out) == (2, True, False)
    first = fleet.call("policy", f"oci-dir://{tmp_path / 'same'}", "--policy-file", file, "--env", "nowhere", "-e",
                       "--service", "myorg/myapp")  # fmt: skip
    assert (first.code, "runs in nowhere yet" in first.err) == (2, True)


def test_a_repository_without_a_tag_is_what_runs(fleet: Desk) -> None:
    found = fleet.ok("policy", "myorg/myapp", "--env", "production", "--format", "json").json
    assert found["schema"] == "envscout/policy/1"
    assert (found["environment"], found["met"]) == ("production", False)
    states = {each["policy"]: each["state"] for each in found["policies"]}
    assert states["fixable-vulnerabilities"] == "fail"
    # The feed of this story has no catalog of exploited vulnerabilities.
    assert states["high-profile-vulnerabilities"] == "unknown"
    assert fleet.call("policy", "myorg/other", "--env", "production").code == 1


def test_the_words_of_an_answer(fleet: Desk, tmp_path: Path) -> None:
    answer = fleet.call("policy", "myorg/myapp", "--env", "production", "--exit-code")
    assert answer.code == 2
    for words in (
        "Policy status  FAILED  (2/7 policies met, 3 missing data)",
        "Health score   E (22%)",
        "HIGH CVE-2023-5363 in libssl3 3.0.9-1 → update libssl3 to 3.0.11-1",
        "it runs as root: no USER is set",
    ):
        assert words in answer.out, answer.out
    assert "not met, or not known to be: fixable-vulnerabilities" in answer.err
    markdown = fleet.ok("policy", "myorg/myapp", "--env", "production", "--format", "markdown").out
    assert "**FAILED" in markdown
    place = tmp_path / "result.json"
    fleet.ok("policy", "myorg/myapp", "--env", "production", "--result-file", place)
    assert json.loads(place.read_text())["health"]["grade"] == "E"


def test_docker_s_own_configuration(fleet: Desk, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(
        json.dumps({"policies": [{"name": "fixable-vulnerabilities", "config": {"severities": ["CRITICAL"]}}]})
    )
    words = ("policy", "myorg/myapp", "--env", "production", *FIXABLE, "-e")
    assert fleet.call(*words, "--policy-config", file).code == 0
    assert fleet.call(*words).code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--policy-config", "/nowhere.json"),
        ("--only-policy", "nonsense"),
        ("--policy-config", "a", "--policy-file", "b"),
        ("--env", ""),
    ],
)
def test_wrong_usage_says_what_is_right(fleet: Desk, words: tuple[str, ...]) -> None:
    answer = fleet.call("policy", "myorg/myapp", "--env", "production", *words)
    assert answer.code == 64
    assert answer.refusal


def test_what_is_attached_is_looked_for(desk: Desk, tmp_path: Path) -> None:
    only = ("--only-policy", "supply-chain-attestations", "--format", "json")
    (bare,) = desk.ok("policy", f"oci-dir://{layout(tmp_path / 'bare', debian(OPENSSL_3_0_9))}", *only).json["policies"]
    assert [each["message"] for each in bare["violations"]] == ["no sbom is attached", "no provenance is attached"]
    image = f"oci-dir://{built(tmp_path / 'image', 'pkg:cargo/linked@1.0.0')}:v1"
    (with_sbom,) = desk.ok("policy", image, *only).json["policies"]
    assert [each["message"] for each in with_sbom["violations"]] == ["no provenance is attached"]


def test_an_image_that_nobody_looked_into_does_not_pass(fleet: Desk, tmp_path: Path) -> None:
    fleet.record(
        "production", f"oci-dir://{tmp_path / 'good'}", "--no-index", "--service", "myorg/unread", "--org", "myorg"
    )
    answer = fleet.call("policy", "myorg/unread", "--env", "production", *FIXABLE, "-e")
    assert (answer.code, "not-indexed" in answer.out) == (2, True)


def test_what_was_attached_is_known_without_the_place_it_came_from(desk: Desk, tmp_path: Path) -> None:
    only = ("--only-policy", "supply-chain-attestations", "--format", "json")
    folder = built(tmp_path / "image", "pkg:cargo/linked@1.0.0")
    record = desk.record("production", f"oci-dir://{folder}:v1", "--service", "app", "--sbom-source", "both")
    assert record["service"] == "app"
    (seen,) = desk.ok("policy", "app", "--env", "production", *only).json["policies"]
    assert [each["message"] for each in seen["violations"]] == ["no provenance is attached"]
    plain = layout(tmp_path / "plain", debian(OPENSSL_3_0_9))
    desk.record("production", f"oci-dir://{plain}", "--service", "plain")
    (unseen,) = desk.ok("policy", "plain", "--env", "production", *only).json["policies"]
    assert unseen["state"] == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "debug: true",
        "policies: []",
        "policies: [{id: fixable-vulnerabilities, enabled: false}]",
        "environments: {prodution: {policies: [{id: fixable-vulnerabilities}]}}",
    ],
)
def test_a_file_that_asks_for_nothing_is_no_gate(fleet: Desk, tmp_path: Path, text: str) -> None:
    file = tmp_path / "nothing.yaml"
    file.write_text(text)
    answer = fleet.call("policy", "myorg/myapp", "--env", "production", "--policy-file", file, "-e")
    assert (answer.code, "asks for no policy for environment production" in answer.refusal) == (64, True)


def test_that_nothing_is_in_force_is_told_at_the_gate(fleet: Desk, tmp_path: Path) -> None:
    file = tmp_path / "nothing.yaml"
    file.write_text("policies: []")
    fleet.ok("policy", "apply", "-f", file, "--env", "production", "--org", "myorg")
    assert "no policy is in force" in fleet.ok("policy", "myorg/myapp", "--env", "production", "-e").err


@pytest.mark.parametrize("organization", [(), ("--org", "myorg")])
def test_an_image_is_judged_by_the_policies_of_where_it_goes(
    fleet: Desk, tmp_path: Path, organization: tuple[str, ...]
) -> None:
    """An image on disk names no organization; those of the environment decide, and so do its exceptions."""
    file = tmp_path / "strict.yaml"
    file.write_text("policies: [{id: fixable-vulnerabilities, config: {severities: [low, medium, high, critical]}}]")
    fleet.ok("policy", "apply", "-f", file, "--env", "production", "--org", "myorg")
    for kind in ("policy", "compare"):
        gate = ("--env", "production", "-e") if kind == "policy" else ("--to-env", "production")
        words = (kind, f"oci-dir://{tmp_path / 'same'}", *gate, "--service", "myorg/myapp", *organization)
        found = fleet.call(*words, "--format", "json").json
        said = found["policies"] if kind == "policy" else found["policies"]["verdicts"]
        assert [each["policy"] for each in said] == ["fixable-vulnerabilities"]
    fleet.ok("exception", "add", "CVE-2023-5363", "--kind", "accepted-risk", "--reason", "known", "--owner", "me",
             "--env", "production", "--org", "myorg")  # fmt: skip
    assert fleet.call("compare", f"oci-dir://{tmp_path / 'same'}", "--to-env", "production", "--service", "myorg/myapp",
                      *organization, "--exit-on", "vulnerability").code == 0  # fmt: skip
    asked = ("policy", f"oci-dir://{tmp_path / 'same'}", "--env", "production", "--service", "myorg/myapp", "-e")
    assert fleet.call(*asked, *organization).code == 0


def test_of_several_organizations_one_has_to_be_meant(fleet: Desk, tmp_path: Path) -> None:
    image = f"oci-dir://{tmp_path / 'good'}"
    fleet.record("production", image, "--service", "other/app", "--org", "other")
    answer = fleet.call("policy", image, "--env", "production", "-e", *FIXABLE)
    assert (answer.code, "several organizations" in answer.refusal) == (64, True)
    assert fleet.call("policy", image, "--env", "production", "-e", *FIXABLE, "--service", "other/app").code == 0


def test_a_mistyped_environment_is_no_gate(fleet: Desk, tmp_path: Path) -> None:
    words = ("policy", f"oci-dir://{tmp_path / 'good'}", "--env", "prodution", "--service", "myorg/myapp", *FIXABLE)
    assert fleet.call(*words).code == 0
    answer = fleet.call(*words, "--exit-code")
    assert (answer.code, "nobody knows environment prodution" in answer.err) == (2, True)
    (tmp_path / "first.yaml").write_text("policies: [{id: fixable-vulnerabilities}]")
    fleet.ok("policy", "apply", "-f", tmp_path / "first.yaml", "--env", "prodution", "--org", "myorg")
    assert fleet.call(*words, "--exit-code").code == 0


def test_policies_on_stdin_judge_every_image(fleet: Desk, tmp_path: Path) -> None:
    fleet.ok("environment", "production", f"oci-dir://{tmp_path / 'worse'}", "--add", *APP)
    policies = b"policies: [{id: fixable-vulnerabilities, config: {severities: [critical]}}]"
    gate = ("policy", "myorg/myapp", "--env", "production", "--policy-file", "-", "-e")
    assert fleet.spawn(*gate, stdin=policies).code == 2
    words = ("compare", f"oci-dir://{tmp_path / 'worse'}", "--to", f"oci-dir://{tmp_path / 'good'}")
    answer = fleet.spawn(*words, "--policy-file", "-", "-x", "policy", "--format", "json", stdin=policies)
    (said,) = answer.json["policies"]["verdicts"]
    assert (answer.code, said["analyzed"]["state"], said["comparison"]["state"]) == (2, "fail", "pass")
