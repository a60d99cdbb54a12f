"""Where pods are described, in whatever object of Kubernetes, and what they run. Pure.

A pod is what has `containers`, https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/. It is
described under `spec` of a Pod, in a template of what makes pods, and anywhere in what a custom resource says.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_LISTS = ("initContainers", "containers", "ephemeralContainers")


def containers(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the containers of all pods that are described in an object, in their order; shared parts once."""
    for pod in _pods(tree):
        for key in _LISTS:
            yield from _list(pod.get(key))


def _pods(tree: Any) -> Iterator[Mapping[str, Any]]:
    seen: set[int] = set()
    pending = [tree]
    while pending:
        each = pending.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, dict):
            if any(_list(each.get(key)) for key in _LISTS):
                yield each
                continue
            pending += reversed(each.values())
        elif isinstance(each, list):
            pending += reversed(each)


def _list(told: Any) -> list[dict[str, Any]]:
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
