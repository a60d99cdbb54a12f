"""A cluster is followed: whatever happens to it, on the way and to who watches, the record becomes equal to it."""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envscout.watch import cluster as following
from envscout.watch.connection import connected
from envscout.watch.mirror import Mirror
from tests.servers.kubernetes import Cluster, Refused, Rights, cluster, granted
from tests.servers.program import need, run
from tests.stories.story import Desk, Laptop
from tests.watch.watcher import PATIENCE, Watcher, watching

LABEL = "example.com/environment"
SPACES = {"one": "production", "two": "staging", "three": ""}
IMAGES = ("shop/api:1", "shop/api:2", "shop/worker:1", "nginx:1.25")
Running = dict[str, set[tuple[str, str]]]


@pytest.fixture
def api() -> Iterator[Cluster]:
    """Run a cluster with a few namespaces, of which some name their environment."""
    with cluster(history=500) as running:
        for name, environment in SPACES.items():
            labels = {LABEL: environment} if environment else {}
            running.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk with a store of its own."""
    return Laptop(tmp_path / "home")


def _words(api: Cluster, folder: Path, *more: str) -> tuple[str, ...]:
    folder.mkdir(exist_ok=True)
    config = str(api.kubeconfig(folder))
    words = ("watch", "kubernetes", "--kubeconfig", config, "--environment", "rest", "--environment-label", LABEL)
    return (*words, "--org", "shop", *more)


def _truth(api: Cluster) -> Running:
    """Return what the cluster runs: repositories and digests by environment."""
    found: Running = {}
    for pod in api.all("pods"):
        if pod["status"].get("phase") in ("Succeeded", "Failed"):
            continue
        spec, status = pod["spec"], pod["status"]
        images = {each["name"]: each["image"] for each in (*spec["containers"], *spec.get("initContainers", ()))}
        for each in (*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())):
            if each["imageID"]:
                host, _, name = images[each["name"]].partition("@")[0].rpartition(":")[0].partition("/")
                path = name if "." in host else f"{host}/{name}" if name else f"library/{host}"
                environment = SPACES.get(pod["metadata"]["namespace"]) or "rest"
                found.setdefault(environment, set()).add((path, each["imageID"].rpartition("@")[2]))
    return found


def _recorded(desk: Desk) -> Running:
    found: Running = {}
    for row in desk.ok("environment", "--format", "json").json["environments"]:
        running = desk.ok("environment", row["name"], "--format", "json").json["deployments"]
        if running:
            found[row["name"]] = {(each["service"], each["digest"]) for each in running}
    return found


def _becomes_equal(desk: Desk, api: Cluster, watcher: Watcher) -> None:
    # After many failures in a row, with no second between them in which the server was heard, it is asked every 30.
    end = time.monotonic() + PATIENCE
    while (found := _recorded(desk)) != (expected := _truth(api)):
        assert time.monotonic() < end, (found, expected, watcher.told[-2_000:])
        time.sleep(0.2)


def _deployment(namespace: str, name: str, image: str, copies: int = 1) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": copies, "selector": {"matchLabels": labels}, "template": template},
    }  # fmt: skip


def _happens(api: Cluster, watcher: Watcher, chance: random.Random) -> None:
    namespace, name, image = chance.choice(list(SPACES)), chance.choice("abc"), chance.choice(IMAGES)
    there = api.all("deployments", namespace)

    def apply() -> None:
        api.apply(_deployment(namespace, name, image, chance.randrange(3)))

    events: dict[str, Callable[[], object]] = {
        "apply": apply,
        "delete": lambda: api.delete("deployments", namespace, there[0]["metadata"]["name"]) if there else None,
        "disconnect": api.disconnect,
        "compact": lambda: [each() for each in (api.disconnect, api.compact)],
        "fail": lambda: api.fail(chance.randrange(1, 4), chance.choice((429, 500, 503))),
        "restart": api.restart,
        "kill": lambda: [each() for each in (watcher.end, watcher.start)],
        "away": lambda: [each() for each in (watcher.end, apply, api.compact, watcher.start)],
        "wait": lambda: time.sleep(chance.random()),
    }
    weights = (8, 3, 2, 2, 2, 1, 1, 1, 3)
    (what,) = chance.choices(list(events), weights)
    events[what]()


@pytest.mark.parametrize("seed", range(2))
def test_the_record_becomes_equal_to_the_cluster(api: Cluster, desk: Desk, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    api.gone_by_status = bool(seed % 2)
    with watching(desk, _words(api, tmp_path / "k"), tmp_path) as watcher:
        for _ in range(3):
            for _ in range(12):
                _happens(api, watcher, chance)
            _becomes_equal(desk, api, watcher)
        # One that was just started again listens to signals once it records.
        api.apply(_deployment("one", "last", "shop/last:1"))
        _becomes_equal(desk, api, watcher)
        assert watcher.end(signal.SIGTERM) == 0
        assert "Traceback" not in watcher.told
        watcher.start()


def test_who_was_heard_is_asked_again_soon(api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Namespaces change rarely: a watch of which nothing came is no failure that has one wait longer next time."""
    monkeypatch.setattr(following, "_QUICK", 0.05)
    mirror, stop = Mirror(lambda each: each.metadata.name, threading.Event()), threading.Event()
    with connected(str(api.kubeconfig(tmp_path))) as (client, _):
        words = (client, "/api/v1/namespaces", mirror, stop, lambda _: None)
        thread = threading.Thread(target=following.follow, args=words)
        thread.start()
        try:
            for asked in range(1, 7):
                end = time.monotonic() + 5
                while api.requests["watch", "/api/v1/namespaces"] < asked or not api.watchers:
                    assert time.monotonic() < end, asked
                    time.sleep(0.01)
                time.sleep(0.1)
                api.disconnect()
        finally:
            stop.set()
            api.disconnect()
            thread.join(10)


def test_what_runs_nothing_any_more_is_looked_at_still(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    """Else it would be told that nobody can tell what runs there. Who else looks at it by then is left alone."""

    def looked_at(environment: str) -> int:
        (found,) = desk.ok("environment", "drift", environment, "--format", "json").json["drift"]
        return int(found["looked_at"])

    def is_looked_at(environment: str) -> None:
        before, end = looked_at(environment), time.monotonic() + PATIENCE
        while looked_at(environment) == before:
            assert time.monotonic() < end, watcher.told
            time.sleep(0.1)

    api.apply(_deployment("three", "a", "shop/api:1"), _deployment("one", "b", "shop/worker:1"))
    with watching(desk, _words(api, tmp_path / "k"), tmp_path, again=0.5) as watcher:
        _becomes_equal(desk, api, watcher)
        api.delete("deployments", "three", "a")
        _becomes_equal(desk, api, watcher)
        is_looked_at("rest")
        with cluster() as other:
            other.put_pods(1)
            (tmp_path / "other").mkdir()
            config = str(other.kubeconfig(tmp_path / "other"))
            words = ("--kubeconfig", config, "--cluster", "other", "--environment", "rest", "--org", "shop", "--once")
            desk.ok("watch", "kubernetes", *words)
        # Of what is compared at once, production comes first: it may have begun with the first before the other one
        # looked, but has ended with the second before it begins with the third.
        for _ in range(3):
            is_looked_at("production")
        assert "rest" in _recorded(desk)


def test_a_namespace_that_moves_takes_its_pods_along(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    api.apply(_deployment("one", "a", "shop/api:1"), _deployment("two", "b", "shop/worker:1"))
    with watching(desk, _words(api, tmp_path / "k"), tmp_path) as watcher:
        _becomes_equal(desk, api, watcher)
        api.change("namespaces", "", "one", {"metadata": {"labels": {LABEL: "moved"}}})
        end = time.monotonic() + PATIENCE
        while "moved" not in (found := _recorded(desk)):
            assert time.monotonic() < end, (found, watcher.told)
            time.sleep(0.2)
        assert set(found) == {"moved", "staging"}


def test_real_manifests_and_a_rollout_of_the_real_kubectl(api: Cluster, desk: Desk, tmp_path: Path, data: Path) -> None:
    need("kubectl")
    (tmp_path / "k").mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(api.kubeconfig(tmp_path / "k"))}

    def kubectl(*words: str) -> str:
        return run("kubectl", *words, env=env)

    with watching(desk, _words(api, tmp_path / "k"), tmp_path) as watcher:
        kubectl("apply", "-n", "one", "-f", str(data / "deploy" / "kubernetes"))
        _becomes_equal(desk, api, watcher)
        running = desk.ok("environment", "production", "--format", "json").json["deployments"]
        assert {"examples-bookinfo-reviews-v3", "frontend", "redis"} <= {
            each["service"].rpartition("/")[2] for each in running
        }
        assert {each["source"] for each in running} == {"kubernetes"}
        (before,) = (each["digest"] for each in running if each["service"] == "library/redis")
        kubectl("set", "image", "-n", "one", "deployment/redis-cart", "redis=redis:8")
        _becomes_equal(desk, api, watcher)
        history = desk.ok("environment", "history", "production", "redis", "--format", "json").json["events"]
        assert history[-1]["digest"] == before
        assert history[0]["digest"] != before
        kubectl("scale", "-n", "one", "deployment/frontend", "--replicas=0")
        kubectl("delete", "-n", "one", "deployment", "redis-cart")
        _becomes_equal(desk, api, watcher)
        assert not {"frontend", "redis"} & {each[0].rpartition("/")[2] for each in _recorded(desk)["production"]}


def test_during_a_rollout_both_versions_run(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    words = _words(api, tmp_path / "k", "--once")
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{number}", "namespace": "one"},
         "spec": {"containers": [{"name": "c", "image": f"shop/api:{number}"}]}}
        for number in (1, 2)
    ]  # fmt: skip
    api.apply(*pods)
    desk.ok(*words)
    assert len(_recorded(desk)["production"]) == 2
    api.delete("pods", "one", "p1")
    desk.ok(*words)
    assert _recorded(desk) == _truth(api)
    api.delete("pods", "one", "p2")
    desk.ok(*words)
    assert _recorded(desk) == {}
    actions = [
        each["action"] for each in desk.ok("environment", "history", "production", "--format", "json").json["events"]
    ]
    assert actions == ["remove", "record", "add", "add"]


def test_an_index_is_known_by_the_image_that_it_led_to(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    """A node tells the digest of the index that it pulled; CI recorded the image of one platform."""
    from envscout.model import Image, Inventory
    from envscout.store import Database, images, now

    index, manifest = (f"sha256:{digit * 64}" for digit in "12")
    with Database(desk.place) as database, database.write() as connection:
        images.put(connection, Image(manifest, platform="linux/amd64", index_digest=index), Inventory(), now())
    api.digests["shop/api:1"] = index
    api.apply(_deployment("one", "a", "shop/api:1"))
    desk.ok(*_words(api, tmp_path / "k", "--once"))
    assert _recorded(desk) == {"production": {("shop/api", manifest)}}


def test_a_node_runs_what_an_index_has_for_its_platform(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    from envscout.model import Image, Inventory
    from envscout.store import Database, images, now
    from envscout.store.deployments import Scope
    from envscout.verbs import drift, queue

    index, amd64, arm64, s390x = (f"sha256:{digit * 64}" for digit in "1234")

    def look(manifest: str, platform: str) -> None:
        with Database(desk.place) as database, database.write() as connection:
            images.put(connection, Image(manifest, platform=platform, index_digest=index), Inventory(), now())

    def node(number: int, architecture: str) -> dict[str, Any]:
        labels = {"kubernetes.io/os": "linux", "kubernetes.io/arch": architecture}
        return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{number}", "labels": labels}}

    api.apply(node(1, "amd64"), node(2, "arm64"))
    api.digests["shop/api:1"] = index
    api.nodes[:] = ["node-2"]
    look(amd64, "linux/amd64")
    desk.ok("environment", "production", f"shop/api:1@{amd64}", "--org", "shop", "--no-index")
    api.apply(_deployment("one", "a", "shop/api:1"))
    words = _words(api, tmp_path / "k", "--once")
    desk.ok(*words)
    # Nobody looked at what runs: it is unknown, and not what another platform has.
    assert _recorded(desk) == {"production": {("shop/api", index)}}
    with Database(desk.place) as database:
        assert {each.platform for each in queue.requested(database)} == {"linux/arm64"}
    look(arm64, "linux/arm64")
    desk.ok(*words)
    assert _recorded(desk) == {"production": {("shop/api", arm64)}}
    with Database(desk.place) as database:
        # One index was recorded, and one runs.
        assert drift.drift(database, Scope("shop", "production"))[0].drifts == ()
    # A node that is gone says nothing any more: what ran on it is what it was.
    look(s390x, "linux/s390x")
    api.delete("nodes", "", "node-2")
    desk.ok(*words)
    assert _recorded(desk) == {"production": {("shop/api", arm64)}}
    api.apply(node(2, "arm64"))
    api.nodes[:] = ["node-1"]
    api.apply(_deployment("one", "b", "shop/api:1"))
    both = {"production": {("shop/api", arm64), ("shop/api", amd64)}}
    desk.ok(*words)
    assert _recorded(desk) == both
    with Database(desk.place) as database:
        assert drift.drift(database, Scope("shop", "production"))[0].drifts == ()
    for name in ("node-1", "node-2"):
        api.delete("nodes", "", name)
        desk.ok(*words)
        assert _recorded(desk) == both


def test_least_privilege_is_enough_and_less_is_told(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "envscout"},
        "rules": [{"apiGroups": [""], "resources": ["pods", "namespaces", "nodes"], "verbs": ["list", "watch"]}],
    }  # fmt: skip
    api.tokens["enough"] = granted([role])
    role["rules"][0]["resources"].pop()  # type: ignore[index]
    api.tokens["less"] = granted([role])
    api.tokens["nothing"] = Rights()
    api.apply(_deployment("one", "a", "shop/api:1"))
    words = _words(api, tmp_path / "k")
    for name, told in (("enough", ""), ("less", "nodes may not be listed"), ("nothing", "`list` and `watch`")):
        (tmp_path / name).mkdir()
        config = str(api.kubeconfig(tmp_path / name, token=name))
        answer = desk.call(*(config if "kubeconfig" in each and "/" in each else each for each in words), "--once")
        assert answer.code == (1 if name == "nothing" else 0)
        assert told in answer.err
        assert told or "may not" not in answer.err
    assert _recorded(desk) == _truth(api)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--kubeconfig", "/nowhere"), "no usable configuration"),
        (("--context", "other"), "no usable configuration"),
        (("--namespace", "x"), "maps no namespace"),
    ],
)
def test_wrong_usage_is_told(api: Cluster, desk: Desk, tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    answer = desk.call("watch", "kubernetes", "--once", *words, KUBECONFIG=str(api.kubeconfig(tmp_path)))
    assert answer.code == 64
    assert why in answer.refusal


def test_a_server_that_talks_nonsense_is_told(desk: Desk, tmp_path: Path) -> None:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    desk.ok("environment", "e", f"a/b@sha256:{'a' * 64}", "--no-index", "--org", "library")
    answers = [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"kind": "PodList", "items": 1}',
        b'{"kind": "Status", "metadata": {}}',
        b"\xff",
    ]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answers[0])))
            self.end_headers()
            self.wfile.write(answers[0])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c"}}],
        "current-context": "c",
    }
    (tmp_path / "config").write_text(json.dumps(config))
    try:
        while answers:
            words = ("watch", "kubernetes", "--once", "--environment", "e", "--kubeconfig", str(tmp_path / "config"))
            answer = desk.call(*words)
            assert answer.code == 1
            assert answer.refusal
            answers.pop(0)
            if not answers:
                break
    finally:
        server.shutdown()
        server.server_close()
    assert len(desk.ok("environment", "e").lines) == 1, "an empty answer is no empty cluster"


def test_watchers_leave_what_others_look_at(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    """Two watchers of clusters that are called alike, as many are, tell one store."""
    api.apply(_deployment("one", "a", "shop/api:1"), _deployment("two", "b", "shop/worker:1"))
    config = str(api.kubeconfig(tmp_path))
    for _ in range(2):
        for environment, other in (("one", "two"), ("two", "one")):
            words = ("--kubeconfig", config, "--environment", environment, "--namespace", f"{other}=", "--once")
            desk.ok("watch", "kubernetes", *words, "--org", "shop")
            assert desk.ok("environment", environment).lines
    assert set(_recorded(desk)) == {"one", "two"}


def test_what_went_while_nobody_looked_goes_whoever_recorded_it(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    words = ("watch", "kubernetes", "--kubeconfig", str(api.kubeconfig(tmp_path)), "--environment", "prod", "--once")
    api.digests["shop/api:1"] = digest = f"sha256:{'c' * 64}"
    desk.ok("environment", "prod", f"shop/api:1@{digest}", "--no-index", "--org", "shop", "--platform", "linux/arm64")
    api.apply(_deployment("one", "a", "shop/api:1"))
    desk.ok(*words, "--org", "shop")
    (running,) = desk.ok("environment", "prod", "--format", "json").json["deployments"]
    assert running["platform"] == "linux/arm64", "it runs in the slot that it was recorded in"
    api.delete("deployments", "one", "a")
    desk.ok(*words, "--org", "shop")
    assert _recorded(desk) == {}


def test_one_environment_that_cannot_be_told_keeps_no_other_from_it(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    api.change("namespaces", "", "one", {"metadata": {"labels": {LABEL: "-no name"}}})
    api.apply(_deployment("one", "a", "shop/api:1"), _deployment("two", "b", "shop/worker:1"))
    answer = desk.call(*_words(api, tmp_path / "k", "--once"))
    assert answer.code == 1
    assert "-no name could not be recorded" in answer.err
    assert set(_recorded(desk)) == {"staging"}


def test_an_address_that_is_wrong_for_a_while_is_asked_again(api: Cluster, desk: Desk, tmp_path: Path) -> None:
    api.apply(_deployment("one", "a", "shop/api:1"))
    with watching(desk, _words(api, tmp_path / "k"), tmp_path) as watcher:
        _becomes_equal(desk, api, watcher)
        api.failures += [Refused(404, "NotFound", "the server could not find the requested resource") for _ in range(4)]
        api.disconnect()
        api.apply(_deployment("one", "b", "shop/worker:1"))
        _becomes_equal(desk, api, watcher)
        assert "could not find" in watcher.told
