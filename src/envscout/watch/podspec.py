"""Where pods are described, in whatever object of Kubernetes, and what they run. Pure.

A pod is what has `containers`, https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/. It is
described under `spec` of a Pod, in a template of what makes pods, and anywhere in what a custom resource says.
"""

from collections.abc import Iterator, Mapping
from typing import Any

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


def containers(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the containers of all pods that are described in an object, in their order; shared parts once."""
    seen: set[int] = set()
    pending = [tree]
    while pending:
        each = pending.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, dict):
            yield from _own(each)
            pending += reversed([value for key, value in each.items() if key not in _LISTS])
        elif isinstance(each, list):
            pending += reversed(each)


def _own(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in _LISTS:
        yield from _list(part.get(key))
    for key in _STEPS:
        yield from (each for each in _list(part.get(key)) if each.get("image"))
    yield from (each for key in _SINGLE if isinstance(each := part.get(key), dict) and each.get("image"))


def _list(told: Any) -> list[dict[str, Any]]:
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
