"""Repositories: which are known, which are looked into unasked; and the registries to be watched."""

from pathlib import Path

import pytest

from envscout.store import Database, repositories
from tests.servers.registry import Registry
from tests.stories.docker_client import Find
from tests.stories.story import APP, Desk, debian, layout


def listed(desk: Desk, *flags: str) -> list[str]:
    """Return the names that `repo list` shows."""
    return [each["name"] for each in desk.ok("repo", "list", "--format", "json", *flags).json["repositories"]]


@pytest.fixture
def known(desk: Desk, registry: Registry, release: Find) -> Desk:
    """Return a desk that has recorded one repository of a registry, looked into another, and enrolled a third."""
    for name in ("myorg/first", "other/second"):
        registry.push(release("worker:1.0.0").layout, f"{name}:v1", "1.0.0")
    desk.record("production", f"{registry.host}/myorg/first:v1")
    desk.ok("cves", f"{registry.host}/other/second:v1")
    desk.ok("enroll", "myorg/third")
    desk.ok("enroll", "myorg/first")
    return desk


def test_repositories_are_known_by_records_looks_and_enrolment(known: Desk, registry: Registry) -> None:
    first, second, third = f"{registry.host}/myorg/first", f"{registry.host}/other/second", "docker.io/myorg/third"
    assert listed(known) == sorted([first, second, third])
    assert listed(known, "--filter", "/other/") == [second]
    assert listed(known, "--only-registry", "hub.docker.com") == [third]
    assert listed(known, "--only-registry", registry.host) == [first, second]
    assert listed(known, "--org", "myorg") == sorted([first, third])
    (found,) = known.ok("repo", "list", "--filter", "first", "--format", "json").json["repositories"]
    assert (found["is_enabled"], found["images"], found["organizations"]) == (True, 1, ["myorg"])
    assert first in known.ok("repo", "list").out


def test_a_repository_is_enabled_until_somebody_says_otherwise(known: Desk, registry: Registry) -> None:
    first = f"{registry.host}/myorg/first"
    assert f"Disabled {first}" in known.ok("repo", "disable", first).err
    assert listed(known, "--only-disabled") == [first]
    assert first not in listed(known, "--only-enabled")
    with Database(known.place) as database, database.read() as connection:
        assert not repositories.is_enabled(connection, first)
        assert repositories.is_enabled(connection, "docker.io/never/seen")
    assert "none changes" in known.ok("repo", "disable", first).err
    known.ok("repo", "enable", "--filter", "/myorg/")
    assert listed(known, "--only-disabled") == []
    assert known.ok("cves", f"{first}:v1").code == 0


def test_several_are_switched_at_once(known: Desk, registry: Registry) -> None:
    known.ok("repo", "disable", "--all")
    assert len(listed(known, "--only-disabled")) == 3
    known.ok("repo", "enable", "--all", "--registry", "hub.docker.com")
    assert listed(known, "--only-enabled") == ["docker.io/myorg/third"]
    known.ok("integration", "configure", "oci", "--name", "here", "--parameter", f"registry={registry.host}")
    known.ok("repo", "enable", "--all", "--integration", "here", "--org", "myorg")
    assert listed(known, "--only-disabled") == [f"{registry.host}/other/second"]
    assert known.call("repo", "enable", "--all", "--integration", "nowhere").code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("repo", "enable"),
        ("repo", "enable", "a/b", "--all"),
        ("repo", "disable", "a/b:v1"),
        ("repo", "disable", "A/B"),
        ("repo", "disable", "fs:///tmp"),
        ("repo", "list", "--only-disabled", "--only-enabled"),
        ("repo", "list", "--filter", "("),
        ("repo", "list", "--filter", "x" * 201),
        ("integration", "configure", "ecr", "--parameter", "registry=a.example"),
        ("integration", "configure", "harbor"),
        ("integration", "configure", "harbor", "--parameter", "registry"),
        (
            "integration",
            "configure",
            "harbor",
            "--parameter",
            "registry=a.example",
            "--parameter",
            "registry=b.example",
        ),
        ("integration", "configure", "harbor", "--parameter", "registry=not a host"),
        ("integration", "configure", "harbor", "--parameter", "registry=a.example", "--parameter", "colour=red"),
        ("integration", "configure", "harbor", "--parameter", "registry=a.example", "--parameter", "api=https://u:p@h"),
        ("integration", "configure", "harbor", "--parameter", "registry=a.example", "--parameter", "include=\x1b[31m"),
    ],
)
def test_wrong_usage_says_what_is_right(desk: Desk, words: tuple[str, ...]) -> None:
    answer = desk.call(*words)
    assert answer.code == 64, answer
    assert answer.refusal
    assert "\x1b[31m" not in answer.err


def test_integrations_are_registered_changed_and_deleted(desk: Desk) -> None:
    registry = ("--parameter", "registry=harbor.example.com")
    desk.ok("integration", "configure", "harbor", *registry, "--parameter", "include=myorg/*", "--org", "myorg")
    desk.ok("integration", "configure", "--name", "second", "harbor", *registry)
    desk.ok("integration", "configure", "harbor", "--parameter", "registry=harbor.example.com:8443", "--org", "myorg")
    found = desk.ok("integration", "list", "--format", "json").json["integrations"]
    assert [(each["organization"], each["name"], each["parameters"]["registry"]) for each in found] == [
        ("", "second", "harbor.example.com"),
        ("myorg", "harbor", "harbor.example.com:8443"),
    ]
    assert "registry=harbor.example.com:8443" in desk.ok("integration", "list", "--org", "myorg").out
    desk.ok("integration", "delete", "harbor", "--name", "harbor", "--org", "myorg")
    assert desk.call("integration", "delete", "harbor", "--org", "myorg").code == 1
    desk.ok("integration", "delete", "harbor")
    assert desk.ok("integration", "list", "--format", "json").json["integrations"] == []


@pytest.mark.parametrize("name", ["password", "API_PASSWORD", "webhook-secret", "token", "user", "apikey"])
def test_secrets_are_refused_and_not_repeated(desk: Desk, name: str) -> None:
    words = ("--parameter", "registry=harbor.example.com", "--parameter", f"{name}=hunter2")
    answer = desk.call("integration", "configure", "harbor", *words)
    assert answer.code == 64
    assert "DOCKER_SCOUT_HARBOR_API_PASSWORD" in answer.refusal
    assert "hunter2" not in answer.err + answer.out


@pytest.mark.parametrize(
    "parameter", ["api=https://a.example/x?token=hunter2", "api=https://me:hunter2@a.example/", "api=hunter2"]
)
def test_an_address_with_a_secret_is_refused(desk: Desk, parameter: str) -> None:
    words = ("--parameter", "registry=harbor.example.com", "--parameter", parameter)
    answer = desk.call("integration", "configure", "harbor", *words)
    assert answer.code == 64
    assert "hunter2" not in answer.refusal or parameter == "api=hunter2"
    assert desk.ok("integration", "list", "--format", "json").json["integrations"] == []


@pytest.mark.parametrize("parameter", ["port=99999999", "port=x", "subdomain-mode=maybe", "subdomain-mode=true"])
def test_what_could_not_be_watched_is_not_registered(desk: Desk, parameter: str) -> None:
    words = ("--parameter", "registry=harbor.example.com", "--parameter", parameter)
    assert desk.call("integration", "configure", "harbor", *words).code == 64
    desk.ok(
        "integration", "configure", "harbor", *words[:2], "--parameter", "port=0", "--parameter", "listen=127.0.0.1"
    )


def test_what_was_read_from_a_place_on_disk_is_of_no_repository(desk: Desk, tmp_path: Path) -> None:
    desk.record("production", f"oci-dir://{layout(tmp_path / 'image', debian())}", *APP)
    assert listed(desk) == []


def test_what_was_pruned_was_never_seen(desk: Desk, registry: Registry, release: Find) -> None:
    registry.push(release("worker:1.0.0").layout, "pruned/worker:v1", "1.0.0")
    desk.ok("cves", f"{registry.host}/pruned/worker:v1")
    assert listed(desk) == [f"{registry.host}/pruned/worker"]
    desk.ok("cache", "prune", "--force")
    assert listed(desk) == []


def test_credentials_of_variables_are_for_the_image_that_is_named(
    desk: Desk, registry_basic: Registry, release: Find
) -> None:
    registry_basic.push(release("worker:1.0.0").layout, "myorg/worker:v1", "1.0.0")
    image = f"{registry_basic.host}/myorg/worker:v1"
    assert desk.call("cves", image).code == 1
    right = {
        "DOCKER_SCOUT_REGISTRY_USER": registry_basic.user,
        "DOCKER_SCOUT_REGISTRY_PASSWORD": registry_basic.password,
    }
    assert desk.ok("cves", image, **right).out
    hub = {"DOCKER_SCOUT_HUB_USER": registry_basic.user, "DOCKER_SCOUT_HUB_PASSWORD": registry_basic.password}
    assert desk.call("cves", image, **hub).code == 1


def test_nothing_is_kept_of_layers_where_a_variable_says_so(desk: Desk, registry: Registry, release: Find) -> None:
    registry.push(release("worker:1.0.0").layout, "kept/worker:v1", "1.0.0")
    desk.ok("cves", f"{registry.host}/kept/worker:v1", DOCKER_SCOUT_NO_CACHE="1")
    assert desk.ok("cache", "df", "--format", "json").json["cache"]["layers"] == 0


def test_stream_is_an_old_name(desk: Desk, old: str) -> None:
    answer = desk.ok("stream", "staging", old, *APP)
    assert "`stream` is deprecated" in answer.err
    assert desk.ok("stream").lines == desk.ok("environment").lines == ["staging"]


def test_a_repository_that_is_enrolled_again_is_enabled(known: Desk, registry: Registry) -> None:
    first = f"{registry.host}/myorg/first"
    known.ok("repo", "disable", "--all")
    known.ok("enroll", "myorg/first")
    assert listed(known, "--only-enabled") == [first]
    known.ok("enroll", "other")
    assert listed(known, "--only-enabled") == [first]
