"""What follows from what is written, in the cluster that other tests stand on."""

import requests

from tests.servers.kubernetes import DOCKER, IMAGE_ID, Cluster, Object
from tests.servers.kubernetes_asking import pod, short, watching, work

DIGEST = f"sha256:{'ab' * 32}"


def images(held: Object) -> list[str]:
    return [each["imageID"] for each in held["status"]["containerStatuses"]]


def test_an_image_id_has_the_forms_that_nodes_write(api: Cluster) -> None:
    own = f"busybox:1@{DIGEST}"
    api.digests.update({"nginx:1": DIGEST, "ghcr.io/x/y": DIGEST, "old:1": DIGEST, "local:1": DIGEST})
    api.forms.update({"old:1": DOCKER, "local:1": IMAGE_ID})
    api.apply(work("Deployment", "web", "nginx:1", "ghcr.io/x/y", "old:1", "local:1", own, "host:5000/z:1"))
    (held,) = api.all("pods")
    found = images(held)
    assert found[:3] == [
        f"docker.io/library/nginx@{DIGEST}",
        f"ghcr.io/x/y@{DIGEST}",
        f"docker-pullable://docker.io/library/old@{DIGEST}",
    ]
    assert found[3:5] == [DIGEST, f"docker.io/library/busybox@{DIGEST}"]
    assert found[5].startswith("host:5000/z@sha256:")
    shown = [each["image"] for each in held["status"]["containerStatuses"]]
    assert shown[:2] == ["docker.io/library/nginx:1", "ghcr.io/x/y:latest"]
    assert held["status"]["containerStatuses"][2]["containerID"].startswith("docker://")


def test_a_rollout_whose_image_cannot_be_had_leaves_the_old_pods(api: Cluster) -> None:
    api.apply(work("Deployment", "web", "img:1", replicas=2))
    api.waiting["img:2"] = "ImagePullBackOff"
    api.apply(work("Deployment", "web", "img:2", replicas=2))
    pods = api.all("pods")
    assert [each["status"]["phase"] for each in pods].count("Running") == 2
    (new, _) = (each for each in pods if each["spec"]["containers"][0]["image"] == "img:2")
    state = new["status"]["containerStatuses"][0]
    assert (state["imageID"], state["state"]) == ("", {"waiting": {"reason": "ImagePullBackOff"}})
    api.waiting.clear()
    api.settle()
    assert {each["spec"]["containers"][0]["image"] for each in api.all("pods")} == {"img:2"}


def test_a_tag_that_moves_is_another_digest_only_in_new_pods(api: Cluster) -> None:
    api.apply(work("Deployment", "web", "img:1"))
    before = images(api.all("pods")[0])
    api.digests["img:1"] = DIGEST
    api.settle()
    assert images(api.all("pods")[0]) == before
    api.delete("pods", "default", api.all("pods")[0]["metadata"]["name"])
    assert images(api.all("pods")[0]) == [f"docker.io/library/img@{DIGEST}"]


def test_init_and_ephemeral_containers_have_statuses_too(api: Cluster) -> None:
    first = {"name": "first", "image": "first:1"}
    api.waiting["first:1"] = "ErrImagePull"
    api.apply(pod("one", initContainers=[first]))
    status = api.find("pods", "default", "one")["status"]
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    api.waiting.clear()
    api.settle()
    late = {"ephemeralContainers": [{"name": "late", "image": "late:1"}]}
    api.change("pods", "default", "one", {"spec": late}, "ephemeralcontainers")
    status = api.find("pods", "default", "one")["status"]
    assert status["phase"] == "Running"
    assert status["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0
    found = [status[f"{word}Statuses"][0]["imageID"] for word in ("initContainer", "container", "ephemeralContainer")]
    assert [each.partition("@")[0].rpartition("/")[2] for each in found] == ["first", "nginx", "late"]


def test_a_daemonset_has_a_pod_on_every_node(api: Cluster) -> None:
    api.nodes[:] = ["node-1", "node-2", "node-3"]
    api.apply(work("DaemonSet", "log", "log:1"))
    api.apply(work("DaemonSet", "log", "log:2"))
    pods = api.all("pods")
    assert sorted(each["spec"]["nodeName"] for each in pods) == api.nodes
    assert {each["spec"]["containers"][0]["image"] for each in pods} == {"log:2"}
    api.nodes.pop()
    api.settle()
    assert len(api.all("pods")) == api.find("daemonsets", "default", "log")["status"]["numberReady"] == 2


def test_a_statefulset_keeps_its_names_and_goes_from_the_last(api: Cluster) -> None:
    api.apply(work("StatefulSet", "db", "db:1", replicas=3))
    start = api.version
    api.apply(work("StatefulSet", "db", "db:2", replicas=3))
    assert {each["metadata"]["name"]: each["spec"]["containers"][0]["image"] for each in api.all("pods")} == {
        f"db-{place}": "db:2" for place in range(3)
    }
    with watching(api, resourceVersion=start, timeoutSeconds=1) as watch:
        steps = list(map(short, iter(watch.next, None)))
    assert [name for what, name in steps if what == "DELETED"] == ["db-2", "db-1", "db-0"]
    api.change("statefulsets", "default", "db", {"spec": {"replicas": 1}})
    assert [each["metadata"]["name"] for each in api.all("pods")] == ["db-0"]
    assert api.find("statefulsets", "default", "db")["status"]["readyReplicas"] == 1


def test_what_a_job_runs_comes_to_its_end(api: Cluster) -> None:
    api.jobs_end = False
    api.apply(work("Job", "once", "tool:1", completions=2))
    assert [each["status"]["phase"] for each in api.all("pods")] == ["Running"]
    api.jobs_end = True
    api.settle()
    assert [each["status"]["phase"] for each in api.all("pods")] == ["Succeeded", "Succeeded"]
    assert api.find("jobs", "default", "once")["status"]["conditions"][0]["type"] == "Complete"


def test_a_cronjob_makes_a_job_when_its_time_comes(api: Cluster) -> None:
    inner = {"spec": work("Job", "tick", "tool:1")["spec"]}
    spec = {"schedule": "* * * * *", "jobTemplate": inner}
    api.apply({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"}, "spec": spec})
    name = api.fire("default", "tick")
    (held,) = api.all("pods")
    assert held["metadata"]["ownerReferences"][0]["name"] == name
    assert held["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"
    api.delete("cronjobs", "default", "tick")
    assert api.all("jobs") == api.all("pods") == []


def test_a_chain_of_owners_leads_from_pod_to_deployment(api: Cluster) -> None:
    api.apply(work("Deployment", "web", "img:1"))
    (held,) = api.all("pods")
    (reference,) = held["metadata"]["ownerReferences"]
    replicaset = api.find("replicasets", "default", reference["name"])
    assert (reference["kind"], reference["uid"]) == ("ReplicaSet", replicaset["metadata"]["uid"])
    deployment = api.find("deployments", "default", "web")
    assert replicaset["metadata"]["ownerReferences"][0]["uid"] == deployment["metadata"]["uid"]
    assert held["metadata"]["name"].startswith(f"{replicaset['metadata']['name']}-")
    answer = requests.delete(
        f"{api.url}/apis/apps/v1/namespaces/default/deployments/web", json={"propagationPolicy": "Orphan"}, timeout=10
    )
    assert answer.json()["status"] == "Success"
    assert len(api.all("pods")) == 1
    # Who has the same template is the new owner.
    api.apply(work("Deployment", "web", "img:1"))
    assert [each["metadata"]["uid"] for each in api.all("pods")] == [held["metadata"]["uid"]]


def test_what_a_node_or_a_stranger_owns_stays(api: Cluster) -> None:
    for kind, name in (("Node", "node-1"), ("Rollout", "web")):
        made = pod(name)
        made["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": kind, "name": name, "uid": "u"}]
        api.apply(made)
    api.settle()
    assert len(api.all("pods")) == 2


def test_recreating_ends_the_old_pods_first(api: Cluster) -> None:
    recreate: Object = {"strategy": {"type": "Recreate"}}
    api.apply(work("Deployment", "web", "img:1", **recreate))
    start = api.version
    api.apply(work("Deployment", "web", "img:2", **recreate))
    with watching(api, resourceVersion=start, timeoutSeconds=1) as watch:
        steps = [event["type"] for event in iter(watch.next, None)]
    assert steps == ["MODIFIED", "DELETED", "ADDED", "MODIFIED", "MODIFIED"]


def test_consequences_wait_if_they_are_told_to(api: Cluster) -> None:
    api.automatic = False
    api.apply(work("Deployment", "web", "img:1"))
    assert api.all("replicasets") == []
    api.settle()
    assert len(api.all("pods")) == 1
