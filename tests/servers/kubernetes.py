"""A Kubernetes cluster on loopback, over plain http: the API server, its controllers and its nodes, all in memory.

It speaks the protocol of the real one, so that the real kubectl and real clients drive it; no container ever runs.
What is written has had all its consequences before the answer is sent: the pods of an applied deployment already run,
and a watch was told of every step on the way there. What the server cannot do is said by the answer.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.kubernetes_access import EVERYTHING, Rights, granted
from tests.servers.kubernetes_controllers import Controllers
from tests.servers.kubernetes_kubelet import CONTAINERD, DOCKER, IMAGE_ID, Kubelet
from tests.servers.kubernetes_objects import Objects
from tests.servers.kubernetes_owners import Owners, born
from tests.servers.kubernetes_patches import strategic
from tests.servers.kubernetes_requests import Behaviour, Server
from tests.servers.kubernetes_resources import BY_NAME, BY_PLURAL, Object, Refused, copied
from tests.servers.kubernetes_selectors import choice
from tests.servers.kubernetes_verbs import Verbs

__all__ = [
    "CONTAINERD",
    "DOCKER",
    "EVERYTHING",
    "IMAGE_ID",
    "Cluster",
    "Object",
    "Refused",
    "Rights",
    "cluster",
    "granted",
]

FAILURES = {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}


class Cluster(Behaviour):
    """One running cluster. url is its address; kinds are named by their plurals (`pods`, `deployments`).

    nodes, digests, forms, waiting: see Kubelet. After one of them has changed, settle() has the nodes look again.
    """

    def __init__(self, history: int) -> None:
        super().__init__()
        self._objects = Objects(history)
        self._kubelet = Kubelet()
        self._owners = Owners(self._objects, self._kubelet)
        self._controllers = Controllers(self._owners)
        self._verbs = Verbs(self._owners, self._controllers)
        self.nodes, self.digests = self._kubelet.nodes, self._kubelet.digests
        self.forms, self.waiting = self._kubelet.forms, self._kubelet.waiting
        for name in ("default", "kube-system"):
            self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self._serve(0)

    @property
    def url(self) -> str:
        """Where the API is served."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def version(self) -> int:
        """The resourceVersion of the last write."""
        return self._objects.version

    @property
    def watchers(self) -> int:
        """How many watches are open."""
        return len(self._server.watches)

    def kubeconfig(self, folder: Path, token: str = "", namespace: str = "default") -> Path:
        """Write what KUBECONFIG names and return its path. kubectl sends no token over plain http; others do."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": self.url}}],
            "users": [{"name": "test", "user": {"token": token} if token else {}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}],
            "current-context": "test",
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(config))
        return path

    # What a test does to the cluster itself.

    def apply(self, *documents: Object) -> None:
        """Create objects, or change them as far as the documents say."""
        for document in documents:
            kind, meta = BY_NAME[document["kind"]], document["metadata"]
            namespace = meta.get("namespace", "default") if kind.namespaced else ""
            if held := self._objects.find(kind, namespace, meta["name"]):
                self._verbs.update(kind, namespace, meta["name"], strategic(held, copied(document)))
            else:
                self._verbs.create(kind, namespace, copied(document))

    def find(self, plural: str, namespace: str, name: str) -> Object:
        """Return an object; Refused says that it is not there."""
        return copied(self._verbs.get(BY_PLURAL[plural], namespace, name))

    def all(self, plural: str, namespace: str = "", labels: str = "") -> list[Object]:
        """Return the objects of a kind, of a namespace or of all, that a selector chooses."""
        kind = BY_PLURAL[plural]
        return [copied(held) for held in self._objects.all(kind, choice(kind, namespace, labels))]

    def change(self, plural: str, namespace: str, name: str, patch: Object, sub: str = "") -> None:
        """Apply a strategic merge patch to an object, or to a part of it."""
        how = "application/strategic-merge-patch+json"
        self._verbs.patch(BY_PLURAL[plural], namespace, name, copied(patch), how, sub)

    def delete(self, plural: str, namespace: str, name: str) -> None:
        """Delete an object and what it owns."""
        self._verbs.delete(BY_PLURAL[plural], namespace, name)

    def fire(self, namespace: str, name: str) -> str:
        """Let a CronJob's time come; return the name of its Job."""
        kind = BY_PLURAL["cronjobs"]
        with self._objects.changed:
            held = self._verbs.get(kind, namespace, name)
            job = self._owners.unused(BY_PLURAL["jobs"], namespace, f"{name}-")
            template = held["spec"]["jobTemplate"]
            usual = {"completions": 1, "parallelism": 1, **template["spec"]}
            made = self._owners.make(BY_PLURAL["jobs"], (kind, held), job, template, **usual)
            state = {"lastScheduleTime": made["metadata"]["creationTimestamp"]}
            self._verbs.update(kind, namespace, name, {"status": state}, "status")
        return job

    def put_pods(
        self,
        count: int,
        namespace: str = "bulk",
        image: str = "nginx:1",
        owner: Object | None = None,
        annotation: str = "",
    ) -> None:
        """Make many pods that run, quickly and without controllers: pod-00000 and so on, of an owner or of nobody."""
        kind = BY_PLURAL["pods"]
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        spec: Object = {"containers": [{"name": "main", "image": image}]}
        more: Object = {"labels": {"app": "bulk"}}
        if annotation:
            more["annotations"] = {"example.com/about": annotation}
        if owner:
            words = {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "controller": True}
            more["ownerReferences"] = [{"apiVersion": owner["apiVersion"], "kind": owner["kind"], **words}]
        with self._objects.changed:
            for number in range(count):
                made = born(kind, namespace, f"pod-{number:05}", {**spec})
                made["metadata"] |= more
                self._objects.put(kind, self._kubelet.next(self._kubelet.next(made, ends=False), ends=False))
            self._controllers.forget()

    def replace_pods(self, count: int, namespace: str = "bulk", image: str = "nginx:1") -> None:
        """Have the first pods of a namespace go and others come, quickly and without controllers, as in a rollout."""
        kind = BY_PLURAL["pods"]
        with self._objects.changed:
            there = [held for other, held in self._objects.within(namespace) if other is kind]
            for held in there[:count]:
                self._objects.remove(kind, held)
                spec: Object = {"containers": [{"name": "main", "image": image}]}
                made = born(kind, namespace, f"pod-{self._objects.version}", spec)
                kept = held["metadata"].keys() & {"labels", "annotations"}
                made["metadata"] |= {name: held["metadata"][name] for name in kept}
                # What is not ready yet is told, too.
                for _ in range(3):
                    self._objects.put(kind, made)
                    made = self._kubelet.next(made, ends=False)
            self._controllers.forget()

    def settle(self) -> None:
        """Have the controllers and the nodes look at everything again."""
        self._controllers.settle(everything=True)

    @property
    def automatic(self) -> bool:
        """Whether consequences follow every write, or only settle()."""
        return self._verbs.automatic

    @automatic.setter
    def automatic(self, value: bool) -> None:
        self._verbs.automatic = value

    @property
    def jobs_end(self) -> bool:
        """Whether what a Job runs comes to its end."""
        return self._controllers.jobs_end

    @jobs_end.setter
    def jobs_end(self, value: bool) -> None:
        self._controllers.jobs_end = value

    # What befalls its clients.

    def disconnect(self) -> None:
        """Cut the connections of all watches."""
        self._server.disconnect()

    def compact(self) -> None:
        """Have every resourceVersion so far be Gone, and every list that is half read; open watches go on."""
        self._objects.compact()

    def fail(self, count: int, code: int = 500, retry_after: int | None = 1) -> None:
        """Refuse the next requests, whatever they are. retry_after: seconds, or None to say nothing of it."""
        details = {} if retry_after is None else {"retryAfterSeconds": retry_after}
        reason = FAILURES[code]
        self.failures += [Refused(code, reason, f"the server says {reason}", details=details) for _ in range(count)]

    def stop(self) -> None:
        """Be gone: cut every connection and listen no more."""
        self._server.stop()
        self._thread.join()

    def start(self) -> None:
        """Come back on the same port, with everything that was there."""
        self._serve(self._port)

    def restart(self) -> None:
        """Be gone and come back."""
        self.stop()
        self.start()

    def _serve(self, port: int) -> None:
        self._server = Server(port, self._objects, self._verbs, self)
        self._port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()


@contextmanager
def cluster(history: int = 50_000) -> Iterator[Cluster]:
    """Run an empty cluster until the block ends. history: how many writes it remembers for watches."""
    running = Cluster(history)
    try:
        yield running
    finally:
        running.stop()
    assert not running.faults, "\n".join(running.faults)
