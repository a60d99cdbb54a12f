"""What a node makes of a pod: the statuses of its containers, and the ids of the images that they run.

The forms of an imageID are those that container runtimes are known to write.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.servers.kubernetes_resources import Object, copied

CONTAINERD = "{repository}@{digest}"
DOCKER = "docker-pullable://{repository}@{digest}"
IMAGE_ID = "{digest}"
"""A bare digest is that of the image's configuration, or of nothing that a registry knows: no manifest's."""

_LISTS = (
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


@dataclass
class Kubelet:
    """What every node does. Images are named as pods name them.

    digests: what an image's tag points at; else the digest is made from the text. forms: how its imageID is written,
    the entry "" for all others. waiting: why its containers do not start ("ContainerCreating", "ImagePullBackOff").
    """

    nodes: list[str] = field(default_factory=lambda: ["node-1"])
    digests: dict[str, str] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=lambda: {"": CONTAINERD})
    waiting: dict[str, str] = field(default_factory=dict)
    _bound: int = 0

    def next(self, pod: Object, ends: bool) -> Object:
        """Return the pod after the node's next step: bound, running, then succeeded if it is one that ends."""
        pod = copied(pod)
        status = pod.setdefault("status", {})
        if not pod["spec"].get("nodeName"):
            pod["spec"]["nodeName"] = self.nodes[self._bound % len(self.nodes)]
            self._bound += 1
        if "startTime" not in status:
            status.update(phase="Pending", qosClass="BestEffort", startTime=now())
            self._look(pod, created=False)
        elif ends and status["phase"] == "Running":
            _end(status)
        elif status["phase"] not in {"Succeeded", "Failed"}:
            self._look(pod, created=True)
        return pod

    def image_id(self, image: str) -> str:
        """Return what a container that runs an image has as its imageID."""
        own = image.partition("@")[2]
        digest = own or self.digests.get(image) or f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
        repository = full(image).partition("@")[0]
        if repository.rfind(":") > repository.rfind("/"):
            repository = repository.rpartition(":")[0]
        return self.forms.get(image, self.forms[""]).format(repository=repository, digest=digest)

    def _look(self, pod: Object, created: bool) -> None:
        """Write the status of every container of a pod, and what follows for the pod."""
        status, ready = pod["status"], created
        for listed, stated in _LISTS:
            before = {each["name"]: each for each in status.get(stated, [])}
            wanted = pod["spec"].get(listed, [])
            found = []
            for each in wanted:
                reason = self.waiting.get(each["image"], "") if created else "ContainerCreating"
                if listed == "containers" and not ready and pod["spec"].get("initContainers"):
                    reason = "PodInitializing"
                found.append(self._state(pod, each, before.get(each["name"]), reason, listed))
            if found:
                status[stated] = found
            if listed != "ephemeralContainers":
                ready = ready and not any("waiting" in each["state"] for each in found)
        status["phase"] = "Running" if ready else "Pending"
        status["conditions"] = _conditions(status.get("conditions", []), ready)

    def _state(self, pod: Object, container: Object, before: Object | None, reason: str, listed: str) -> Object:
        image = full(container["image"])
        if before and before["image"] == image and before["imageID"]:
            return before
        count = before["restartCount"] + bool(before["imageID"]) if before else 0
        state: Object = {"name": container["name"], "image": image, "imageID": "", "restartCount": count}
        if reason:
            return {**state, "ready": False, "started": False, "state": {"waiting": {"reason": reason}}}
        state["imageID"] = self.image_id(container["image"])
        runtime = "docker" if state["imageID"].startswith("docker-pullable:") else "containerd"
        seed = f"{pod['metadata']['uid']} {container['name']} {count}"
        state["containerID"] = f"{runtime}://{hashlib.sha256(seed.encode()).hexdigest()}"
        if listed == "initContainers" and container.get("restartPolicy") != "Always":
            return {**state, "ready": True, "started": False, "state": {"terminated": _completed(state, now())}}
        return {**state, "ready": True, "started": True, "state": {"running": {"startedAt": now()}}}


def ready(pod: Object) -> bool:
    """Say whether all of a pod runs."""
    return bool(pod.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"])


def full(image: str) -> str:
    """Return an image's name as runtimes write it: with its registry, and a tag unless there is a digest."""
    first, slash, _ = image.partition("/")
    if not slash:
        image = f"docker.io/library/{image}"
    elif not ("." in first or ":" in first or first == "localhost"):
        image = f"docker.io/{image}"
    return image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"


def now() -> str:
    """Return the time as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _end(status: Object) -> None:
    """Let the containers of a running pod come to their end."""
    for each in status["containerStatuses"]:
        started = each["state"]["running"]["startedAt"]
        each.update(ready=False, started=False, state={"terminated": _completed(each, started)})
    status["phase"] = "Succeeded"
    status["conditions"] = _conditions(status["conditions"], False)


def _completed(state: Object, started: str) -> Object:
    container = state["containerID"]
    return {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": now(), "containerID": container}


def _conditions(before: list[Object], ready: bool) -> list[Object]:
    """Return the conditions of a pod; one that stays keeps its time."""
    known = {(each["type"], each["status"]): each for each in before}
    said = "True" if ready else "False"
    wanted = (("PodScheduled", "True"), ("Initialized", "True"), ("ContainersReady", said), ("Ready", said))
    return [known.get(each) or {"type": each[0], "status": each[1], "lastTransitionTime": now()} for each in wanted]
