"""Objects that own others, and how those come and go. What for, each kind of workload knows by itself."""

import random
import uuid
from typing import Any

from tests.servers.kubernetes_kubelet import Kubelet, now
from tests.servers.kubernetes_objects import Objects
from tests.servers.kubernetes_resources import BY_PLURAL, Kind, Object, copied

LETTERS = "bcdfghjklmnpqrstvwxz2456789"
PODS, NAMESPACES = BY_PLURAL["pods"], BY_PLURAL["namespaces"]

Key = tuple[Kind, str, str]


class Owners:
    """Makes, finds and deletes what is owned. owned: the keys of that, by the owner's uid."""

    def __init__(self, objects: Objects, kubelet: Kubelet) -> None:
        self.objects = objects
        self.kubelet = kubelet
        self.owned: dict[str, dict[Key, None]] = {}
        self._random = random.Random(0)

    def delete(self, kind: Kind, held: Object, grace: int | None = None) -> Object:
        """Begin to delete an object and return what is left of it: a pod and a namespace take their time."""
        gentle = kind is NAMESPACES or (kind is PODS and grace != 0 and held["spec"].get("nodeName"))
        if not gentle:
            return self.objects.remove(kind, held)
        if "deletionTimestamp" in held["metadata"]:
            return held
        more: Object = {"deletionTimestamp": now(), "deletionGracePeriodSeconds": 30 if grace is None else grace}
        return self.objects.put(kind, {**held, "metadata": {**held["metadata"], **more}})

    def orphan(self, held: Object) -> None:
        """Have what an object owns be its own master."""
        for kind, child in self.children(held):
            rest = [each for each in child["metadata"]["ownerReferences"] if each["uid"] != held["metadata"]["uid"]]
            self.objects.put(kind, {**child, "metadata": {**child["metadata"], "ownerReferences": rest}})
        self.owned.pop(held["metadata"]["uid"], None)

    def make(self, kind: Kind, owner: tuple[Kind, Object], name: str, template: Object, /, **more: Any) -> Object:
        """Make an object that another owns, from a template, or adopt it. more: further parts of its spec."""
        owned = owner[1]["metadata"]
        meta = {each: template.get("metadata", {}).get(each) for each in ("labels", "annotations")}
        reference = {"apiVersion": owner[0].api_version, "kind": owner[0].name, "name": owned["name"]}
        reference |= {"uid": owned["uid"], "controller": True, "blockOwnerDeletion": True}
        if there := self.objects.find(kind, owned["namespace"], name):
            return self.objects.put(kind, {**there, "metadata": {**there["metadata"], "ownerReferences": [reference]}})
        made = born(kind, owned["namespace"], name, copied({**template.get("spec", {}), **more}))
        made["metadata"] |= {"ownerReferences": [reference], **{key: value for key, value in meta.items() if value}}
        return self.objects.put(kind, made)

    def sibling(self, kind: Kind, owner: Object, template: Object, **more: Any) -> Object:
        """Make a pod beside those that an owner has."""
        meta = owner["metadata"]
        return self.make(
            PODS, (kind, owner), self.unused(PODS, meta["namespace"], f"{meta['name']}-"), template, **more
        )

    def children(self, owner: Object) -> list[tuple[Kind, Object]]:
        """Return what an object owns."""
        found = ((each[0], self.objects.find(*each)) for each in self.owned.get(owner["metadata"]["uid"], {}))
        return [(kind, held) for kind, held in found if held]

    def pods(self, owner: Object) -> list[Object]:
        """Return the pods of an owner that are neither at their end nor on the way there."""
        pods = (held for kind, held in self.children(owner) if kind is PODS)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and not over(pod)]

    def unused(self, kind: Kind, namespace: str, prefix: str) -> str:
        """Return a name that nothing has yet: the prefix and five letters."""
        while True:
            name = prefix + "".join(self._random.choices(LETTERS, k=5))
            if not self.objects.find(kind, namespace, name):
                return name

    def scale(self, kind: Kind, held: Object, count: int) -> None:
        """Have an object want so many pods."""
        if held["spec"].get("replicas") != count:
            self.objects.put(kind, grown({**held, "spec": {**held["spec"], "replicas": count}}))

    def state(self, kind: Kind, held: Object, **status: Any) -> None:
        """Write parts of an object's status, and that they are about its spec as it was found."""
        known = {"observedGeneration": held["metadata"].get("generation", 1), **status}
        current = self.objects.find(*key(kind, held))
        if current:
            self.objects.put(kind, {**current, "status": {**current.get("status", {}), **known}})

    def annotate(self, kind: Kind, held: Object, name: str, value: str) -> None:
        """Write an annotation."""
        current = self.objects.find(*key(kind, held)) or held
        meta = current["metadata"]
        annotations = {**(meta.get("annotations") or {}), name: value}
        self.objects.put(kind, {**current, "metadata": {**meta, "annotations": annotations}})


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


def over(pod: Object) -> bool:
    """Say whether a pod has come to its end."""
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}
