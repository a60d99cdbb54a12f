"""What each kind of workload makes of its template: a step towards what is wanted, whenever something has changed.

https://kubernetes.io/docs/concepts/workloads/controllers/.
"""

import hashlib
import json
from collections.abc import Callable

from tests.servers.kubernetes_kubelet import now, ready
from tests.servers.kubernetes_owners import LETTERS, PODS, Owners, over
from tests.servers.kubernetes_resources import BY_PLURAL, Kind, Object

HASH = "pod-template-hash"
REVISION = "controller-revision-hash"
COUNT = "deployment.kubernetes.io/revision"
REPLICASETS = BY_PLURAL["replicasets"]


def replicas(owners: Owners, kind: Kind, held: Object) -> None:
    """Keep as many pods as are wanted; those that do not run are the first to go, then the youngest."""
    pods = sorted(owners.pods(held), key=ready, reverse=True)
    wanted = held["spec"].get("replicas", 1)
    for _ in range(wanted - len(pods)):
        pods.append(owners.sibling(kind, held, held["spec"]["template"]))
    for pod in pods[wanted:]:
        owners.delete(PODS, pod)
    kept = pods[:wanted]
    count = sum(map(ready, kept))
    going = sum("deletionTimestamp" in child["metadata"] for _, child in owners.children(held))
    counts = {"replicas": len(kept), "fullyLabeledReplicas": len(kept), "terminatingReplicas": going}
    owners.state(kind, held, **counts, readyReplicas=count, availableReplicas=count)


def deployment(owners: Owners, kind: Kind, held: Object) -> None:
    """Roll out: all new pods, then away with the old ones; the other way round if the strategy is Recreate."""
    sets = [child for each, child in owners.children(held) if each is REPLICASETS]
    spec = held["spec"]
    digest = _hash(spec["template"])
    old = [each for each in sets if each["metadata"]["labels"].get(HASH) != digest]
    new = next((each for each in sets if each not in old), None)
    wanted = spec.get("replicas", 1)
    if spec.get("strategy", {}).get("type") == "Recreate" and any(map(_has_pods, old)):
        _away(owners, old)
        new = None
    elif new is None and not spec.get("paused"):
        new = _replicaset(owners, kind, held, digest, wanted)
    elif new:
        owners.scale(REPLICASETS, new, wanted)
    if new and new.get("status", {}).get("readyReplicas", 0) >= wanted:
        _away(owners, old)
    if new:
        _count(owners, kind, held, new, old)
    _rollout(owners, kind, held, new, old)


def _has_pods(replicaset: Object) -> bool:
    """Say whether a ReplicaSet wants pods, or has some that are still there."""
    status = replicaset.get("status", {})
    words = ("replicas", "terminatingReplicas")
    return bool(replicaset["spec"]["replicas"] or any(status.get(word) for word in words))


def _away(owners: Owners, sets: list[Object]) -> None:
    for each in sets:
        owners.scale(REPLICASETS, each, 0)


def _replicaset(owners: Owners, kind: Kind, held: Object, digest: str, count: int) -> Object:
    """Make the ReplicaSet of a template."""
    template = _labelled(held["spec"]["template"], HASH, digest)
    labels = {**held["spec"].get("selector", {}).get("matchLabels", {}), HASH: digest}
    like = {"metadata": {"labels": template["metadata"]["labels"]}}
    name = f"{held['metadata']['name']}-{digest}"
    more = {"replicas": count, "selector": {"matchLabels": labels}, "template": template}
    return owners.make(REPLICASETS, (kind, held), name, like, **more)


def _count(owners: Owners, kind: Kind, held: Object, new: Object, old: list[Object]) -> None:
    """Write which revision of a deployment is its newest, as `kubectl rollout undo` reads it."""
    number = str(max(_revision(new), *(_revision(each) + 1 for each in old), 1))
    owners.annotate(REPLICASETS, new, COUNT, number)
    owners.annotate(kind, held, COUNT, number)


def _rollout(owners: Owners, kind: Kind, held: Object, new: Object | None, old: list[Object]) -> None:
    """Write the status of a deployment."""
    states = [each.get("status", {}) for each in (*old, *([new] if new else []))]
    total = {word: sum(each.get(word, 0) for each in states) for word in ("replicas", "readyReplicas")}
    updated = new.get("status", {}).get("replicas", 0) if new else 0
    done = updated == total["replicas"] == total["readyReplicas"] == held["spec"].get("replicas", 1)
    known = {each["type"]: each for each in held.get("status", {}).get("conditions", [])}
    conditions = [
        _condition(known, "Available", done, "MinimumReplicasAvailable" if done else "MinimumReplicasUnavailable"),
        _condition(known, "Progressing", True, "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"),
    ]
    owners.state(
        kind,
        held,
        **total,
        updatedReplicas=updated,
        availableReplicas=total["readyReplicas"],
        unavailableReplicas=max(0, held["spec"].get("replicas", 1) - total["readyReplicas"]),
        conditions=conditions,
    )


def daemonset(owners: Owners, kind: Kind, held: Object) -> None:
    """Keep one pod on every node; one of an old template goes before the new one comes."""
    digest = _hash(held["spec"]["template"])
    template = _labelled(held["spec"]["template"], REVISION, digest)
    pods = {pod["spec"].get("nodeName"): pod for pod in owners.pods(held)}
    for node, pod in list(pods.items()):
        if pod["metadata"]["labels"].get(REVISION) != digest or node not in owners.kubelet.nodes:
            owners.delete(PODS, pods.pop(node))
    leaving = {pod["spec"]["nodeName"] for each, pod in owners.children(held) if each is PODS} - pods.keys()
    for node in owners.kubelet.nodes:
        if node not in pods and node not in leaving:
            pods[node] = owners.sibling(kind, held, template, nodeName=node)
    count = sum(map(ready, pods.values()))
    words = ("currentNumberScheduled", "updatedNumberScheduled")
    counts = {
        **dict.fromkeys(words, len(pods)),
        "numberReady": count,
        "numberAvailable": count,
        "numberMisscheduled": 0,
    }
    owners.state(kind, held, **counts, desiredNumberScheduled=len(owners.kubelet.nodes))


def statefulset(owners: Owners, kind: Kind, held: Object) -> None:
    """Keep NAME-0 and so on: one comes when those before it run, and goes when those after it are gone."""
    digest = _hash(held["spec"]["template"])
    template = _labelled(held["spec"]["template"], REVISION, digest)
    name, wanted = held["metadata"]["name"], held["spec"].get("replicas", 1)
    pods = {child["metadata"]["name"]: child for each, child in owners.children(held) if each is PODS}
    places = [f"{name}-{place}" for place in range(wanted)]
    surplus = sorted(pods.keys() - set(places), key=lambda each: int(each.rpartition("-")[2]))
    stale = [each for each in places if each in pods and pods[each]["metadata"]["labels"].get(REVISION) != digest]
    lacking = next((each for each in places if each not in pods or not ready(pods[each])), "")
    if surplus:
        owners.delete(PODS, pods[surplus[-1]])
    elif lacking and lacking not in pods:
        more = {"hostname": lacking, "subdomain": held["spec"].get("serviceName", "")}
        pods[lacking] = owners.make(PODS, (kind, held), lacking, template, **more)
    elif stale and lacking in {"", *stale}:
        owners.delete(PODS, pods[lacking or stale[-1]])
    count = sum(map(ready, pods.values()))
    updated = len(pods) - len(surplus) - len(stale)
    counts = {"replicas": len(pods), "updatedReplicas": updated, "currentReplicas": updated}
    revision = {"currentRevision": f"{name}-{digest}", "updateRevision": f"{name}-{digest}"}
    owners.state(kind, held, **counts, **revision, readyReplicas=count, availableReplicas=count)


def job(owners: Owners, kind: Kind, held: Object) -> None:
    """Run as many pods at a time as may be, until enough have succeeded."""
    meta, spec = held["metadata"], held["spec"]
    done = [pod for each, pod in owners.children(held) if each is PODS and over(pod)]
    active = owners.pods(held)
    wanted = spec.get("completions", 1)
    template = spec["template"]
    for label, value in (("job-name", meta["name"]), ("controller-uid", meta["uid"])):
        template = _labelled(_labelled(template, label, value), f"batch.kubernetes.io/{label}", value)
    for _ in range(min(spec.get("parallelism", 1), wanted - len(done)) - len(active)):
        active.append(owners.sibling(kind, held, template))
    counts = {"active": len(active), "ready": sum(map(ready, active)), "succeeded": len(done)}
    before = held.get("status", {})
    status = {**counts, "startTime": before.get("startTime") or now()}
    if len(done) >= wanted:
        known = {each["type"]: each for each in before.get("conditions", [])}
        status["completionTime"] = before.get("completionTime") or now()
        status["conditions"] = [_condition(known, "Complete", True, "CompletionsReached")]
    owners.objects.put(kind, {**held, "status": status})


def _revision(replicaset: Object) -> int:
    return int((replicaset["metadata"].get("annotations") or {}).get(COUNT, 0))


def _hash(template: Object) -> str:
    """Return a short name for a template."""
    number = int.from_bytes(hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest())
    return "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(10))


def _labelled(template: Object, label: str, value: str) -> Object:
    meta = template.get("metadata") or {}
    return {**template, "metadata": {**meta, "labels": {**(meta.get("labels") or {}), label: value}}}


def _condition(known: dict[str, Object], name: str, holds: bool, reason: str) -> Object:
    """Return a condition; one that stays as it was keeps its time."""
    said = {"type": name, "status": str(holds), "reason": reason}
    before = known.get(name, {})
    if {**before, **said} == before:
        return before
    return {**said, "lastTransitionTime": now(), "lastUpdateTime": now()}


WORK: dict[str, Callable[[Owners, Kind, Object], None]] = {
    "DaemonSet": daemonset,
    "Deployment": deployment,
    "Job": job,
    "ReplicaSet": replicas,
    "ReplicationController": replicas,
    "StatefulSet": statefulset,
}
