"""Whose policies count: applied, listed, shown, of any moment; on the command line; in a registry."""

import http.server
import json
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.databases import Deb
from envscout.images.artifacts import Part, push_artifact
from envscout.names.reference import parse
from envscout.verbs import bundle
from tests.servers.registry import Registry
from tests.stories.story import APP, HOLE, OPENSSL_3_0_9, OPENSSL_3_0_11, PROGRAM, Desk, debian, feed, layout, moment

STRICT = """
# What the whole organization agreed on.
extends: standard
policies:
  - id: copyleft-license
    enabled: false
environments:
  production:
    extends: organization
    policies:
      - id: fixable-vulnerabilities
        config: {severities: [critical, high, medium]}
      - id: old
        kind: maximum-image-age
        config: {days: 30}
  staging:
    policies: [{id: complete-coverage}]
"""


@pytest.fixture
def shop(desk: Desk, tmp_path: Path) -> Desk:
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    old, new = (tmp_path / name for name in ("old", "new"))
    desk.record("production", f"oci-dir://{layout(old, debian(OPENSSL_3_0_9))}", *APP)
    desk.record("staging", f"oci-dir://{layout(new, debian(OPENSSL_3_0_11, Deb('bash', '5.2-1')))}", *APP)
    (tmp_path / "strict.yaml").write_text(STRICT)
    return desk


def judged(desk: Desk, environment: str, *words: str | Path) -> Any:
    return desk.ok("policy", "myorg/myapp", "--env", environment, "--format", "json", *words).json


def test_an_environment_has_its_own_else_the_organization_s_else_the_standard_ones(shop: Desk, tmp_path: Path) -> None:
    before = judged(shop, "production")["in_force"]
    assert (before["source"], before["applied"]) == ("standard", None)
    answer = shop.ok("policy", "apply", "-f", tmp_path / "strict.yaml", "--format", "json").json["policy-apply"]
    assert [(each["organization"], each["environment"], each["changed"]) for each in answer["scopes"]] == [
        ("myorg", None, True), ("myorg", "production", True), ("myorg", "staging", True)]  # fmt: skip
    production = judged(shop, "production")
    assert production["in_force"]["source"] == "environment"
    assert production["in_force"]["applied"]["actor"] == shop.by("tester")
    assert [each["policy"] for each in production["policies"]][-1] == "old"
    assert "copyleft-license" not in [each["policy"] for each in production["policies"]]
    assert [each["policy"] for each in judged(shop, "staging")["policies"]] == ["complete-coverage"]
    alone = shop.ok("policy", f"oci-dir://{tmp_path / 'old'}", "--org", "myorg", "--format", "json").json
    assert alone["in_force"]["source"] == "organization"
    assert shop.ok("policy", f"oci-dir://{tmp_path / 'old'}", "--org", "other").out.count("the standard ones") == 1


def test_applying_says_what_changes_and_the_same_again_is_unchanged(shop: Desk, tmp_path: Path) -> None:
    dry = shop.ok("policy", "apply", "-f", tmp_path / "strict.yaml", "--dry-run")
    assert "- copyleft-license" in dry.out
    assert "severities: critical, high → critical, high, medium" in dry.out
    assert "nothing was applied; 3 scopes would be" in dry.out
    assert shop.ok("policy", "list").lines == []
    assert "applied to 3 scopes" in shop.ok("policy", "apply", "-f", tmp_path / "strict.yaml").out
    again = shop.ok("policy", "apply", "-f", tmp_path / "strict.yaml")
    assert again.out.count(": unchanged") == 3
    assert "nothing to apply" in again.out
    assert len(shop.ok("policy", "list", "--history", "--format", "json").json["policy-list"]) == 3
    # A comment is no change either; another parameter in one scope is one in that scope alone.
    (tmp_path / "strict.yaml").write_text(STRICT.replace("days: 30", "days: 31"))
    third = shop.ok("policy", "apply", "-f", tmp_path / "strict.yaml").out
    assert ("days: 30 → 31" in third, third.count(": unchanged"), "applied to 1 scope" in third) == (True, 2, True)


def test_what_was_in_force_is_answered_for_any_moment(shop: Desk, tmp_path: Path) -> None:
    first = moment()
    shop.ok("policy", "apply", "-f", tmp_path / "strict.yaml")
    second = moment()
    (tmp_path / "none.yaml").write_text("policies: []")
    shop.ok("policy", "apply", "-f", tmp_path / "none.yaml", "--env", "production")
    assert [len(judged(shop, "production", *at)["policies"]) for at in ((), ("--at", second), ("--at", first))] == [
        0, 7, 7]  # fmt: skip
    digests = [judged(shop, "production", "--at", at)["in_force"]["digest"] for at in (first, second)]
    assert len(set(digests)) == 2
    assert judged(shop, "production")["met"] is True
    rows = shop.ok("policy", "list", "--env", "production", "--history").lines
    assert len(rows) == 4
    assert shop.ok("policy", "list", "--at", first).lines == []


def test_what_is_shown_can_be_applied(shop: Desk, tmp_path: Path) -> None:
    shop.ok("policy", "apply", "-f", tmp_path / "strict.yaml")
    for form in ("yaml", "json"):
        shown = shop.ok("policy", "show", "--env", "production", "--format", form, "--org", "myorg").out
        (tmp_path / "shown").write_text(shown)
        target = f"copy-{form}"
        shop.ok("policy", "apply", "-f", tmp_path / "shown", "--env", target, "--org", "myorg")
        again = shop.ok("policy", "show", "--env", target, "--format", form, "--org", "myorg").out
        assert [line for line in again.splitlines() if line[0] != "#"] == [
            line for line in shown.splitlines() if line[0] != "#"]  # fmt: skip
    digest = shop.ok("policy", "list", "--format", "json").json["policy-list"][0]["digest"]
    named = {each["digest"]: each["file"] for each in shop.ok("policy", "list", "--format", "json").json["policy-list"]}
    strict = next(digest for digest, file in named.items() if file == "strict.yaml")
    assert shop.ok("policy", "show", strict).out == STRICT
    assert shop.ok("policy", "show", strict.removeprefix("sha256:")[:12]).out == STRICT
    assert shop.call("policy", "show", "ffffffffffff").code == 1
    assert "severities" in shop.ok("policy", "show", "fixable-vulnerabilities").out
    assert shop.call("policy", "show", "nonsense!").code == 64
    assert digest


def test_the_command_line_wins(shop: Desk, tmp_path: Path) -> None:
    shop.ok("policy", "apply", "-f", tmp_path / "strict.yaml")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.yaml").write_text("policies: [{id: default-non-root-user}]")
    (folder / "b.json").write_text('{"policies": [{"name": "fixable-vulnerabilities"}]}')
    (folder / "README.md").write_text("no policies")
    found = judged(shop, "production", "--policy-dir", folder)
    assert [each["policy"] for each in found["policies"]] == ["default-non-root-user", "fixable-vulnerabilities"]
    assert (found["in_force"]["source"], found["in_force"]["where"]) == ("directory", str(folder))
    config = judged(shop, "production", "--policy-config", folder / "b.json")
    assert (config["in_force"]["source"], len(config["policies"])) == ("config", 7)
    of_file = judged(shop, "production", "--policy-file", tmp_path / "strict.yaml")
    assert [each["policy"] for each in of_file["policies"]][-1] == "old"
    twice = shop.call(
        "policy", "myorg/myapp", "--env", "production", "--policy-dir", folder, "--policy-file", folder / "a.yaml"
    )
    assert (twice.code, "in another of the files" in twice.refusal) == (64, True)
    (folder / "c.rego").write_text("package docker.scout")
    rego = shop.call("policy", "myorg/myapp", "--env", "production", "--policy-dir", folder)
    assert (rego.code, "kind `cel`" in rego.refusal) == (64, True)
    empty = shop.call("policy", "myorg/myapp", "--env", "production", "--policy-dir", tmp_path / "old" / "blobs")
    assert (empty.code, "no policy files" in empty.refusal) == (64, True)


@pytest.mark.parametrize("place", ["http://169.254.169.254/latest", "http://10.0.0.1/x.json", "ftp://example.com/x"])
def test_an_address_cannot_lead_into_somebody_s_network(shop: Desk, place: str) -> None:
    answer = shop.call("policy", "myorg/myapp", "--env", "production", "--policy-config", place)
    assert answer.code == 64
    assert answer.refusal


BAD = [
    ("environments: {production: {policies: [{id: nonsense}]}}", "environments.production: there is no kind of"),
    ("environments: {production: {extends: everything}}", "choose `standard` or `organization`"),
    ("environments: {production: {polices: []}}", "keys: extends, policies"),
    ("environments: {'': {policies: []}}", "no name of an environment"),
    ("policies: [{id: fixable-vulnerabilities, wait: 5}]", "keys: name, id, kind, title, enabled, weight"),
    ("policies: []\npolicies: []", "line 1: 'policies' is there twice"),
    ("policies: [{id: copyleft-license}, {id: copyleft-license}]", "there twice"),
    ("policies: [{id: sonarqube-quality-gates}]", "is not to be had"),
    ("policies: [{id: a, kind: cel, config: {expression: 'finding.severty == 1'}}]", "there is no field 'severty'"),
    ("debug: true", "holds no policies"),
    ("policies: [{id: maximum-image-age, config: {days: -1}}]", "parameters of maximum-image-age: days"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_bad_file_changes_nothing_and_says_what_is_wrong(shop: Desk, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.yaml").write_text(f"{text}\n")
    answer = shop.call("policy", "apply", "-f", tmp_path / "bad.yaml")
    assert answer.code == 64
    assert said in answer.refusal, answer.err
    assert "bad.yaml" in answer.refusal
    assert shop.ok("policy", "list").lines == []


def test_older_names_are_understood(shop: Desk, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text("policies: [{name: No outdated base images}, {name: default-non-root-user}]")
    found = judged(shop, "production", "--policy-file", tmp_path / "old.yaml")
    assert [each["policy"] for each in found["policies"]] == ["no-stale-base-images", "default-non-root-user"]
    only = judged(shop, "production", "--only-policy", "Up-to-date base images")
    assert [each["policy"] for each in only["policies"]] == ["no-stale-base-images"]


def test_words_win_over_images(shop: Desk) -> None:
    assert shop.ok("policy", "list").lines == []
    assert shop.ok("policy", "--org", "myorg", "list").lines == []
    assert "no image" in shop.call("policy", "image://list", "--env", "production").err.lower() or shop.call(
        "policy", "image://list", "--env", "production").code == 1  # fmt: skip
    assert "Commands:" in shop.ok("policy", "--help").out
    assert "--dry-run" in shop.ok("policy", "apply", "--help").out
    assert shop.call("policy").code == 64


def test_two_who_apply_at_once_both_stand_in_the_history(shop: Desk, tmp_path: Path) -> None:
    running = []
    for number in range(6):
        file = tmp_path / f"{number}.yaml"
        file.write_text(f"policies: [{{id: maximum-image-age, config: {{days: {number + 1}}}}}]")
        argv: list[str | Path] = [PROGRAM, "policy", "apply", "-f", file, "--env", "production", "--org", "myorg"]
        running.append(subprocess.Popen(argv, env=shop.asking, stdout=subprocess.DEVNULL))
    assert [each.wait() for each in running] == [0] * 6
    history = shop.ok("policy", "list", "--history", "--format", "json").json["policy-list"]
    assert sorted(each["file"] for each in history) == [f"{number}.yaml" for number in range(6)]


def test_several_organizations_have_to_be_told_apart(shop: Desk, tmp_path: Path) -> None:
    shop.record("production", f"oci-dir://{tmp_path / 'old'}", "--service", "x", "--org", "second")
    answer = shop.call("policy", "apply", "-f", tmp_path / "strict.yaml")
    assert (answer.code, "myorg, second" in answer.refusal) == (64, True)
    shop.ok("policy", "apply", "-f", tmp_path / "strict.yaml", "--org", "second")
    assert judged(shop, "production", "--org", "myorg")["in_force"]["source"] == "standard"


def test_from_standard_input(shop: Desk) -> None:
    code = b"policies: [{id: complete-coverage}]"
    assert shop.spawn("policy", "apply", "-f", "-", "--env", "production", stdin=code).code == 0
    assert [each["policy"] for each in judged(shop, "production")["policies"]] == ["complete-coverage"]


@pytest.mark.server
def test_a_bundle_in_a_registry(shop: Desk, tmp_path: Path, registry: Registry) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "own.yaml").write_text("policies: [{id: complete-coverage}]")
    place = f"registry://{registry.host}/security/policies:v1"
    assert "nothing was sent" in shop.ok("policy", "publish", place, "--policy-dir", folder, "--dry-run").out
    done = shop.ok("policy", "publish", place, "--policy-dir", folder)
    assert "complete-coverage" in done.out
    digest = done.lines[-1].removeprefix("Digest: ")
    found = judged(shop, "production", "--policy-bundle", place)
    assert [each["policy"] for each in found["policies"]] == ["complete-coverage"]
    assert (found["in_force"]["source"], found["in_force"]["where"]) == ("bundle", place)
    # By its digest it is found without a registry, by its tag with a word of warning.
    pinned = f"registry://{registry.host}/security/policies@{digest}"
    registry_gone = place.replace(registry.host, "127.0.0.1:1")
    assert judged(shop, "production", "--policy-bundle", pinned)["policies"]
    assert shop.call("policy", "myorg/myapp", "--env", "production", "--policy-bundle", registry_gone).code == 1
    gone = f"registry://127.0.0.1:1/security/policies@{digest}"
    assert judged(shop, "production", "--policy-bundle", gone)["policies"]
    standard = shop.ok("policy", "publish", place.replace("v1", "v2"))
    assert "fixable-vulnerabilities" in standard.out
    (folder / "own.yaml").write_text("policies: [{id: nonsense}]")
    assert shop.call("policy", "publish", place, "--policy-dir", folder).code == 64


def test_docker_s_configuration_goes_into_force_as_it_is(shop: Desk, tmp_path: Path) -> None:
    document = {
        "debug": True,
        "policies": [{"name": "fixable-vulnerabilities", "config": {"severities": ["CRITICAL"]}}],
    }
    (tmp_path / "docker.json").write_text(json.dumps(document))
    shop.ok("policy", "apply", "-f", tmp_path / "docker.json", "--env", "production")
    assert [each["policy"] for each in judged(shop, "production")["policies"]] == ["fixable-vulnerabilities"]


def test_start_up_does_not_load_what_only_some_policies_need(shop: Desk) -> None:
    argv = [sys.executable, "-X", "importtime", "-m", "envscout", "policy", "myorg/myapp", "--env", "production"]
    done = subprocess.run(argv, env=shop.asking, capture_output=True, text=True, check=True)
    assert not {"yaml", "license_expression", "cel_expr_python"} & {
        line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}  # fmt: skip


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing of it."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_configuration_is_fetched_from_where_the_user_says(shop: Desk, tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "config.json").write_text('{"policies": [{"name": "copyleft-license", "enabled": false}]}')
    handler = partial(Silent, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/config.json"
        found = judged(shop, "production", "--policy-config", f"{place.replace('//', '//me:secret@')}?sig=secret")
        gone = shop.call("policy", "myorg/myapp", "--env", "production", "--policy-config", f"{place}.not")
        server.shutdown()
    assert (found["in_force"]["source"], len(found["policies"])) == ("config", 6)
    assert (gone.code, "404" in gone.refusal) == (64, True)
    # What proves who we are goes to that place, and into no answer.
    assert "secret" not in json.dumps(found)


def test_only_some_are_judged_while_all_are_in_force(shop: Desk) -> None:
    found = judged(shop, "production", "--only-policy", "default-non-root-user")
    assert (len(found["policies"]), len(found["in_force"]["policies"])) == (1, 7)
    assert found["in_force"]["digest"] == judged(shop, "production")["in_force"]["digest"]


@pytest.mark.server
def test_a_bundle_of_a_stranger(
    shop: Desk, tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may push chooses names and content: neither reaches the terminal as it is, and nothing is believed."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker"))
    place = f"registry://{registry.host}/security/evil"
    ask = ("policy", "myorg/myapp", "--env", "production", "--policy-bundle")
    title = {bundle.TITLE: "../../\x1b[31mevil.yaml"}
    for number, data in enumerate(
        (b'{"\\u001b[31m": 1}', b"policies: [{id: nonsense}]", b"\x00\xff", b"x" * (2 << 20))
    ):
        push_artifact(parse(f"{place}:v{number}"), bundle.TYPE, (Part("application/yaml", data, title),))
        answer = shop.call(*ask, f"{place}:v{number}")
        assert answer.code == 64, answer
        assert "\x1b" not in answer.refusal
    many = tuple(Part("application/yaml", f"policies: [] # {number}".encode()) for number in range(65))
    push_artifact(parse(f"{place}:many"), bundle.TYPE, many)
    assert shop.call(*ask, f"{place}:many").code == 1
    push_artifact(parse(f"{place}:other"), "application/vnd.example", (Part("application/yaml", b"policies: []"),))
    other = shop.call(*ask, f"{place}:other")
    assert (other.code, "application/vnd.example" in other.refusal) == (1, True)
    # A copy that was damaged is fetched again, or not used.
    push_artifact(parse(f"{place}:empty"), bundle.TYPE, (Part("application/yaml", b"policies: []"),))
    assert shop.call(*ask, f"{place}:empty").code == 64
    good = Part("application/yaml", b"policies: [{id: default-non-root-user}]")
    push_artifact(parse(f"{place}:good"), bundle.TYPE, (good,))
    assert len(judged(shop, "production", "--policy-bundle", f"{place}:good")["policies"]) == 1
    for copy in (shop.home).rglob("policy-bundles/*.json"):
        copy.write_bytes(b"{")
    assert len(judged(shop, "production", "--policy-bundle", f"{place}:good")["policies"]) == 1


def test_a_file_is_tried_on_an_image_as_it_would_be_in_force(shop: Desk, tmp_path: Path) -> None:
    """What it extends is what the organization has, not the standard policies."""
    (tmp_path / "all.yaml").write_text("policies: [{id: maximum-image-age, config: {days: 0}}]")
    shop.ok("policy", "apply", "-f", tmp_path / "all.yaml", "--org", "myorg")
    (tmp_path / "more.yaml").write_text("environments: {production: {extends: organization}}")
    words = ("myorg/myapp", "--env", "production", "--format", "json")
    tried = shop.ok("policy", "test", tmp_path / "more.yaml", *words).json
    given = shop.ok("policy", *words, "--policy-file", tmp_path / "more.yaml").json
    for found in (tried, given):
        assert [each["policy"] for each in found["policies"]] == ["maximum-image-age"]
