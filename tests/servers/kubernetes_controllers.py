"""The controllers and the nodes of a cluster in one: what is written leads to what follows from it, until nothing does.

Each works on one object whenever that or one of its own changes, as the real ones do; but all in one thread, in an
order that is the same every time.
"""

import hashlib
import json
import random
import uuid
from collections.abc import Callable
from typing import Any

from tests.servers.kubernetes_kubelet import Kubelet, now, ready
from tests.servers.kubernetes_objects import Event, Objects
from tests.servers.kubernetes_resources import BY_NAME, BY_PLURAL, KINDS, Kind, Object, copied
from tests.servers.kubernetes_selectors import Choice

HASH = "pod-template-hash"
REVISION = "controller-revision-hash"
COUNT = "deployment.kubernetes.io/revision"
MOST_STEPS = 1_000_000
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
PODS, JOBS, REPLICASETS = BY_PLURAL["pods"], BY_PLURAL["jobs"], BY_PLURAL["replicasets"]
NAMESPACES = BY_PLURAL["namespaces"]

Key = tuple[Kind, str, str]


class Controllers:
    """All of them. jobs_end: whether what a Job runs comes to its end."""

    def __init__(self, objects: Objects, kubelet: Kubelet) -> None:
        self.jobs_end = True
        self._objects = objects
        self._kubelet = kubelet
        self._random = random.Random(0)
        self._queue: dict[Key, None] = {}
        self._owned: dict[str, dict[Key, None]] = {}
        self._work: dict[str, Callable[[Kind, Object], None]] = {
            "DaemonSet": self._daemonset,
            "Deployment": self._deployment,
            "Job": self._job,
            "Namespace": self._namespace,
            "Pod": self._pod,
            "ReplicaSet": self._replicas,
            "ReplicationController": self._replicas,
            "StatefulSet": self._statefulset,
        }
        objects.listeners.append(self._noticed)

    def settle(self, everything: bool = False) -> None:
        """Do all that follows from what was written. everything: look at what nobody wrote, too."""
        with self._objects.changed:
            if everything:
                self._queue.update(
                    (key(kind, held), None) for kind in KINDS for held in self._objects.all(kind, Choice())
                )
            for _ in range(MOST_STEPS):
                if not self._queue:
                    return
                kind, namespace, name = next(iter(self._queue))
                del self._queue[kind, namespace, name]
                held = self._objects.find(kind, namespace, name)
                if held and "deletionTimestamp" not in held["metadata"] and self._abandoned(held):
                    self.delete(kind, held)
                elif held and kind.name in self._work:
                    self._work[kind.name](kind, held)
            raise AssertionError(f"it never settles: {list(self._queue)[:5]}")

    def delete(self, kind: Kind, held: Object, grace: int | None = None) -> Object:
        """Begin to delete an object and return what is left of it: a pod and a namespace take their time."""
        gentle = kind is NAMESPACES or (kind is PODS and grace != 0 and held["spec"].get("nodeName"))
        if not gentle:
            return self._objects.remove(kind, held)
        if "deletionTimestamp" in held["metadata"]:
            return held
        more: Object = {"deletionTimestamp": now(), "deletionGracePeriodSeconds": 30 if grace is None else grace}
        return self._objects.put(kind, {**held, "metadata": {**held["metadata"], **more}})

    def orphan(self, held: Object) -> None:
        """Have what an object owns be its own master."""
        for kind, child in self._children(held):
            rest = [each for each in child["metadata"]["ownerReferences"] if each["uid"] != held["metadata"]["uid"]]
            self._objects.put(kind, {**child, "metadata": {**child["metadata"], "ownerReferences": rest}})
        self._owned.pop(held["metadata"]["uid"], None)

    def make(self, kind: Kind, owner: tuple[Kind, Object], name: str, template: Object, /, **more: Any) -> Object:
        """Make an object that another owns, from a template. more: further parts of its spec."""
        owned = owner[1]["metadata"]
        meta = {each: template.get("metadata", {}).get(each) for each in ("labels", "annotations")}
        reference = {"apiVersion": owner[0].api_version, "kind": owner[0].name, "name": owned["name"]}
        reference |= {"uid": owned["uid"], "controller": True, "blockOwnerDeletion": True}
        made = born(kind, owned["namespace"], name, copied({**template.get("spec", {}), **more}))
        made["metadata"] |= {"ownerReferences": [reference], **{key: value for key, value in meta.items() if value}}
        return self._objects.put(kind, made)

    def _sibling(self, kind: Kind, owner: Object, template: Object, **more: Any) -> Object:
        """Make a pod beside those that an owner has."""
        meta = owner["metadata"]
        return self.make(
            PODS, (kind, owner), self.unused(PODS, meta["namespace"], f"{meta['name']}-"), template, **more
        )

    def _noticed(self, event: Event) -> None:
        """Queue what is concerned by a write: itself, its owners, and if it is gone what it owned."""
        meta = event.held["metadata"]
        this = key(event.kind, event.held)
        for reference in meta.get("ownerReferences", ()):
            if owner := BY_NAME.get(reference["kind"]):
                self._queue[owner, meta.get("namespace", ""), reference["name"]] = None
                owned = self._owned.setdefault(reference["uid"], {})
                if event.what == "DELETED":
                    owned.pop(this, None)
                else:
                    owned[this] = None
        if event.what == "DELETED":
            self._queue.update(self._owned.pop(meta["uid"], {}))
        else:
            self._queue[this] = None

    def _abandoned(self, held: Object) -> bool:
        """Say whether all owners of an object are gone; those of kinds that are not served never are."""
        references = held["metadata"].get("ownerReferences", [])
        return bool(references) and not any(self._lives(held, each) for each in references)

    def _lives(self, held: Object, reference: Object) -> bool:
        kind = BY_NAME.get(reference["kind"])
        owner = kind and self._objects.find(kind, held["metadata"].get("namespace", ""), reference["name"])
        return kind is None or bool(owner and owner["metadata"]["uid"] == reference["uid"])

    def _children(self, owner: Object) -> list[tuple[Kind, Object]]:
        found = ((each[0], self._objects.find(*each)) for each in self._owned.get(owner["metadata"]["uid"], {}))
        return [(kind, held) for kind, held in found if held]

    def _pods(self, owner: Object) -> list[Object]:
        """Return the pods of an owner that are neither at their end nor on the way there."""
        pods = (held for kind, held in self._children(owner) if kind is PODS)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and not _over(pod)]

    def unused(self, kind: Kind, namespace: str, prefix: str) -> str:
        """Return a name that nothing has yet: the prefix and five letters."""
        while True:
            name = prefix + "".join(self._random.choices(_LETTERS, k=5))
            if not self._objects.find(kind, namespace, name):
                return name

    def _scale(self, kind: Kind, held: Object, count: int) -> None:
        if held["spec"].get("replicas") != count:
            self._objects.put(kind, grown({**held, "spec": {**held["spec"], "replicas": count}}))

    def _state(self, kind: Kind, held: Object, **status: Any) -> None:
        known = {"observedGeneration": held["metadata"].get("generation", 1), **status}
        current = self._objects.find(*key(kind, held))
        if current:
            self._objects.put(kind, {**current, "status": {**current.get("status", {}), **known}})

    def _namespace(self, kind: Kind, held: Object) -> None:
        going = "deletionTimestamp" in held["metadata"]
        self._objects.put(kind, {**held, "status": {"phase": "Terminating" if going else "Active"}})
        if going:
            inside = list(self._objects.within(held["metadata"]["name"]))
            for each, other in inside:
                self.delete(each, other)
            if inside:
                self._queue[key(kind, held)] = None
            else:
                self._objects.remove(kind, held)

    def _pod(self, kind: Kind, held: Object) -> None:
        if "deletionTimestamp" in held["metadata"]:
            self._objects.remove(kind, held)
            return
        owner = held["metadata"].get("ownerReferences", [{}])[0].get("kind")
        self._objects.put(kind, self._kubelet.next(held, ends=self.jobs_end and owner == "Job"))

    def _replicas(self, kind: Kind, held: Object) -> None:
        """Keep as many pods as are wanted; those that do not run are the first to go, then the youngest."""
        pods = sorted(self._pods(held), key=ready, reverse=True)
        wanted = held["spec"].get("replicas", 1)
        for _ in range(wanted - len(pods)):
            pods.append(self._sibling(kind, held, held["spec"]["template"]))
        for pod in pods[wanted:]:
            self.delete(PODS, pod)
        kept = pods[:wanted]
        count = sum(map(ready, kept))
        self._state(
            kind, held, replicas=len(kept), fullyLabeledReplicas=len(kept), readyReplicas=count, availableReplicas=count
        )

    def _deployment(self, kind: Kind, held: Object) -> None:
        """Roll out: all new pods, then away with the old ones; the other way round if the strategy is Recreate."""
        sets = [child for each, child in self._children(held) if each is REPLICASETS]
        spec = held["spec"]
        digest = _hash(spec["template"])
        old = [each for each in sets if each["metadata"]["labels"].get(HASH) != digest]
        new = next((each for each in sets if each not in old), None)
        wanted = spec.get("replicas", 1)
        if spec.get("strategy", {}).get("type") == "Recreate" and any(each["spec"]["replicas"] for each in old):
            self._away(old)
            new = None
        elif new is None and not spec.get("paused"):
            new = self._replicaset(kind, held, digest, wanted)
        elif new:
            self._scale(REPLICASETS, new, wanted)
        if new and new.get("status", {}).get("readyReplicas", 0) >= wanted:
            self._away(old)
        if new:
            self._count(kind, held, new, old)
        self._rollout(kind, held, new, old)

    def _away(self, sets: list[Object]) -> None:
        for each in sets:
            self._scale(REPLICASETS, each, 0)

    def _replicaset(self, kind: Kind, held: Object, digest: str, count: int) -> Object:
        """Make the ReplicaSet of a template."""
        template = _labelled(held["spec"]["template"], HASH, digest)
        labels = {**held["spec"].get("selector", {}).get("matchLabels", {}), HASH: digest}
        like = {"metadata": {"labels": template["metadata"]["labels"]}}
        name = f"{held['metadata']['name']}-{digest}"
        more = {"replicas": count, "selector": {"matchLabels": labels}, "template": template}
        return self.make(REPLICASETS, (kind, held), name, like, **more)

    def _count(self, kind: Kind, held: Object, new: Object, old: list[Object]) -> None:
        """Write which revision of a deployment is its newest, as `kubectl rollout undo` reads it."""
        number = str(max(_revision(new), *(_revision(each) + 1 for each in old), 1))
        self._annotate(REPLICASETS, new, COUNT, number)
        self._annotate(kind, held, COUNT, number)

    def _annotate(self, kind: Kind, held: Object, name: str, value: str) -> None:
        current = self._objects.find(*key(kind, held)) or held
        meta = current["metadata"]
        annotations = {**(meta.get("annotations") or {}), name: value}
        self._objects.put(kind, {**current, "metadata": {**meta, "annotations": annotations}})

    def _rollout(self, kind: Kind, held: Object, new: Object | None, old: list[Object]) -> None:
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
        self._state(
            kind,
            held,
            **total,
            updatedReplicas=updated,
            availableReplicas=total["readyReplicas"],
            unavailableReplicas=max(0, held["spec"].get("replicas", 1) - total["readyReplicas"]),
            conditions=conditions,
        )

    def _daemonset(self, kind: Kind, held: Object) -> None:
        """Keep one pod on every node; one of an old template goes before the new one comes."""
        digest = _hash(held["spec"]["template"])
        template = _labelled(held["spec"]["template"], REVISION, digest)
        pods = {pod["spec"].get("nodeName"): pod for pod in self._pods(held)}
        for node, pod in list(pods.items()):
            if pod["metadata"]["labels"].get(REVISION) != digest or node not in self._kubelet.nodes:
                self.delete(PODS, pods.pop(node))
        leaving = {pod["spec"]["nodeName"] for each, pod in self._children(held) if each is PODS} - pods.keys()
        for node in self._kubelet.nodes:
            if node not in pods and node not in leaving:
                pods[node] = self._sibling(kind, held, template, nodeName=node)
        count = sum(map(ready, pods.values()))
        words = ("currentNumberScheduled", "updatedNumberScheduled")
        counts = {
            **dict.fromkeys(words, len(pods)),
            "numberReady": count,
            "numberAvailable": count,
            "numberMisscheduled": 0,
        }
        self._state(kind, held, **counts, desiredNumberScheduled=len(self._kubelet.nodes))

    def _statefulset(self, kind: Kind, held: Object) -> None:
        """Keep NAME-0 and so on: one comes when those before it run, and goes when those after it are gone."""
        digest = _hash(held["spec"]["template"])
        template = _labelled(held["spec"]["template"], REVISION, digest)
        name, wanted = held["metadata"]["name"], held["spec"].get("replicas", 1)
        pods = {child["metadata"]["name"]: child for each, child in self._children(held) if each is PODS}
        places = [f"{name}-{place}" for place in range(wanted)]
        surplus = sorted(pods.keys() - set(places), key=lambda each: int(each.rpartition("-")[2]))
        stale = [each for each in places if each in pods and pods[each]["metadata"]["labels"].get(REVISION) != digest]
        lacking = next((each for each in places if each not in pods or not ready(pods[each])), "")
        if surplus:
            self.delete(PODS, pods[surplus[-1]])
        elif lacking and lacking not in pods:
            more = {"hostname": lacking, "subdomain": held["spec"].get("serviceName", "")}
            pods[lacking] = self.make(PODS, (kind, held), lacking, template, **more)
        elif stale and lacking in {"", *stale}:
            self.delete(PODS, pods[lacking or stale[-1]])
        count = sum(map(ready, pods.values()))
        updated = len(pods) - len(surplus) - len(stale)
        counts = {"replicas": len(pods), "updatedReplicas": updated, "currentReplicas": updated}
        revision = {"currentRevision": f"{name}-{digest}", "updateRevision": f"{name}-{digest}"}
        self._state(kind, held, **counts, **revision, readyReplicas=count, availableReplicas=count)

    def _job(self, kind: Kind, held: Object) -> None:
        """Run as many pods at a time as may be, until enough have succeeded."""
        meta, spec = held["metadata"], held["spec"]
        done = [pod for each, pod in self._children(held) if each is PODS and _over(pod)]
        active = self._pods(held)
        wanted = spec.get("completions", 1)
        template = spec["template"]
        for label, value in (("job-name", meta["name"]), ("controller-uid", meta["uid"])):
            template = _labelled(_labelled(template, label, value), f"batch.kubernetes.io/{label}", value)
        for _ in range(min(spec.get("parallelism", 1), wanted - len(done)) - len(active)):
            active.append(self._sibling(kind, held, template))
        counts = {"active": len(active), "ready": sum(map(ready, active)), "succeeded": len(done)}
        before = held.get("status", {})
        status = {**counts, "startTime": before.get("startTime") or now()}
        if len(done) >= wanted:
            known = {each["type"]: each for each in before.get("conditions", [])}
            status["completionTime"] = before.get("completionTime") or now()
            status["conditions"] = [_condition(known, "Complete", True, "CompletionsReached")]
        self._objects.put(kind, {**held, "status": status})


def born(kind: Kind, namespace: str, name: str, spec: Object | None = None) -> Object:
    """Return an object with what the server gives every new one."""
    meta: Object = {"name": name, "uid": str(uuid.uuid4()), "creationTimestamp": now()}
    if kind.namespaced:
        meta["namespace"] = namespace
    if kind.counts_generations:
        meta["generation"] = 1
    made: Object = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": meta}
    return made if spec is None else {**made, "spec": spec}


def grown(held: Object) -> Object:
    """Return an object whose spec has changed, as of its next generation."""
    meta = held["metadata"]
    return {**held, "metadata": {**meta, "generation": meta.get("generation", 1) + 1}}


def key(kind: Kind, held: Object) -> Key:
    """Return what identifies an object."""
    return kind, held["metadata"].get("namespace", ""), held["metadata"]["name"]


def _revision(replicaset: Object) -> int:
    return int((replicaset["metadata"].get("annotations") or {}).get(COUNT, 0))


def _over(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def _hash(template: Object) -> str:
    """Return a short name for a template."""
    number = int.from_bytes(hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest())
    return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(10))


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
