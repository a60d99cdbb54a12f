"""What is recorded is what is answered for: now, then, for one service and for all of them."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from envscout.demo.databases import Apk, Deb, Wheel
from envscout.demo.fleet import Fleet, Release
from envscout.demo.layout import ImagePlan, IndexPlan, layer, write_layout
from tests.images.test_archive import save
from tests.stories.story import CRITICAL, HIGH, LOW, Desk, advisory, alpine, codes, debian, feed, layout, names, rootfs

OPENSSL_3_0_9 = Deb("libssl3", "3.0.9-1", "openssl")
OPENSSL_3_0_11 = Deb("libssl3", "3.0.11-1", "openssl")
HOLE = advisory("CVE-2023-5363", "Debian:sid", "openssl", "3.0.11-1", HIGH)

Find = Callable[[str], Release]


def moment() -> str:
    return datetime.now(UTC).isoformat()


@pytest.fixture
def old(tmp_path: Path) -> str:
    return f"oci-dir://{layout(tmp_path / 'old', debian(OPENSSL_3_0_9))}"


@pytest.fixture
def new(tmp_path: Path) -> str:
    return f"oci-dir://{layout(tmp_path / 'new', debian(OPENSSL_3_0_11))}"


@pytest.fixture
def watched(desk: Desk, tmp_path: Path) -> Desk:
    """Return a desk that knows one hole in Debian's openssl."""
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    return desk


APP = ("--service", "myorg/myapp", "--org", "myorg")


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


def test_where_finds_by_every_name(advised: Desk, fleet: Fleet) -> None:
    for each in fleet.production:
        advised.record("production", f"oci-dir://{each.layout}", "--service", f"shop/{each.service}", "--org", "shop")
    by_cve = advised.ok("where", "CVE-2023-4863", "--format", "json").json
    assert {spot["service"] for spot in by_cve["places"]} == {"shop/api", "shop/frontend", "shop/worker"}
    assert {spot["type"] for spot in by_cve["places"]} == {"deb", "npm", "pypi"}
    assert all(spot["fixed_version"] for spot in by_cve["places"])
    by_alias = advised.ok("where", "ghsa-54xq-cgqr-rpm3", "--format", "json").json
    assert {spot["name"] for spot in by_alias["places"]} >= {"sharp"}
    for query in ("pkg:npm/lodash@4.17.20", "lodash", "lodash@4.17.20", "pkg:npm/lodash"):
        (spot,) = advised.ok("where", query, "--format", "json").json["places"]
        assert (spot["service"], spot["version"]) == ("shop/frontend", "4.17.20"), query
    assert "libssl3" in advised.ok("where", "openssl").out
    assert advised.ok("where", "lodash@4.17.21", "--format", "json").json["places"] == []


def test_where_answers_for_the_past(watched: Desk, old: str, new: str) -> None:
    watched.record("production", old, *APP)
    between = moment()
    watched.record("production", new, *APP)
    assert watched.ok("where", "CVE-2023-5363", "--format", "json").json["places"] == []
    (spot,) = watched.ok("where", "CVE-2023-5363", "--at", between, "--format", "json").json["places"]
    assert (spot["service"], spot["version"]) == ("myorg/myapp", "3.0.9-1")
    (spot,) = watched.ok("where", "openssl@3.0.9-1", "--at", between, "--format", "json").json["places"]
    assert spot["name"] == "libssl3"


def test_where_does_not_call_nowhere_what_it_cannot_see(watched: Desk, tmp_path: Path) -> None:
    unheard = watched.ok("where", "CVE-2026-9999", "--format", "json").json
    assert (unheard["places"], unheard["coverage"]["state"], codes(unheard)) == (
        [],
        "unknown",
        {"unknown-vulnerability"},
    )
    watched.record("staging", f"fs://{rootfs(tmp_path / 'b', {'bin/busybox': b''})}", "--service", "probe")
    found = watched.ok("where", "CVE-2023-5363", "--format", "json").json
    assert found["coverage"]["state"] == "unknown"
    assert "no-package-database" in codes(found)
    assert watched.call("where", "").code == 64


def test_an_organization_sees_its_own(watched: Desk, old: str) -> None:
    for org in ("one", "two"):
        watched.record("production", old, "--service", "app", "--org", org)
    found = watched.ok("where", "CVE-2023-5363", "--org", "one", "--format", "json").json
    assert [spot["organization"] for spot in found["places"]] == ["one"]
    assert len(watched.cves("--env", "production")["images"]) == 2
    assert len(watched.cves("--env", "production", "--org", "two")["images"]) == 1
    assert "one/production" in watched.ok("where", "CVE-2023-5363").out


def test_cache_shows_and_frees_only_what_no_record_names(watched: Desk, old: str, new: str) -> None:
    watched.record("production", old, *APP)
    watched.ok("environment", "remove", "production", "myorg/myapp")
    watched.ok("cves", new)
    shown = watched.ok("cache", "df", "--format", "json").json["cache"]
    assert len(shown["unused"]) == 1
    assert "1 cached inventories" in watched.ok("cache", "df").out
    asked = watched.spawn("cache", "prune", stdin=b"n\n")
    assert (asked.code, "Nothing was forgotten" in asked.err) == (0, True)
    assert len(watched.ok("cache", "df", "--format", "json").json["cache"]["unused"]) == 1
    assert "Forgot 1 inventories" in watched.ok("cache", "prune", "--force").err
    assert watched.ok("cache", "df", "--format", "json").json["cache"]["unused"] == []
    assert "already known" in watched.ok("cves", old).err
    assert "Indexed 1 packages" in watched.ok("cves", new).err


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
    assert varied.call("cves", "--env", "production", "-e", "--only-cve-id", "CVE-1999-1", "myorg/myapp").code == 0


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
        "EPSS Percentile : 99%",
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


def test_seeds_of_organizations_are_accepted(desk: Desk) -> None:
    assert "Enrolled myorg/myapp" in desk.ok("enroll", "myorg/myapp").err
    assert "Already enrolled" in desk.ok("enroll", "myorg/myapp").err
    assert desk.ok("enroll", "myorg").code == 0
    assert desk.call("enroll").code == 64
