"""`--registry` is understood as Docker Scout takes it, or refused."""

import pytest

from envscout.errors import UsageError
from envscout.images import Credentials
from envscout.watch.registries import (
    Watched,
    credentials,
    parse,
    secret,
    selection,
    wants_repository,
    wants_tag,
)


@pytest.mark.parametrize(
    ("text", "watched"),
    [
        ("registry.example", Watched("oci", "registry.example")),
        ("https://registry.example/", Watched("oci", "registry.example")),
        ("localhost:5000", Watched("oci", "localhost:5000")),
        ("docker.io", Watched("oci", "docker.io")),
        (
            "type=harbor,registry=harbor.example,include=a/*,include=b/*,exclude=*/old,port=9000",
            Watched("harbor", "harbor.example", include=("a/*", "b/*"), exclude=("*/old",), port=9000),
        ),
        (
            "type=artifactory,registry=jfrog.example,repository=docker,api=https://jfrog.example/artifactory",
            Watched(
                "artifactory",
                "jfrog.example",
                api="https://jfrog.example/artifactory",
                repository="docker",
                within="docker/",
            ),
        ),
        (
            "type=artifactory, registry=jfrog.example, repository=docker, subdomain-mode=true",
            Watched("artifactory", "docker.jfrog.example", repository="docker"),
        ),
        (
            "type=nexus,registry=nexus.example:8082,repository=hosted",
            Watched("nexus", "nexus.example:8082", repository="hosted"),
        ),
        ("registry=a.example,port=0,listen=127.0.0.1", Watched("oci", "a.example", port=0, listen="127.0.0.1")),
    ],
)
def test_what_is_understood(text: str, watched: Watched) -> None:
    assert parse(text) == watched


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no host",
        "nginx",
        "a.example/path",
        "http://a.example",
        "type=oci",
        "type=quay,registry=a.example",
        "registry=a.example,registry=b.example",
        "registry=a.example,port=http",
        "registry=a.example,port=-1",
        "registry=a.example,port=65536",
        "registry=a.example,api=ftp://a.example",
        "registry=a.example,api=https://user:pass@a.example",
        "registry=a.example,subdomain-mode=yes",
        "registry=a.example,color=red",
        "registry=",
        "registry=a.example,include",
        "registry=a.example\n.evil",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.next_step


def test_which_images_count() -> None:
    watched = parse("registry=a.example,include=team/*,exclude=team/old*,repository=team")
    all_ = selection([], [])
    assert wants_repository(watched, all_, "team/app")
    assert not wants_repository(watched, all_, "team/older")
    assert not wants_repository(watched, all_, "teams/app")
    assert not wants_repository(watched, selection(["team/b"], []), "team/app")
    assert wants_tag(all_, "anything")
    assert wants_tag(selection([], ["^v[0-9]+$", "rc"]), "1.0-rc1")
    assert not wants_tag(selection([], ["^v[0-9]+$"]), "v1.2")


def test_secrets_and_logins_come_from_variables() -> None:
    harbor, plain = parse("type=harbor,registry=a.example"), parse("a.example")
    variables = {"DOCKER_SCOUT_HARBOR_WEBHOOK_AUTH": "token foo", "ENVSCOUT_WEBHOOK_SECRET": "bar"}
    assert (secret(harbor, variables), secret(plain, variables)) == ("token foo", "bar")
    with pytest.raises(UsageError, match="believed"):
        secret(harbor, {"DOCKER_SCOUT_NEXUS_WEBHOOK_SECRET": "x", "ENVSCOUT_WEBHOOK_SECRET": ""})
    known = {"DOCKER_SCOUT_HARBOR_API_USER": "u", "DOCKER_SCOUT_HARBOR_API_PASSWORD": "p"}
    assert credentials(harbor, known) == Credentials("u", "p")
    assert credentials(plain, known) is None
