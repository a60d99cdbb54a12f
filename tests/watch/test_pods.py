"""What a pod says runs, and where that is: pure rules, told every form that occurs."""

from typing import Any

import msgspec
import pytest

from envscout.environments.becoming import UNSEEN
from envscout.errors import UsageError
from envscout.watch.placing import Rules, environments, mapped
from envscout.watch.pods import Held, Metadata, Object, Pod, digest_of, platform, pod

A, B = (f"sha256:{digit * 64}" for digit in "ab")


def _told(status: dict[str, Any], spec: dict[str, Any], labels: dict[str, str] | None = None) -> Pod:
    whole = {"metadata": {"uid": "u", "namespace": "n", "labels": labels}, "spec": spec, "status": status}
    return pod(msgspec.json.decode(msgspec.json.encode(whole), type=Object), frozenset({"env"}))


def _one(image: str, image_id: str, status_image: str = "", phase: str = "Running") -> Pod:
    statuses = [{"name": "c", "image": status_image or image, "imageID": image_id}]
    return _told({"phase": phase, "containerStatuses": statuses}, {"containers": [{"name": "c", "image": image}]})


@pytest.mark.parametrize(
    ("image_id", "digest"),
    [
        (f"docker.io/library/nginx@{A}", A),
        (f"docker-pullable://nginx@{A}", A),
        (f"docker://{A}", A),
        (A, A),
        (f"registry.example.com:5000/a/b@{A}", A),
        ("", ""),
        ("docker.io/library/nginx:1.25", ""),
        ("nginx@sha256:short", ""),
        ("sha256:" + "A" * 64, ""),
    ],
)
def test_the_digest_of_every_form_of_image_id(image_id: str, digest: str) -> None:
    assert digest_of(image_id) == digest


def test_an_image_is_called_as_the_pod_calls_it() -> None:
    assert _one("nginx:1.25", f"docker.io/library/nginx@{A}", "docker.io/library/nginx:1.25").images == (
        Held("nginx:1.25", "library/nginx", A),
    )
    # Where the kubelet only knows the id by now, and the pod names none that can be read, the pull says it.
    assert _one("", f"docker-pullable://myorg/app@{A}", A).images == (Held(f"myorg/app@{A}", "myorg/app", A),)
    assert _one("not an image", A, A).images == ()
    assert _one("myorg/app:1", A).images == (Held("myorg/app:1", "myorg/app", A),)


def test_what_was_not_pulled_or_has_ended_does_not_run() -> None:
    assert _one("nginx", "").images == ()
    assert _one("nginx", A, phase="Succeeded").images == ()
    assert _one("nginx", A, phase="Failed").images == ()
    assert _one("nginx", A, phase="Pending").images != ()


def test_all_containers_of_a_pod_count_each_image_once() -> None:
    spec = {
        "containers": [{"name": "a", "image": "x/a"}, {"name": "b", "image": "x/a"}],
        "initContainers": [{"name": "i", "image": "x/i"}],
        "ephemeralContainers": [{"name": "e", "image": "x/e"}],
    }
    status = {
        "phase": "Running",
        "containerStatuses": [{"name": name, "image": "x/a", "imageID": f"x/a@{A}"} for name in "ab"],
        "initContainerStatuses": [{"name": "i", "image": "x/i", "imageID": f"x/i@{B}"}],
        "ephemeralContainerStatuses": [{"name": "e", "image": "x/e", "imageID": f"x/e@{B}"}],
    }
    found = _told(status, spec, {"env": "staging", "other": "x"})
    assert [each.repository for each in found.images] == ["x/i", "x/a", "x/e"]
    assert found.labels == {"env": "staging"}
    assert _told({"containerStatuses": None}, {"containers": None}).images == ()


def test_rules_place_pods() -> None:
    def place(rules: Rules, namespace: str, labels: dict[str, str] | None = None, **spaces: dict[str, str]) -> set[str]:
        known = {namespace: {}, **spaces}
        return set(environments([Pod(namespace, labels or {}, (Held("x/a:1", "x/a", A),))], known, rules, {}))

    assert place(Rules("production"), "any") == {"production"}
    rules = Rules("rest", mapped(["kube-*=", "team-*=staging", "team-a=never"]), "env")
    assert place(rules, "kube-system") == set()
    assert place(rules, "team-a") == {"staging"}
    assert place(rules, "other") == {"rest"}
    assert place(rules, "team-a", {"env": "own"}) == {"own"}
    assert place(rules, "space", {}, space={"env": "of-namespace"}) == {"of-namespace"}
    assert place(Rules(environment_label="env"), "space") == set()
    # A namespace that was not heard of yet may say where it is.
    pods = [Pod("new", {}, (Held("x/a:1", "x/a", A),))]
    assert environments(pods, {}, rules, {}) == {}
    assert set(environments(pods, {}, Rules("rest"), {})) == {"rest"}
    assert [rules.may_be(each) for each in ("rest", "staging", "anything")] == [True, True, True]
    assert [Rules("rest", mapped(["a=b"])).may_be(each) for each in ("rest", "b", "anything")] == [True, True, False]


def test_services_are_repositories_or_what_a_label_says() -> None:
    held = (Held("x/a:1", "x/a", A), Held("x/b:1", "x/b", A))
    pods = [Pod("n", {"app": "shop"}, held), Pod("n", {}, held), Pod("n", {}, ()), Pod("m", {}, (held[0],))]
    assert environments(pods, {}, Rules("e", service_label="app"), {}) == {
        "e": {("shop", A, ""): ("x/a:1", "x/b:1"), ("x/a", A, ""): ("x/a:1",), ("x/b", A, ""): ("x/b:1",)},
    }


def test_an_image_is_of_the_platforms_of_its_nodes() -> None:
    held = (Held("x/a:1", "x/a", A),)
    pods = [Pod("n", {}, held, node) for node in ("one", "two", "gone", "")]
    nodes = {"one": "linux/amd64", "two": "linux/arm64"}
    assert set(environments(pods, {}, Rules("e"), nodes)["e"]) == {
        ("x/a", A, "linux/amd64"), ("x/a", A, "linux/arm64"), ("x/a", A, UNSEEN),
    }  # fmt: skip
    assert set(environments(pods, {}, Rules("e"), {})["e"]) == {("x/a", A, "")}


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64"}, "linux/arm64"),
        ({"kubernetes.io/os": "windows", "kubernetes.io/arch": "amd64", "x": "y"}, "windows/amd64"),
        ({"kubernetes.io/arch": "arm64"}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_node_says_its_platform(labels: dict[str, str] | None, told: str) -> None:
    assert platform(Object(Metadata("node-1", labels=labels))) == told


@pytest.mark.parametrize("text", ["", "namespace", "=environment"])
def test_a_rule_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        mapped([text])
