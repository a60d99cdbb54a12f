"""What is recorded is what is answered for: now, then, for one service and for all of them."""

from pathlib import Path

import pytest

from envscout.demo.databases import Deb
from envscout.demo.fleet import Fleet
from envscout.demo.layout import ImagePlan, IndexPlan, layer, write_layout
from tests.images.test_archive import save
from tests.stories.story import (
    APP,
    CRITICAL,
    HOLE,
    OPENSSL_3_0_9,
    OPENSSL_3_0_11,
    Desk,
    advisory,
    codes,
    debian,
    feed,
    layout,
    moment,
    names,
    rootfs,
)


def test_a_name_without_a_tag_asks_the_record(watched: Desk, old: str, new: str) -> None:
    watched.record("production", old, *APP)
    watched.record("staging", new, *APP)
    found = watched.cves("--env", "production", "myorg/myapp")
    assert names(found) == {"CVE-2023-5363"}
    assert found["images"][0]["service"] == "myorg/myapp"
    assert found["environment"] == "production"
    assert names(watched.cves("--env", "staging", "myorg/myapp")) == set()


def test_an_environment_alone_answers_for_every_service(advised: Desk, fleet: Fleet) -> None:
    for each in fleet.production:
        advised.record("production", f"oci-dir://{each.layout}", "--service", f"shop/{each.service}", "--org", "shop")
    found = advised.cves("--env", "production")
    assert [image["service"] for image in found["images"]] == ["shop/api", "shop/frontend", "shop/probe", "shop/worker"]
    assert {each["service"] for each in found["findings"]} == {"shop/api", "shop/frontend", "shop/worker"}
    assert found["coverage"]["state"] == "unknown"
    assert codes(found) == {"no-package-database"}
    text = advised.ok("cves", "--env", "production").out
    assert "4 images in production" in text
    assert "It is unknown whether there are vulnerabilities" in text


def test_recording_again_takes_the_place_of_what_ran(watched: Desk, old: str, new: str) -> None:
    watched.record("production", old, *APP)
    answer = watched.ok("environment", "production", new, *APP)
    assert "no longer runs in production" in answer.err
    assert len(watched.ok("environment", "production").lines) == 1
    assert names(watched.cves("--env", "production", "myorg/myapp")) == set()
    history = watched.ok("environment", "history", "production", "--format", "json").json["events"]
    assert [each["action"] for each in history] == ["record", "record"]


def test_recording_the_same_again_changes_nothing_but_the_history(watched: Desk, old: str) -> None:
    first = watched.record("production", old, *APP)
    watched.record("production", old, *APP)
    (running,) = watched.ok("environment", "production", "--format", "json").json["deployments"]
    assert running["since"] == first["at"]
    assert len(watched.ok("environment", "history", "production", "--format", "json").json["events"]) == 2


def test_a_canary_runs_beside_and_both_are_shown(watched: Desk, old: str, new: str) -> None:
    watched.record("production", old, *APP)
    watched.record("production", new, *APP, "--add")
    found = watched.cves("--env", "production", "myorg/myapp")
    assert len(found["images"]) == 2
    assert sorted(image["summary"]["high"] for image in found["images"]) == [0, 1]
    assert len(watched.ok("environment", "production").lines) == 2
    watched.record("production", new, *APP)
    assert len(watched.ok("environment", "production").lines) == 1


def test_the_past_is_answered_as_it_was(watched: Desk, old: str, new: str) -> None:
    before = moment()
    watched.record("production", old, *APP)
    between = moment()
    watched.record("production", new, *APP)
    assert names(watched.cves("--env", "production", "--at", between, "myorg/myapp")) == {"CVE-2023-5363"}
    (line,) = watched.ok("environment", "production", "--at", between).lines
    assert line.partition("@")[0] == old.removeprefix("oci-dir://")
    assert watched.ok("environment", "--at", before).lines == []
    assert watched.call("cves", "--env", "production", "--at", before, "myorg/myapp").code == 1
    assert watched.call("cves", "--env", "production", "--at", "2999-01-01", "myorg/myapp").code == 64


def test_a_moment_copied_from_the_history_includes_its_event(watched: Desk, old: str) -> None:
    at = watched.record("production", old, *APP)["at"]
    assert len(watched.ok("environment", "production", "--at", at).lines) == 1


def test_the_past_knows_only_what_was_known_then(desk: Desk, tmp_path: Path, old: str) -> None:
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", advisory("CVE-2020-0001", "Debian:sid", "bash", "9")))
    desk.record("production", old, *APP)
    ignorant = moment()
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    past = ("--env", "production", "--at", ignorant, "myorg/myapp")
    assert names(desk.cves(*past)) == set()
    assert names(desk.cves(*past, "--known-at", "now")) == {"CVE-2023-5363"}
    assert names(desk.cves("--env", "production", "myorg/myapp")) == {"CVE-2023-5363"}


def test_a_withdrawn_advisory_leaves_and_the_past_keeps_it(watched: Desk, tmp_path: Path, old: str) -> None:
    watched.record("production", old, *APP)
    alarmed = moment()
    watched.ok("db", "update", "--from", feed(tmp_path / "feed", {**HOLE, "withdrawn": "2026-02-01T00:00:00Z"}))
    assert names(watched.cves("--env", "production", "myorg/myapp")) == set()
    assert names(watched.cves("--env", "production", "--at", alarmed, "myorg/myapp")) == {"CVE-2023-5363"}


def test_a_new_advisory_needs_no_image(watched: Desk, tmp_path: Path) -> None:
    image = rootfs(tmp_path / "gone", debian(Deb("bash", "5.2-1")))
    watched.record("production", f"fs://{image}", *APP)
    (image / "var/lib/dpkg/status").unlink()
    fresh = advisory("CVE-2026-0001", "Debian:sid", "bash", "5.3-1", CRITICAL)
    watched.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, fresh))
    assert names(watched.cves("--env", "production", "myorg/myapp")) == {"CVE-2026-0001"}


def test_removing_a_service_keeps_its_history(watched: Desk, old: str, new: str) -> None:
    watched.record("production", old, *APP)
    watched.record("production", new, *APP, "--add")
    ran = moment()
    watched.ok("environment", "remove", "production", "myorg/myapp")
    assert watched.ok("environment", "production").lines == []
    assert len(watched.ok("environment", "production", "--at", ran).lines) == 2
    answer = watched.call("cves", "--env", "production", "myorg/myapp")
    assert (answer.code, "does not run" in answer.refusal) == (1, True)
    assert watched.call("environment", "remove", "production", "myorg/myapp").code == 1
    assert "remove" in watched.ok("environment", "history", "production", "myorg/myapp").out


def test_removing_one_image_of_several(watched: Desk, old: str, new: str) -> None:
    first = watched.record("production", old, *APP)
    second = watched.record("production", new, *APP, "--add")
    watched.ok("environment", "remove", "production", f"myorg/myapp@{first['digest']}")
    (line,) = watched.ok("environment", "production").lines
    assert line.endswith(second["digest"])


def test_removing_nothing_by_mistake(watched: Desk, old: str) -> None:
    watched.record("production", old, *APP)
    for name in ("", " ", "myorg/other", "myorg/myapp:v9", f"myorg/myapp@sha256:{'0' * 64}"):
        assert watched.call("environment", "remove", "production", name).code in (1, 64)
    assert len(watched.ok("environment", "production").lines) == 1


def test_removing_asks_which_organization(watched: Desk, old: str) -> None:
    for org in ("one", "two"):
        watched.record("production", old, "--service", "app", "--org", org)
    answer = watched.call("environment", "remove", "production", "app")
    assert answer.code == 64
    assert "one, two" in answer.refusal
    watched.ok("environment", "remove", "production", "app", "--org", "one")
    (left,) = watched.ok("environment", "production", "--format", "json").json["deployments"]
    assert left["organization"] == "two"


def test_each_platform_is_a_slot_of_its_own(watched: Desk, tmp_path: Path) -> None:
    plans = (
        ImagePlan((layer(debian(OPENSSL_3_0_9), "ADD . /"),)),
        ImagePlan((layer(debian(OPENSSL_3_0_11), "ADD . /"),), platform="linux/arm64/v8"),
    )
    write_layout(tmp_path / "both", {"v1": IndexPlan(plans)})
    image = f"oci-dir://{tmp_path / 'both'}"
    watched.record("production", image, *APP, "--platform", "linux/amd64")
    watched.record("production", image, *APP, "--platform", "linux/aarch64")
    running = watched.ok("environment", "production", "--format", "json").json["deployments"]
    assert [each["platform"] for each in running] == ["linux/amd64", "linux/arm64"]
    assert len({each["digest"] for each in running}) == 2
    assert names(watched.cves("--env", "production", "myorg/myapp")) == {"CVE-2023-5363"}
    assert names(watched.cves("--env", "production", "--platform", "linux/arm64", "myorg/myapp")) == set()
    assert len(watched.ok("environment", "production", "--platform", "linux/amd64").lines) == 1
    watched.ok("environment", "remove", "production", "myorg/myapp", "--platform", "linux/amd64")
    (left,) = watched.ok("environment", "production", "--format", "json").json["deployments"]
    assert left["platform"] == "linux/arm64"
    assert watched.call("environment", "production", image, *APP, "--platform", "linux").code == 64


def test_a_tag_or_digest_with_an_environment_is_held_against_the_record(watched: Desk, old: str) -> None:
    digest = watched.record("production", old, *APP)["digest"]
    assert len(watched.cves("--env", "production", f"myorg/myapp@{digest}")["images"]) == 1
    for other in ("myorg/myapp:v9", f"myorg/myapp@sha256:{'0' * 64}"):
        assert watched.call("cves", "--env", "production", other).code == 1


def test_places_without_a_repository_need_a_service(watched: Desk, tmp_path: Path) -> None:
    folder = rootfs(tmp_path / "root", debian(OPENSSL_3_0_9))
    answer = watched.call("environment", "staging", f"fs://{folder}")
    assert answer.code == 64
    assert "--service" in answer.refusal
    assert watched.call("environment").out == ""


def test_every_kind_of_place_gives_the_same_answer(watched: Desk, tmp_path: Path) -> None:
    folder = rootfs(tmp_path / "root", debian(OPENSSL_3_0_9))
    sbom = tmp_path / "sbom.json"
    watched.ok("sbom", f"fs://{folder}", "-o", sbom)
    image = layout(tmp_path / "layout", debian(OPENSSL_3_0_9))
    for number, place in enumerate((f"fs://{folder}", f"sbom://{sbom}", f"oci-dir://{image}", f"oci-dir://{image}:v1")):
        service = f"service{number}"
        watched.record("staging", place, "--service", service)
        found = watched.cves("--env", "staging", service)
        assert names(found) == {"CVE-2023-5363"}, place
        assert found["coverage"] == {"state": "complete", "reasons": []}
        assert found["findings"][0]["package"]["purl"].startswith("pkg:deb/debian/libssl3@3.0.9-1")


def test_an_archive_of_one_image_or_of_several(watched: Desk, tmp_path: Path) -> None:
    old, new = (ImagePlan((layer(debian(each), "ADD . /"),)) for each in (OPENSSL_3_0_9, OPENSSL_3_0_11))
    save(tmp_path / "one.tar", {"myorg/myapp:v1": old})
    save(tmp_path / "two.tar", {"myorg/myapp:v1": old, "myorg/myapp:v2": new})
    watched.record("staging", f"archive://{tmp_path / 'one.tar'}", "--service", "one")
    assert names(watched.cves("--env", "staging", "one")) == {"CVE-2023-5363"}
    assert (
        "--ref" in watched.call("environment", "staging", f"archive://{tmp_path / 'two.tar'}", "--service", "a").refusal
    )
    for tag, found in (("v1", {"CVE-2023-5363"}), ("v2", set())):
        watched.record("staging", f"archive://{tmp_path / 'two.tar'}", "--service", tag, "--ref", f"myorg/myapp:{tag}")
        assert names(watched.cves("--env", "staging", tag)) == found
    assert watched.call("cves", f"archive://{tmp_path / 'two.tar'}", "--ref", "myorg/myapp:v9").code == 1


@pytest.mark.parametrize("service", ["localhost:5000/tool", "hub.example.com/team/tool", "tool", "team/tool"])
def test_a_service_is_found_by_the_name_it_was_given(watched: Desk, old: str, new: str, service: str) -> None:
    watched.record("production", old, "--service", service, "--org", "myorg")
    watched.record("production", new, "--service", "other", "--org", "myorg")
    assert names(watched.cves("--env", "production", "--service", service)) == {"CVE-2023-5363"}
    assert watched.ok("environment", "remove", "production", service).code == 0
    assert len(watched.ok("environment", "production").lines) == 1


def test_a_service_without_an_organization_belongs_to_library(watched: Desk, old: str) -> None:
    assert watched.record("staging", old, "--service", "app")["organization"] == "library"
    watched.ok("config", "organization", "acme")
    assert watched.record("staging", old, "--service", "app")["organization"] == "acme"
    assert watched.record("staging", old, "--service", "app", "--org", "other")["organization"] == "other"
    assert [each["organization"] for each in watched.ok("env", "staging", "--format", "json").json["deployments"]] == [
        "acme"
    ]
    assert watched.ok("environment", "staging", "--org", "library", "--format", "json").json["deployments"]
    nobody = watched.call("environment", "staging", "--org", "nobody")
    assert (nobody.code, "in organization nobody" in nobody.refusal) == (1, True)


def test_the_variable_wins_over_the_configured_organization(watched: Desk, old: str) -> None:
    watched.ok("config", "organization", "acme")
    assert watched.record("staging", old, "--service", "a", ENVSCOUT_ORGANIZATION="env")["organization"] == "env"


def test_what_cannot_be_reached_is_recorded_as_unknown_and_only_if_asked(watched: Desk) -> None:
    image = "127.0.0.1:1/myorg/myapp:v1"
    answer = watched.call("environment", "staging", image)
    assert answer.code == 1
    assert answer.refusal
    assert watched.ok("environment").lines == []
    watched.ok("environment", "staging", image, "--no-index")
    found = watched.cves("--env", "staging", "myorg/myapp")
    assert found["coverage"]["state"] == "unknown"
    assert codes(found) == {"not-indexed"}
    assert found["summary"]["total"] == 0
    assert "unknown" in watched.ok("cves", "--env", "staging", "myorg/myapp").out
    assert watched.call("cves", "--env", "staging", "--exit-code", "myorg/myapp").code == 2


def test_recording_without_looking_keeps_what_is_known_of_the_digest(watched: Desk, old: str) -> None:
    watched.record("production", old, *APP)
    watched.record("staging", old, *APP, "--no-index")
    assert names(watched.cves("--env", "staging", "myorg/myapp")) == {"CVE-2023-5363"}


CI: tuple[tuple[dict[str, str], tuple[str, ...]], ...] = (
    (
        {
            "GITHUB_ACTIONS": "true", "GITHUB_SHA": "abc123", "GITHUB_ACTOR": "octo", "GITHUB_RUN_ID": "7",
            "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "myorg/myapp",
        },
        ("ci", "abc123", "https://github.com/myorg/myapp/actions/runs/7", "octo"),
    ),
    (
        {"GITLAB_CI": "true", "CI_COMMIT_SHA": "def", "CI_JOB_URL": "https://gl.example/1", "GITLAB_USER_LOGIN": "g"},
        ("ci", "def", "https://gl.example/1", "g"),
    ),
    ({"CI": "true"}, ("ci", "", "", "")),
    ({}, ("cli", "", "", "tester")),
)  # fmt: skip


@pytest.mark.parametrize(("variables", "said"), CI)
def test_the_ci_system_says_who_deployed_what(
    watched: Desk, old: str, variables: dict[str, str], said: tuple[str, ...]
) -> None:
    said = (*said[:-1], watched.by(said[-1]))
    event = watched.record("staging", old, *APP, **variables)
    assert tuple(event[name] for name in ("source", "commit", "run_url", "actor")) == said
    (running,) = watched.ok("environment", "staging", "--format", "json").json["deployments"]
    assert tuple(running[name] for name in ("source", "commit", "run_url", "actor")) == said


def test_a_person_may_say_it_too(watched: Desk, old: str) -> None:
    said = ("--commit", "0123456789abcdef", "--run-url", "https://ci.example/9", "--actor", "someone")
    watched.record("staging", old, *APP, *said, **CI[0][0])
    text = watched.ok("environment", "history", "staging").out
    assert "0123456789ab" in text
    assert "https://ci.example/9" in text
    assert "someone" in text


def test_seeds_of_organizations_are_accepted(desk: Desk) -> None:
    assert "Enrolled myorg/myapp" in desk.ok("enroll", "myorg/myapp").err
    assert "Already enrolled" in desk.ok("enroll", "myorg/myapp").err
    assert desk.ok("enroll", "myorg").code == 0
    assert desk.call("enroll").code == 64
