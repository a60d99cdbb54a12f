"""Doing what a pod says with an engine for containers: its user, its root, its folders, its variables, its secrets."""

import os
from pathlib import Path

from tests.deploy.chart import Object, containers, of_kind, pods
from tests.servers.engine import Engine

Secrets = dict[str, dict[str, str]]


class Pods:
    """The pods of a few objects. secrets: by name, what is in each; more: further words for `docker run`."""

    def __init__(self, engine: Engine, objects: list[Object], secrets: Secrets, folder: Path, *more: str) -> None:
        self._engine, self._secrets, self._folder, self._more = engine, secrets, folder, more
        self._pods, self._containers = pods(objects), dict(containers(objects))
        self._maps = {name: each["data"] for name, each in of_kind(objects, "ConfigMap").items()}

    def run(self, component: str, name: str) -> None:
        """Run the container of a component under a name."""
        words = ("--detach", "--name", name, *self._confined(component), *self._volumes(component), *self._more)
        container = self._containers[component]
        told = (word for key, each in self._told(container).items() for word in ("--env", f"{key}={each}"))
        self._engine.docker("run", *words, *told, "envscout", *container["args"])

    def probes(self, component: str) -> dict[str, str]:
        """Return the addresses that are asked how it is, by probe, as they are within the pod."""
        container = self._containers[component]
        ports = {each["name"]: each["containerPort"] for each in container["ports"]}
        asked = {name: each["httpGet"] for name, each in container.items() if name.endswith("Probe")}
        return {
            name: f"{each['scheme'].lower()}://127.0.0.1:{ports[each['port']]}{each['path']}"
            for name, each in asked.items()
        }

    def _confined(self, component: str) -> list[str]:
        pod, own = self._pods[component]["securityContext"], self._containers[component]["securityContext"]
        assert own["readOnlyRootFilesystem"]
        assert not own["allowPrivilegeEscalation"]
        drops = [word for each in own["capabilities"]["drop"] for word in ("--cap-drop", each)]
        user = f"{pod['runAsUser']}:{pod['runAsGroup']}"
        return ["--read-only", "--security-opt", "no-new-privileges", "--user", user, *drops]

    def _volumes(self, component: str) -> list[str]:
        pod = self._pods[component]
        group = pod["securityContext"]["fsGroup"]
        places = {each["name"]: each["mountPath"] for each in self._containers[component]["volumeMounts"]}
        words: list[str] = []
        for volume in pod["volumes"]:
            place = places[volume["name"]]
            if "emptyDir" in volume:
                # The group may write there, in a cluster; here the mode is what the image says, so that the user may.
                words += ["--tmpfs", f"{place}:uid={pod['securityContext']['runAsUser']},gid={group}"]
            else:
                words += ["--volume", f"{self._written(volume['secret'], group)}:{place}:ro"]
        return words

    def _written(self, volume: Object, group: int) -> Path:
        """Write the files of a volume that is of a secret; return their folder."""
        folder: Path = self._folder / volume["secretName"]
        folder.mkdir(exist_ok=True)
        for item in volume["items"]:
            if item["key"] in self._secrets[volume["secretName"]] or not volume.get("optional"):
                file = folder / item["path"]
                file.write_text(self._secrets[volume["secretName"]][item["key"]])
                file.chmod(volume["defaultMode"])
                os.chown(file, 0, group)
        return folder

    def _told(self, container: Object) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in container["envFrom"]:
            found |= self._maps[source["configMapRef"]["name"]]
        for each in container["env"]:
            if "value" in each:
                found[each["name"]] = each["value"]
                continue
            wanted = each["valueFrom"]["secretKeyRef"]
            if wanted["key"] in self._secrets[wanted["name"]] or not wanted.get("optional"):
                found[each["name"]] = self._secrets[wanted["name"]][wanted["key"]]
        return found
