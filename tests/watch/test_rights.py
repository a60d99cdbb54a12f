"""A watcher with fewer rights: nodes are done without for as long as they may not be seen, and no longer."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from envscout.model import Image, Inventory
from envscout.store import Database, images, now
from envscout.verbs import tokens
from tests.server.conftest import serving
from tests.servers.kubernetes import Cluster, Object, Refused, Rights, cluster
from tests.stories.story import Desk, Laptop
from tests.watch.watcher import Watcher, watching

INDEX, AMD64 = (f"sha256:{digit * 64}" for digit in "12")
"""An index of several platforms, and the only image of it that anybody looked into."""
PODS: Rights = frozenset({"list pods", "watch pods"})
NODES: Rights = PODS | {"list nodes", "watch nodes"}
TOLD = "nodes may not be listed"


@pytest.fixture
def api() -> Iterator[Cluster]:
    """Run a cluster that runs the index on arm64, which asks for a token."""
    with cluster() as running:
        labels = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64"}
        running.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": labels}})
        running.nodes[:] = ["node-1"]
        running.digests["shop/api:1"] = running.digests["shop/web:1"] = INDEX
        running.apply(_pod("api"))
        running.tokens["watcher"] = PODS
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk with a store that knows an image of the index."""
    desk = Laptop(tmp_path / "home")
    desk.home.mkdir()
    with Database(desk.place) as database, database.write() as connection:
        images.put(connection, Image(AMD64, platform="linux/amd64", index_digest=INDEX), Inventory(), now())
    return desk


@pytest.fixture
def words(api: Cluster, tmp_path: Path) -> tuple[str, ...]:
    """Return the command that watches it."""
    config = str(api.kubeconfig(tmp_path, token="watcher"))
    return ("watch", "kubernetes", "--kubeconfig", config, "--environment", "production", "--org", "shop")


def _pod(name: str) -> Object:
    spec = {"containers": [{"name": "c", "image": f"shop/{name}:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def _running(desk: Desk) -> dict[str, str]:
    if not desk.ok("environment", "--format", "json").json["environments"]:
        return {}
    found = desk.ok("environment", "production", "--format", "json").json["deployments"]
    return {each["service"]: each["digest"] for each in found}


def _becomes(desk: Desk, watcher: Watcher, running: dict[str, str]) -> None:
    end = time.monotonic() + 60
    while (found := _running(desk)) != running:
        assert time.monotonic() < end, (found, watcher.told)
        time.sleep(0.2)


def _is_asked(api: Cluster, plural: str, times: int) -> None:
    end = time.monotonic() + 60
    while api.requests["list", f"/api/v1/{plural}"] < times:
        assert time.monotonic() < end, api.requests
        time.sleep(0.1)


def test_a_failure_at_the_start_makes_nobody_wait_for_nodes(
    api: Cluster, desk: Desk, words: tuple[str, ...], tmp_path: Path
) -> None:
    api.fail(6, 503)
    with watching(desk, words, tmp_path) as watcher:
        _becomes(desk, watcher, {"shop/api": AMD64})
        api.apply(_pod("web"))
        _becomes(desk, watcher, {"shop/api": AMD64, "shop/web": AMD64})
        _is_asked(api, "nodes", 5)
        assert watcher.told.count(TOLD) == 1


def test_nodes_are_seen_once_they_may_be(api: Cluster, desk: Desk, words: tuple[str, ...], tmp_path: Path) -> None:
    with watching(desk, words, tmp_path) as watcher:
        _becomes(desk, watcher, {"shop/api": AMD64})
        api.tokens["watcher"] = NODES
        # Nobody looked into what an arm64 runs.
        _becomes(desk, watcher, {"shop/api": INDEX})


def test_nodes_that_may_only_be_listed_are_listed_again(
    api: Cluster, desk: Desk, words: tuple[str, ...], tmp_path: Path
) -> None:
    api.tokens["watcher"] = NODES - {"watch nodes"}
    with watching(desk, words, tmp_path) as watcher:
        _becomes(desk, watcher, {"shop/api": INDEX})
        api.change("nodes", "", "node-1", {"metadata": {"labels": {"kubernetes.io/arch": "amd64"}}})
        _becomes(desk, watcher, {"shop/api": AMD64})
        assert watcher.told.count(TOLD) == 1


def test_what_is_known_of_nodes_is_kept_when_they_may_not_be_seen_any_more(
    api: Cluster, desk: Desk, words: tuple[str, ...], tmp_path: Path
) -> None:
    api.tokens["watcher"] = NODES
    with watching(desk, words, tmp_path) as watcher:
        _becomes(desk, watcher, {"shop/api": INDEX})
        assert TOLD not in watcher.told
        api.tokens["watcher"] = PODS
        api.disconnect()
        api.apply(_pod("web"))
        _becomes(desk, watcher, {"shop/api": INDEX, "shop/web": INDEX})
        assert watcher.told.count(TOLD) == 1


def test_who_is_let_in_late_sees_nodes(api: Cluster, desk: Desk, words: tuple[str, ...], tmp_path: Path) -> None:
    api.tokens["watcher"] = NODES
    api.failures += [Refused(401, "Unauthorized", "Unauthorized") for _ in range(2)]
    with watching(desk, words, tmp_path) as watcher:
        _becomes(desk, watcher, {"shop/api": INDEX})


def test_pods_cannot_be_done_without(api: Cluster, desk: Desk, words: tuple[str, ...], tmp_path: Path) -> None:
    api.tokens["watcher"] = NODES - PODS
    with watching(desk, words, tmp_path) as watcher:
        _is_asked(api, "pods", 3)
        assert _running(desk) == {}
        assert "/api/v1/pods: the API server refuses it: 403" in watcher.told
        api.tokens["watcher"] = NODES
        _becomes(desk, watcher, {"shop/api": INDEX})


def test_a_token_of_one_environment_begins_it(api: Cluster, desk: Desk, words: tuple[str, ...], tmp_path: Path) -> None:
    api.tokens["watcher"] = NODES
    assert isinstance(desk.place, Path)
    with Database(desk.place) as database:
        made = tokens.create(database, "watcher", "tester", "shop", "production")
    for server in serving(desk.place):
        desk.env.update(ENVSCOUT_SERVER=server.address, ENVSCOUT_TOKEN=made.secret)
        with watching(desk, words, tmp_path) as watcher:
            _becomes(desk, watcher, {"shop/api": INDEX})


def test_a_watcher_with_another_role_says_which_one_it_needs(
    api: Cluster, desk: Desk, words: tuple[str, ...], tmp_path: Path
) -> None:
    api.tokens["watcher"] = NODES
    assert isinstance(desk.place, Path)
    with Database(desk.place) as database:
        made = tokens.create(database, "recorder", "tester", "shop")
    for server in serving(desk.place):
        desk.env.update(ENVSCOUT_SERVER=server.address, ENVSCOUT_TOKEN=made.secret)
        answer = desk.call(*words, "--once")
        assert answer.code == 1
        assert "production could not be recorded: " in answer.err
        assert "(ask an owner for the role watcher); trying again" in answer.err
