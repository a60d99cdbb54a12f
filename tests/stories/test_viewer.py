"""Somebody who may only ask a server is answered all that there is to ask, and has nothing kept."""

import json

import pytest

from envscout import __version__
from envscout.client.transport import PACKED_FROM, Transport, Way
from tests.servers.many import Servers, token
from tests.stories.story import APP, HOLE, OPENSSL_3_0_9, OPENSSL_3_0_11, Desk, Laptop, debian, feed, layout

QUESTIONS = (
    ("cves", "{old}"),
    ("cves", "--env", "production"),
    ("quickview", "{old}"),
    ("policy", "{old}", "--env", "production", "--service", "myorg/myapp"),
    ("policy", "myorg/myapp", "--env", "production"),
    ("recommendations", "{old}"),
    ("recommendations", "--env", "production", "myorg/myapp"),
    ("compare", "{old}", "--to", "{new}"),
    ("compare", "{new}", "--to-env", "production", "--service", "myorg/myapp"),
    ("where", "CVE-2023-5363"),
    ("explain", "CVE-2023-5363", "{old}"),
    ("report", "--env", "production"),
    ("sbom", "{old}"),
    ("environment",),
    ("environment", "production"),
    ("environment", "history", "production"),
    ("exception", "list"),
    ("db", "status"),
    ("db", "feeds"),
    ("repo", "list"),
)


@pytest.fixture(scope="module")
def viewer(many: Servers, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Return the laptop of somebody who may only ask about a store where two images are known."""
    folder = tmp_path_factory.mktemp("viewer")
    keeper = Laptop(folder / "keeper")
    keeper.ok("db", "update", "--from", feed(folder / "feed", HOLE))
    for name, package in (("old", OPENSSL_3_0_9), ("new", OPENSSL_3_0_11)):
        keeper.ok("cves", f"oci-dir://{layout(folder / name, debian(package))}")
    keeper.record("production", f"oci-dir://{folder / 'old'}", *APP)
    layout(folder / "unknown", debian(OPENSSL_3_0_9, OPENSSL_3_0_11))
    desk = Laptop(folder / "laptop")
    desk.env.update(ENVSCOUT_SERVER=many.address(keeper.place), ENVSCOUT_TOKEN=token(keeper.place, "viewer"))
    return desk


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_a_viewer_is_answered(viewer: Desk, words: tuple[str, ...]) -> None:
    places = {name: f"oci-dir://{viewer.home.parent / name}" for name in ("old", "new")}
    answer = viewer.ok(*(word.format(**places) for word in words))
    assert answer.out or answer.err
    assert not viewer.home.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("environment", "production", "{new}", *APP),
        ("environment", "remove", "production", "myorg/myapp", "--org", "myorg"),
        ("exception", "add", "CVE-2023-5363", "--kind", "accepted-risk", "--reason", "so"),
        ("cves", "{unknown}"),
        ("db", "update"),
        ("token", "list"),
        ("audit", "list"),
        ("cache", "prune", "--force"),
    ],
    ids=" ".join,
)
def test_a_viewer_changes_nothing(viewer: Desk, words: tuple[str, ...]) -> None:
    places = {name: f"oci-dir://{viewer.home.parent / name}" for name in ("new", "unknown")}
    answer = viewer.call(*(word.format(**places) for word in words))
    assert answer.code == 1
    assert "viewer" in answer.refusal
    assert "ask an owner" in answer.refusal


def test_a_server_says_its_version_and_unpacks_what_is_packed(viewer: Desk) -> None:
    transport = Transport(Way(viewer.env["ENVSCOUT_SERVER"], viewer.env["ENVSCOUT_TOKEN"]))
    path, data = "/api/v1/operations/exceptions.unknown", json.dumps({"names": ["CVE-2023-5363"] * 3_000}).encode()
    answers = [transport.post(path, data, once=False) for _ in range(2)]
    transport.close()
    assert len(data) > PACKED_FROM
    assert [(each.status, each.version, each.unpacks) for each in answers] == [(200, __version__, True)] * 2
    assert answers[0].body == answers[1].body
