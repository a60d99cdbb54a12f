"""Which registry the variables with credentials are for."""

import pytest

from envscout.images.credentials import Credentials, given

BOTH = {
    "DOCKER_SCOUT_HUB_USER": "hub",
    "DOCKER_SCOUT_HUB_PASSWORD": "a",
    "DOCKER_SCOUT_REGISTRY_USER": "other",
    "DOCKER_SCOUT_REGISTRY_PASSWORD": "b",
}


@pytest.mark.parametrize(
    ("host", "environ", "expected"),
    [
        ("docker.io", BOTH, Credentials("hub", "a")),
        ("registry.example", BOTH, Credentials("other", "b")),
        ("registry.example", {"DOCKER_SCOUT_REGISTRY_TOKEN": "t"}, Credentials(identity_token="t")),
        ("registry.example", {**BOTH, "DOCKER_SCOUT_REGISTRY_TOKEN": "t"}, Credentials("other", "b")),
        ("docker.io", {"DOCKER_SCOUT_REGISTRY_USER": "u", "DOCKER_SCOUT_REGISTRY_PASSWORD": "p"}, None),
        ("docker.io", {"DOCKER_SCOUT_REGISTRY_TOKEN": "t", "DOCKER_SCOUT_HUB_TOKEN": "t"}, None),
        ("registry.example", {"DOCKER_SCOUT_REGISTRY_USER": "u"}, None),
        ("registry.example", {"DOCKER_SCOUT_HUB_USER": "u", "DOCKER_SCOUT_HUB_PASSWORD": "p"}, None),
        ("registry.example", {}, None),
    ],
)
def test_each_pair_is_for_its_own_registry(host: str, environ: dict[str, str], expected: Credentials | None) -> None:
    assert given(host, environ) == expected
    assert "a" not in repr(given(host, environ)).partition("password")[2]
