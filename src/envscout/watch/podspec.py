"""Where pods are described, in whatever object of Kubernetes, and what they run. Pure.

A pod is what has `containers`, https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/. It is
described under `spec` of a Pod, in a template of what makes pods, and anywhere in what a custom resource says. A volume
may be an image as well: https://kubernetes.io/docs/concepts/storage/volumes/#image.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from envscout.watch.budget import Budget

MAX_PARTS = 2_000_000
"""Mappings, lists, texts and containers, each counted for every object that shares it."""
_VOLUMES = "volumes"
_LISTS = ("initContainers", "containers", "ephemeralContainers")
_STEPS, _SINGLE = ("steps", "sidecars"), ("container", "script")
"""What Tekton and Argo Workflows run in pods that they make: https://tekton.dev/docs/pipelines/tasks/,
https://argo-workflows.readthedocs.io/en/latest/fields/#template"""
OF_KUBERNETES = frozenset(
    {
        "Pod", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob",
        "PodTemplate",
    }
)  # fmt: skip
"""Kinds whose containers have an image each; elsewhere an operator may fill it in, and a part of it may be said."""


class Volume(dict[str, Any]):
    """A volume that is an image, as `name` and `image` of a container. line: of what is told of the image, or 0."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        """Take one that has a mapping under `image`."""
        image = told["image"]
        super().__init__(name=told.get("name"), image=image.get("reference"))
        self.line: int = getattr(image, "line", 0)


def parts() -> Budget:
    """Return how many parts objects may have together."""
    return Budget(MAX_PARTS, "shares too much with other objects")


def containers(tree: Any, budget: Budget | None = None, where: str = "") -> Iterator[Mapping[str, Any]]:
    """Yield the containers and image volumes of all pods that an object describes, in their order; shared parts once.

    budget: of parts, for all objects of a file, as they may share theirs. where: the object. Raise LimitExceeded.
    """
    budget = budget or parts()
    seen: set[int] = set()
    taken: set[int] = set()
    pending = [tree]
    while pending:
        each = pending.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        budget.spend(1, where)
        if isinstance(each, dict):
            for key in (*_LISTS, *_STEPS, _VOLUMES):
                if isinstance(told := each.get(key), list) and id(told) not in taken:
                    taken.add(id(told))
                    budget.spend(len(told), where)
                    yield from _listed(key, told)
            yield from (one for key in _SINGLE if isinstance(one := each.get(key), dict) and one.get("image"))
            pending += reversed([value for key, value in each.items() if key not in _LISTS])
        elif isinstance(each, list):
            pending += reversed(each)


def _listed(key: str, told: list[Any]) -> Iterator[Mapping[str, Any]]:
    found = (one for one in told if isinstance(one, dict))
    if key == _VOLUMES:
        return (Volume(one) for one in found if isinstance(one.get("image"), dict))
    return (one for one in found if key in _LISTS or one.get("image"))
