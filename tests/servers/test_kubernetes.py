"""The cluster that other tests stand on: the real kubectl drives it, and it befalls clients as a real one does."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.servers.kubernetes import EVERYTHING, Cluster, Object, granted
from tests.servers.kubernetes_asking import PODS, ask, pod, short, until, watching, work
from tests.servers.program import need, run

Kubectl = Callable[..., str]
DEPLOYMENTS = "/apis/apps/v1/deployments"
DIGEST = f"sha256:{'ab' * 32}"


@pytest.fixture
def env(api: Cluster, tmp_path: Path) -> dict[str, str]:
    """Return the environment of programs that ask the cluster."""
    need("kubectl")
    return {**os.environ, "KUBECONFIG": str(api.kubeconfig(tmp_path)), "HOME": str(tmp_path)}


@pytest.fixture
def kubectl(env: dict[str, str]) -> Kubectl:
    """Return what runs the real kubectl."""
    return lambda *words, stdin="": run("kubectl", *words, stdin=stdin.encode(), env=env)


@pytest.mark.parametrize("name", ["bookinfo", "microservices-demo"])
def test_kubectl_applies_real_manifests_and_reads_what_runs(
    api: Cluster, kubectl: Kubectl, data: Path, name: str
) -> None:
    path = data / f"deploy/kubernetes/{name}.yaml"
    first = kubectl("apply", "-f", path)
    again = kubectl("apply", "-f", path)
    assert again == first.replace("created", "unchanged")
    deployments = json.loads(kubectl("get", "deployments", "-A", "-o", "json"))["items"]
    pods = json.loads(kubectl("get", "pods", "-A", "-o", "json"))["items"]
    assert len(deployments) == len(pods) == first.count("deployment.apps")
    assert all("@sha256:" in each["status"]["containerStatuses"][0]["imageID"] for each in pods)
    for each in deployments[:3]:
        name = each["metadata"]["name"]
        words = "jsonpath={.spec.template.spec.containers[0].image}"
        said = kubectl("get", "deployment", name, "-n", "default", "-o", words)
        assert said == each["spec"]["template"]["spec"]["containers"][0]["image"]
    assert {each["kind"] for each in (*deployments, *pods)} == {"Deployment", "Pod"}
    assert kubectl("get", "pods", "-A").count("\n") == len(pods) + 1
    kubectl("delete", "-f", path, "--wait=false")
    assert api.all("pods") == api.all("replicasets") == api.all("services") == []


def test_a_rollout_is_seen_by_kubectl(api: Cluster, kubectl: Kubectl, env: dict[str, str]) -> None:
    api.digests["img:2"] = DIGEST
    kubectl("apply", "-f", "-", stdin=json.dumps(work("Deployment", "web", "img:1", "side:1")))
    words = ["kubectl", "get", "pods", "-w", "--output-watch-events", "-o", "json"]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        until(lambda: api.watchers == 1)
        kubectl("set", "image", "deployment/web", "a=img:2")
        text = ""
        for line in process.stdout:
            text += line
            if '"DELETED"' in line:
                break
        api.disconnect()
        text += process.stdout.read()
    events = list(_documents(text))
    old, new = dict.fromkeys(event["object"]["metadata"]["name"] for event in events)
    steps = [(event["type"], event["object"]["metadata"]["name"]) for event in events]
    assert steps[:2] == [("ADDED", old), ("ADDED", new)]
    running = next(place for place, event in enumerate(events) if f"img@{DIGEST}" in "".join(images_of(event)))
    assert running < steps.index(("MODIFIED", old)) < steps.index(("DELETED", old))
    assert steps[-1] == ("DELETED", old)
    assert kubectl("rollout", "status", "deployment/web", "--timeout=5s").endswith("successfully rolled out\n")
    kubectl("rollout", "undo", "deployment/web")
    (left,) = api.all("pods")
    assert left["spec"]["containers"][0]["image"] == "img:1"


def images_of(event: Object) -> list[str]:
    return [each["imageID"] for each in event["object"].get("status", {}).get("containerStatuses", [])]


def _documents(text: str) -> Iterator[Object]:
    """Yield the documents of a text that holds one after the other."""
    decoder = json.JSONDecoder()
    while text := text.strip():
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:]


def test_kubectl_scales_and_deletes(api: Cluster, kubectl: Kubectl) -> None:
    api.apply(work("Deployment", "web", "img:1"))
    kubectl("scale", "deployment/web", "--replicas=3")
    names = kubectl("get", "pods", "-l", "app=web", "-o", "name").split()
    assert len(set(names)) == 3
    assert all(name.startswith("pod/web-") and name.count("-") == 2 for name in names)
    kubectl("scale", "deployment/web", "--replicas=0")
    assert api.all("pods") == []
    assert len(api.all("replicasets")) == 1
    kubectl("scale", "deployment/web", "--replicas=1")
    kubectl("delete", "deployment", "web")
    assert api.all("replicasets") == api.all("pods") == []
    with pytest.raises(RuntimeError, match=r'\(NotFound\): deployments.apps "web" not found'):
        kubectl("get", "deployment", "web")


def test_kubectl_takes_away_whole_namespaces(api: Cluster, kubectl: Kubectl) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    items = [space, work("Deployment", "web", "img:1", namespace="shop")]
    kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    assert kubectl("get", "pods", "-n", "shop", "-o", "name").startswith("pod/web-")
    kubectl("delete", "namespace", "shop")
    assert api.all("deployments") == api.all("replicasets") == api.all("pods") == []
    assert [each["metadata"]["name"] for each in api.all("namespaces")] == ["default", "kube-system"]


def test_kubectl_asks_again_when_told_to(api: Cluster, kubectl: Kubectl) -> None:
    api.apply(pod("one"))
    kubectl("get", "pods")
    api.fail(2, 429, retry_after=1)
    assert kubectl("get", "pods", "-o", "name") == "pod/one\n"
    api.fail(1, 500, retry_after=None)
    with pytest.raises(RuntimeError, match="InternalError"):
        kubectl("get", "pods", "-o", "name")


def test_kubectl_reads_in_pages(api: Cluster, kubectl: Kubectl) -> None:
    api.put_pods(30)
    assert len(kubectl("get", "pods", "-A", "--chunk-size=7", "-o", "name").split()) == 30
    assert api.requests["list", PODS] == 5


def test_it_comes_back_where_it_was_with_what_it_had(api: Cluster) -> None:
    api.apply(pod("one"))
    url, version = api.url, api.version
    with watching(api, resourceVersion=version) as watch:
        api.stop()
        assert not watch.next()
        with pytest.raises(requests.ConnectionError):
            requests.get(url + PODS, timeout=10)
        api.start()
    assert api.url == url
    assert ask(api, PODS)["metadata"]["resourceVersion"] == str(version)
    api.apply(pod("two"))
    with watching(api, resourceVersion=version) as watch:
        assert short(watch.next()) == ("ADDED", "two")


def test_it_refuses_as_often_as_it_is_told_to(api: Cluster) -> None:
    api.fail(1, 429, retry_after=7)
    api.fail(1, 503, retry_after=None)
    busy, down, well = (requests.get(api.url + PODS, timeout=10) for _ in range(3))
    assert (busy.status_code, busy.headers["Retry-After"], busy.json()["reason"]) == (429, "7", "TooManyRequests")
    assert (down.status_code, "Retry-After" in down.headers) == (503, False)
    assert well.status_code == 200
    assert api.requests == {("list", PODS): 3}


def test_it_may_be_slow(api: Cluster) -> None:
    api.delay = 0.3
    begun = time.monotonic()
    ask(api, "/version")
    assert time.monotonic() - begun >= 0.3


def test_only_who_may_is_answered(api: Cluster) -> None:
    rule = {"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["list", "watch"]}
    api.apply(pod("one"))
    api.tokens |= {"reader": granted([{"rules": [rule]}]), "shop": granted([{"rules": [rule]}], "default")}
    api.tokens["root"] = EVERYTHING
    assert ask(api, PODS)["code"] == ask(api, PODS, "guess")["code"] == ask(api, "/version")["code"] == 401
    assert len(ask(api, PODS, "reader")["items"]) == 1
    assert ask(api, DEPLOYMENTS, "reader")["items"] == []
    assert "gitVersion" in ask(api, "/version", "reader")
    status = ask(api, "/api/v1/namespaces/default/secrets", "reader")
    assert (status["code"], status["reason"]) == (403, "Forbidden")
    assert status["message"].endswith('cannot list resource "secrets" in API group "" in the namespace "default"')
    assert ask(api, f"{PODS}", "shop")["code"] == 403
    assert len(ask(api, "/api/v1/namespaces/default/pods", "shop")["items"]) == 1
    assert ask(api, "/api/v1/namespaces/default/pods/one", "shop")["code"] == 403
    assert ask(api, "/api/v1/namespaces/default/pods/one", "root")["kind"] == "Pod"
