"""What registries tell is read in their own words; nothing but repository, tag and digest is taken from it."""

import json
from typing import Any

import pytest

from envscout.errors import LimitExceeded, SourceError
from envscout.store.watching import Sighting
from envscout.watch import events
from envscout.watch.registries import parse

DIGEST = f"sha256:{'a' * 64}"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI, HARBOR = parse("a.example"), parse("type=harbor,registry=a.example")
ARTIFACTORY = parse("type=artifactory,registry=a.example,repository=docker-local")
NEXUS = parse("type=nexus,registry=a.example,repository=hosted")


def distribution(action: str = "push", **target: str) -> dict[str, Any]:
    whole = {"mediaType": MANIFEST, "repository": "team/app", "tag": "v1", "digest": DIGEST, **target}
    return {"id": "1", "timestamp": "2026-01-01T00:00:00Z", "action": action, "target": whole}


def read(watched: Any, message: Any) -> list[Sighting]:
    return events.read(watched, json.dumps(message).encode())


def test_distribution() -> None:
    told = [
        distribution(),
        distribution(),
        distribution("pull"),
        distribution("delete"),
        distribution(mediaType="application/octet-stream"),
        distribution(tag=""),
        distribution(tag=f"sha256-{'a' * 64}"),
        distribution(tag=f"sha256-{'a' * 64}.sig"),
        distribution(repository="Team/App"),
        distribution(repository="team/../app"),
        distribution(repository="team/app:v2"),
        distribution(repository="evil.example:5000/app"),
        distribution(digest="sha256:short"),
        distribution(tag="v1/../x"),
        {"action": "push"},
    ]
    assert read(OCI, {"events": told}) == [Sighting("team/app", "v1", DIGEST)]


def test_harbor() -> None:
    data = {
        "resources": [{"digest": DIGEST, "tag": "v1", "resource_url": "evil.example/team/app:v1"}],
        "repository": {"name": "app", "namespace": "team", "repo_full_name": "team/app", "repo_type": "private"},
    }
    message = {"type": "PUSH_ARTIFACT", "occur_at": 1, "operator": "admin", "event_data": data}
    assert read(HARBOR, message) == [Sighting("team/app", "v1", DIGEST)]
    assert read(HARBOR, {**message, "type": "DELETE_ARTIFACT"}) == []


def test_artifactory() -> None:
    data = {"repo_key": "docker-local", "image_name": "app", "tag": "v1", "name": "manifest.json", "sha256": "a" * 64}
    message = {"domain": "docker", "event_type": "pushed", "data": data}
    assert read(ARTIFACTORY, message) == [Sighting("docker-local/app", "v1", DIGEST)]
    other = {**message, "data": {**data, "name": "other.json"}}
    assert read(ARTIFACTORY, other) == [Sighting("docker-local/app", "v1", "")]
    for foreign in ({**message, "domain": "artifact"}, {**message, "data": {**data, "repo_key": "else"}}):
        assert read(ARTIFACTORY, foreign) == []


def test_nexus() -> None:
    component = {"id": "1", "format": "docker", "name": "team/app", "group": None, "version": "v1"}
    message = {"action": "CREATED", "repositoryName": "hosted", "component": component}
    assert read(NEXUS, message) == [Sighting("team/app", "v1", "")]
    for foreign in (
        {**message, "action": "DELETED"},
        {**message, "repositoryName": "else"},
        {**message, "component": {**component, "format": "maven2"}},
        {**message, "component": None},
    ):
        assert read(NEXUS, foreign) == []


@pytest.mark.parametrize("watched", [OCI, HARBOR, ARTIFACTORY, NEXUS])
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"{", b"\xff", b"[" * 100_000, b'{"events": [1]}'])
def test_what_is_no_message(watched: Any, body: bytes) -> None:
    with pytest.raises(SourceError):
        events.read(watched, body)


def test_too_many_events() -> None:
    with pytest.raises(LimitExceeded):
        read(OCI, {"events": [distribution(tag=f"v{n}") for n in range(events.MAX_EVENTS + 1)]})
