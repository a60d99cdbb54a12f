"""Writes to the cluster that other tests stand on, and patches."""

import pytest
import requests

from tests.servers.kubernetes import Cluster, Object, Refused
from tests.servers.kubernetes_asking import pod, work
from tests.servers.kubernetes_patches import merged, stepwise, strategic

HEADERS = {"Content-Type": "application/strategic-merge-patch+json"}


def test_writes_that_cannot_be_are_refused(api: Cluster) -> None:
    path = f"{api.url}/api/v1/namespaces/default/pods"
    made = requests.post(path, json=pod("one"), timeout=10)
    assert made.status_code == 201
    answers = [
        requests.post(path, json=pod("one"), timeout=10),
        requests.put(f"{path}/one", json=made.json(), timeout=10),
        requests.put(f"{path}/none", json=pod("none"), timeout=10),
        requests.post(f"{api.url}/api/v1/namespaces/none/pods", json=pod("one"), timeout=10),
        requests.patch(f"{path}/one", json={}, headers={"Content-Type": "application/apply-patch+yaml"}, timeout=10),
        requests.post(path, data=b"k8s\0...", timeout=10),
        requests.post(path, data=b"{", timeout=10),
        requests.get(f"{path}/one/log", timeout=10),
        requests.get(f"{path}?fieldSelector=spec.color=red", timeout=10),
    ]
    said = [(answer.status_code, answer.json()["reason"]) for answer in answers]
    assert said == [
        (409, "AlreadyExists"),
        (409, "Conflict"),
        (404, "NotFound"),
        (404, "NotFound"),
        (415, "UnsupportedMediaType"),
        (415, "UnsupportedMediaType"),
        (400, "BadRequest"),
        (404, "NotFound"),
        (400, "BadRequest"),
    ]
    assert requests.get(f"{api.url}/nowhere", timeout=10).status_code == 404
    with pytest.raises(Refused):
        api.find("pods", "default", "two")


def test_versions_rise_and_generations_count_specs(api: Cluster) -> None:
    api.apply(work("Deployment", "web", "img:1"))
    first = api.find("deployments", "default", "web")["metadata"]
    path = f"{api.url}/apis/apps/v1/namespaces/default/deployments/web"
    requests.patch(path, json={"metadata": {"labels": {"x": "y"}}}, headers=HEADERS, timeout=10).raise_for_status()
    labelled = api.find("deployments", "default", "web")["metadata"]
    version = api.version
    requests.patch(path, json={"metadata": {"labels": {"x": "y"}}}, headers=HEADERS, timeout=10).raise_for_status()
    assert api.version == version
    requests.patch(path, json={"spec": {"replicas": 2}}, headers=HEADERS, timeout=10).raise_for_status()
    scaled = api.find("deployments", "default", "web")
    assert [each["generation"] for each in (first, labelled, scaled["metadata"])] == [1, 1, 2]
    assert scaled["status"]["observedGeneration"] == 2
    versions = [int(each["resourceVersion"]) for each in (first, labelled, scaled["metadata"])]
    assert versions == sorted(set(versions))
    assert first["uid"] == scaled["metadata"]["uid"]


def test_a_collection_is_deleted_by_selector(api: Cluster) -> None:
    api.apply(pod("one"), pod("two"))
    path = f"{api.url}/api/v1/namespaces/default/pods"
    requests.delete(path, params={"labelSelector": "app=one"}, timeout=10).raise_for_status()
    assert [each["metadata"]["name"] for each in api.all("pods")] == ["two"]


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        ({"containers": [{"name": "b", "image": "2"}]}, [("a", "1"), ("b", "2")]),
        ({"containers": [{"name": "a", "image": "2"}]}, [("a", "2"), ("b", "1")]),
        ({"containers": [{"name": "a", "$patch": "delete"}]}, [("b", "1")]),
        ({"containers": [{"$patch": "replace"}, {"name": "c", "image": "3"}]}, [("c", "3")]),
        ({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}, [("b", "1"), ("a", "1")]),
        ({"$retainKeys": []}, []),
    ],
)
def test_a_strategic_patch_knows_containers_by_name(patch: Object, result: list[tuple[str, str]]) -> None:
    held = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}
    found = strategic(held, patch).get("containers", [])
    assert [(each["name"], each["image"]) for each in found] == result
    assert held == {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}


def test_patches_of_other_kinds() -> None:
    held = {"a": {"b": 1, "c": 2}, "d": [1, 2]}
    assert merged(held, {"a": {"b": None}, "d": [3]}) == {"a": {"c": 2}, "d": [3]}
    steps: list[Object] = [
        {"op": "test", "path": "/a/b", "value": 1},
        {"op": "add", "path": "/d/-", "value": 3},
        {"op": "replace", "path": "/a/b", "value": 4},
        {"op": "remove", "path": "/a/c"},
    ]
    assert stepwise(held, steps) == {"a": {"b": 4}, "d": [1, 2, 3]}
    with pytest.raises(Refused):
        stepwise(held, [{"op": "test", "path": "/a/b", "value": 2}])
