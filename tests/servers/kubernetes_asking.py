"""What tests ask a cluster over HTTP, without kubectl, and the manifests that they give it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import requests

from tests.servers.kubernetes import Cluster, Object

PODS = "/api/v1/pods"


class Watch:
    """An open watch. next() is its next event, None once it ends."""

    def __init__(self, connection: HTTPConnection, path: str) -> None:
        connection.request("GET", path)
        self._answer = connection.getresponse()
        self.status = self._answer.status

    def next(self) -> Any:
        """Return an event, or None."""
        line = self._answer.readline()
        return json.loads(line) if line else None

    def take(self, count: int) -> list[tuple[str, str]]:
        """Return the next events, short."""
        return [short(self.next()) for _ in range(count)]


@contextmanager
def watching(api: Cluster, path: str = PODS, **query: object) -> Iterator[Watch]:
    """Watch until the block ends."""
    words = "&".join(f"{name}={value}" for name, value in {"watch": "true", **query}.items())
    with closing(HTTPConnection(api.url.removeprefix("http://"), timeout=10)) as connection:
        yield Watch(connection, f"{path}?{words}")


def short(event: Object) -> tuple[str, str]:
    """Return what happened, and to whom."""
    return event["type"], event["object"]["metadata"]["name"]


def work(kind: str, name: str, *images: str, namespace: str = "default", **spec: Any) -> Object:
    """Return the manifest of what runs containers called a, b and so on."""
    containers = [{"name": chr(ord("a") + place), "image": image} for place, image in enumerate(images)]
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}}
    meta = {"name": name, "namespace": namespace}
    group = "batch/v1" if kind == "Job" else "apps/v1"
    more: Object = {} if kind == "Job" else {"selector": {"matchLabels": {"app": name}}}
    return {"apiVersion": group, "kind": kind, "metadata": meta, "spec": {**more, "template": template, **spec}}


def pod(name: str, image: str = "nginx:1", **spec: Any) -> Object:
    """Return the manifest of a pod of one container."""
    inner = {"containers": [{"name": "a", "image": image}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": inner}


def ask(api: Cluster, path: str, token: str = "", **query: object) -> Any:
    """Return what the cluster answers, whatever that is."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    words = {name: str(value) for name, value in query.items()}
    return requests.get(api.url + path, params=words, headers=headers, timeout=10).json()


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that is about to be."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
