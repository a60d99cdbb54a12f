"""What may be done to objects, whoever asks: create, update, patch, scale, delete. Knows nothing of HTTP.

Every verb returns the object as it was written; what follows from that has then happened, too.
"""

from collections.abc import Callable
from typing import Any

from tests.servers.kubernetes_controllers import Controllers
from tests.servers.kubernetes_objects import Objects
from tests.servers.kubernetes_owners import Owners, born, grown
from tests.servers.kubernetes_patches import merged, stepwise, strategic
from tests.servers.kubernetes_resources import BY_PLURAL, Kind, Object, Refused, conflict, missing

PATCHES: dict[str, Callable[[Any, Any], Any]] = {
    "application/json-patch+json": stepwise,
    "application/merge-patch+json": merged,
    "application/strategic-merge-patch+json": strategic,
}
_ROLLED = {"replicas": 1, "revisionHistoryLimit": 10}
_DEFAULTS: dict[str, Object] = {
    "CronJob": {"concurrencyPolicy": "Allow", "suspend": False},
    "DaemonSet": {"revisionHistoryLimit": 10},
    "Deployment": {**_ROLLED, "progressDeadlineSeconds": 600},
    "Job": {"completions": 1, "parallelism": 1, "backoffLimit": 6},
    "Pod": {"restartPolicy": "Always", "serviceAccountName": "default"},
    "ReplicaSet": {"replicas": 1},
    "ReplicationController": {"replicas": 1},
    "Service": {"type": "ClusterIP"},
    "StatefulSet": {**_ROLLED, "podManagementPolicy": "OrderedReady"},
}
"""What a spec says that does not say it; only what somebody reads is here."""

_STRATEGIES = {"DaemonSet": "updateStrategy", "Deployment": "strategy", "StatefulSet": "updateStrategy"}


class Verbs:
    """What may be done. automatic: whether the controllers work after every write, or only when they are told to."""

    def __init__(self, owners: Owners, controllers: Controllers) -> None:
        self.automatic = True
        self._objects: Objects = owners.objects
        self._owners = owners
        self._controllers = controllers

    def get(self, kind: Kind, namespace: str, name: str, sub: str = "") -> Object:
        """Return an object, or its scale."""
        if sub not in ("", *kind.subresources):
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        held = self._objects.find(kind, namespace, name)
        if held is None:
            raise missing(kind, name)
        return _scale(held) if sub == "scale" else held

    def create(self, kind: Kind, namespace: str, body: Object) -> Object:
        """Make an object."""
        meta = body.get("metadata") or {}
        if (body.get("apiVersion"), body.get("kind")) != (kind.api_version, kind.name):
            raise Refused(400, "BadRequest", f"the object provided is no {kind.qualified} of {kind.api_version}")
        if meta.get("namespace", namespace) != namespace:
            text = "the namespace of the provided object does not match the namespace sent on the request"
            raise Refused(400, "BadRequest", text)
        with self._objects.changed:
            name = meta.get("name") or self._generated(kind, namespace, meta.get("generateName", ""))
            if namespace and not self._objects.find(BY_PLURAL["namespaces"], "", namespace):
                raise missing(BY_PLURAL["namespaces"], namespace)
            if self._objects.find(kind, namespace, name):
                details = {"name": name, "group": kind.group, "kind": kind.plural}
                raise Refused(409, "AlreadyExists", f'{kind.qualified} "{name}" already exists', details=details)
            made = born(kind, namespace, name)
            made = {**body, "metadata": {**meta, **made["metadata"]}}
            made.pop("status", None)
            return self._written(kind, _complete(kind, made))

    def update(self, kind: Kind, namespace: str, name: str, body: Object, sub: str = "") -> Object:
        """Replace an object, or of it only its status, its scale, its ephemeral containers."""
        with self._objects.changed:
            self.get(kind, namespace, name, sub)
            held = self.get(kind, namespace, name)
            for word in ("resourceVersion", "uid"):
                if body.get("metadata", {}).get(word) not in (None, "", held["metadata"][word]):
                    raise conflict(kind, name)
            made = self._written(kind, _replaced(kind, held, body, sub))
            return _scale(made) if sub == "scale" else made

    def patch(self, kind: Kind, namespace: str, name: str, patch: Any, how: str, sub: str = "") -> Object:
        """Change an object as a patch says; how is its media type."""
        if how not in PATCHES:
            known = ", ".join(PATCHES)
            text = f"the body of the request was in an unknown format - accepted media types include: {known}"
            raise Refused(415, "UnsupportedMediaType", text)
        with self._objects.changed:
            return self.update(kind, namespace, name, PATCHES[how](self.get(kind, namespace, name, sub), patch), sub)

    def delete(self, kind: Kind, namespace: str, name: str, grace: int | None = None, policy: str = "") -> Object:
        """Delete an object, and unless the policy is Orphan what it owns."""
        with self._objects.changed:
            held = self.get(kind, namespace, name)
            if policy == "Orphan":
                self._owners.orphan(held)
            left = self._owners.delete(kind, held, grace)
            self._settle()
            return left

    def _written(self, kind: Kind, made: Object) -> Object:
        kept = self._objects.put(kind, made)
        self._settle()
        return kept

    def _settle(self) -> None:
        if self.automatic:
            self._controllers.settle()

    def _generated(self, kind: Kind, namespace: str, prefix: str) -> str:
        if not prefix:
            text = "metadata.name: Required value: name or generateName is required"
            raise Refused(422, "Invalid", f'{kind.name} "" is invalid: {text}')
        return self._owners.unused(kind, namespace, prefix)


def _complete(kind: Kind, made: Object) -> Object:
    """Return an object with what the server assumes."""
    if kind.name not in _DEFAULTS:
        return made
    spec = {**_DEFAULTS[kind.name], **made.get("spec", {})}
    if word := _STRATEGIES.get(kind.name):
        spec[word] = {"type": "RollingUpdate", **(spec.get(word) or {})}
    return {**made, "spec": spec}


def _replaced(kind: Kind, held: Object, body: Object, sub: str) -> Object:
    """Return an object as an update of it, or of a part of it, makes it."""
    if sub == "status":
        return {**held, "status": body.get("status", {})}
    if sub == "scale":
        made = {**held, "spec": {**held["spec"], "replicas": body.get("spec", {}).get("replicas", 0)}}
    elif sub == "ephemeralcontainers":
        made = {**held, "spec": {**held["spec"], "ephemeralContainers": body["spec"].get("ephemeralContainers", [])}}
    else:
        ours = ("name", "namespace", "uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp")
        kept = {word: held["metadata"][word] for word in ours if word in held["metadata"]}
        made = _complete(kind, {**body, "metadata": {**body.get("metadata", {}), **kept}})
        made |= {"status": held["status"]} if "status" in held else {}
    return grown(made) if kind.counts_generations and made.get("spec") != held.get("spec") else made


def _scale(held: Object) -> Object:
    """Return the scale of an object."""
    meta = {
        word: held["metadata"][word] for word in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    }
    labels = held["spec"].get("selector", {}).get("matchLabels", {})
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": meta,
        "spec": {"replicas": held["spec"].get("replicas", 0)},
        "status": {"replicas": held.get("status", {}).get("replicas", 0), "selector": selector},
    }
