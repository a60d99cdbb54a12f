"""The first look of a watcher that was told wrongly what to look at: it is refused, or what it empties is told."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.kubernetes import Cluster, Object, cluster
from tests.stories.story import PROGRAM, Desk, Laptop
from tests.watch.watcher import PATIENCE, watching


@pytest.fixture
def api() -> Iterator[Cluster]:
    """Run a cluster with an application in each of two namespaces."""
    with cluster() as running:
        for name in ("team-a", "team-b"):
            running.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, _pod(name))
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk with a store of its own."""
    return Laptop(tmp_path / "home")


@pytest.fixture
def words(api: Cluster, tmp_path: Path) -> tuple[str, ...]:
    """Return the command that watches it."""
    config = str(api.kubeconfig(tmp_path))
    return ("watch", "kubernetes", "--kubeconfig", config, "--environment", "production", "--org", "shop")


def _pod(namespace: str) -> Object:
    labels = {"app": namespace}
    spec = {"containers": [{"name": "c", "image": f"shop/{namespace}:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace, "labels": labels},
            "spec": spec}  # fmt: skip


def _services(desk: Desk, environment: str = "production") -> set[str]:
    running = desk.ok("environment", environment, "--format", "json").json["deployments"]
    return {each["service"] for each in running}


def _becomes(desk: Desk, services: set[str]) -> None:
    end = time.monotonic() + PATIENCE
    while (found := _services(desk)) != services:
        assert time.monotonic() < end, found
        time.sleep(0.2)


def test_a_selector_that_no_pod_has_empties_nothing(desk: Desk, words: tuple[str, ...]) -> None:
    desk.ok(*words, "--selector", "app=team-a", "--once")
    answer = desk.call(*words, "--selector", "app=taem-a", "--once")
    assert answer.code == 64
    assert "no pod of this cluster has the labels 'app=taem-a', and production would be emptied" in answer.refusal
    assert _services(desk) == {"shop/team-a"}


def test_who_would_follow_by_it_does_not_start(desk: Desk, words: tuple[str, ...]) -> None:
    desk.ok(*words, "--selector", "app=team-a", "--once")
    argv = [str(PROGRAM), *words, "--selector", "app=taem-a"]
    done = subprocess.run(argv, env=desk.env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 64
    assert "--selector" in done.stderr
    assert _services(desk) == {"shop/team-a"}


def test_it_is_told_where_nothing_is_on_record(desk: Desk, words: tuple[str, ...]) -> None:
    answer = desk.ok(*words, "--selector", "app=taem-a", "--once")
    assert "no pod of this cluster has the labels 'app=taem-a'" in answer.err
    assert desk.ok("environment").lines == []


def test_what_goes_while_somebody_looks_goes(api: Cluster, desk: Desk, words: tuple[str, ...], tmp_path: Path) -> None:
    desk.ok(*words, "--once")
    with watching(desk, (*words, "--selector", "app=team-a"), tmp_path) as watcher:
        _becomes(desk, {"shop/team-a"})
        api.delete("pods", "team-a", "p")
        _becomes(desk, set())
        # Who comes back finds it as it was left.
        watcher.end()
        watcher.start()
        api.apply(_pod("team-a"))
        _becomes(desk, {"shop/team-a"})
        assert "is empty now" not in watcher.told


def test_a_cluster_without_pods_is_believed_and_told(api: Cluster, desk: Desk, words: tuple[str, ...]) -> None:
    desk.ok(*words, "--selector", "app", "--once")
    for name in ("team-a", "team-b"):
        api.delete("pods", name, "p")
    assert "production is empty now" in desk.ok(*words, "--selector", "app", "--once").err
    assert _services(desk) == set()


def test_an_environment_that_rules_empty_is_told(desk: Desk, words: tuple[str, ...]) -> None:
    desk.ok(*words, "--namespace", "team-b=staging", "--once")
    assert _services(desk, "staging") == {"shop/team-b"}
    answer = desk.ok(*words, "--namespace", "taem-b=staging", "--once")
    assert "staging is empty now: if it should not be, check --namespace" in answer.err
    assert "production is empty now" not in answer.err
    assert _services(desk) == {"shop/team-a", "shop/team-b"}


def test_what_cannot_be_checked_is_asked_again(api: Cluster, desk: Desk, words: tuple[str, ...]) -> None:
    from envscout.cli.becoming import Record
    from envscout.cli.following import PODS, Follower
    from envscout.cli.session import Session
    from envscout.watch.connection import connected
    from envscout.watch.placing import Rules

    desk.ok(*words, "--once")
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patched, connected(words[3]) as (client, name):
        for variable, value in desk.env.items():
            patched.setenv(variable, value)
        with Session() as session:
            follower = Follower(Record(session, "shop", name, "text"), Rules("production"), told.append, "app=taem-a")
            api.fail(1, 503)
            assert not follower.is_checked(client)
            assert "trying again" in told[0]
            assert follower.is_checked(client)
            assert api.requests["list", PODS] == 3
