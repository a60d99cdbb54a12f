"""What a cluster serves: a table of kinds, the documents of discovery made of it, and how it says no.

Paths and documents: https://kubernetes.io/docs/reference/using-api/api-concepts/.
"""

import json
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""A document of the API. Once it is kept nobody changes it: a change is another document."""


@dataclass(frozen=True)
class Kind:
    """One kind of object; all are of version v1. subresources are those that a path may end in."""

    group: str
    plural: str
    name: str
    short: str = ""
    namespaced: bool = True
    subresources: tuple[str, ...] = ("status",)

    @property
    def api_version(self) -> str:
        """`v1` or `apps/v1`."""
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def prefix(self) -> str:
        """What paths begin with."""
        return f"/apis/{self.group}/v1" if self.group else "/api/v1"

    @property
    def qualified(self) -> str:
        """The name that messages have: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def counts_generations(self) -> bool:
        """Say whether metadata.generation grows with the spec."""
        return bool(self.group)

    @property
    def works(self) -> bool:
        """Say whether `kubectl get all` is about it."""
        return self.namespaced and "status" in self.subresources


_SCALED = ("status", "scale")
KINDS = (
    Kind("", "configmaps", "ConfigMap", "cm", subresources=()),
    Kind("", "namespaces", "Namespace", "ns", namespaced=False),
    Kind("", "nodes", "Node", "no", namespaced=False),
    Kind("", "pods", "Pod", "po", subresources=("status", "ephemeralcontainers")),
    Kind("", "replicationcontrollers", "ReplicationController", "rc", subresources=_SCALED),
    Kind("", "secrets", "Secret", subresources=()),
    Kind("", "serviceaccounts", "ServiceAccount", "sa", subresources=()),
    Kind("", "services", "Service", "svc"),
    Kind("apps", "daemonsets", "DaemonSet", "ds"),
    Kind("apps", "deployments", "Deployment", "deploy", subresources=_SCALED),
    Kind("apps", "replicasets", "ReplicaSet", "rs", subresources=_SCALED),
    Kind("apps", "statefulsets", "StatefulSet", "sts", subresources=_SCALED),
    Kind("batch", "cronjobs", "CronJob", "cj"),
    Kind("batch", "jobs", "Job"),
)
BY_PLURAL = {kind.plural: kind for kind in KINDS}
BY_NAME = {kind.name: kind for kind in KINDS}
BY_PATH = {(kind.prefix, kind.plural): kind for kind in KINDS}
PREFIXES = tuple(dict.fromkeys(kind.prefix for kind in KINDS))
VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


class Refused(Exception):
    """An answer that is a Status of failure."""

    def __init__(self, code: int, reason: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.document: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            **more,
            "code": code,
        }


def copied(document: Object) -> Object:
    """Return a copy to write in; several times faster than copy.deepcopy."""
    copy: Object = json.loads(json.dumps(document))
    return copy


def missing(kind: Kind, name: str) -> Refused:
    """Return the answer for what is not there."""
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return Refused(404, "NotFound", f'{kind.qualified} "{name}" not found', details=details)


def conflict(kind: Kind, name: str) -> Refused:
    """Return the answer to a change of what has changed meanwhile."""
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    text = "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {kind.qualified} "{name}": {text}'
    return Refused(409, "Conflict", message, details=details)


def success(kind: Kind, held: Object) -> Object:
    """Return the answer to a deletion."""
    meta = held["metadata"]
    details = {"name": meta["name"], "group": kind.group, "kind": kind.plural, "uid": meta["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _served(kind: Kind) -> list[Object]:
    """Return the rows of discovery of a kind: itself and its subresources."""
    row: Object = {"name": kind.plural, "singularName": kind.name.lower(), "namespaced": kind.namespaced}
    row |= {
        "kind": kind.name,
        "verbs": VERBS,
        "shortNames": [kind.short] if kind.short else [],
        "categories": ["all"] if kind.works else [],
    }
    rows = [row]
    for each in kind.subresources:
        below: Object = {"name": f"{kind.plural}/{each}", "singularName": "", "namespaced": kind.namespaced}
        below |= {"kind": kind.name, "verbs": ["get", "patch", "update"]}
        if each == "scale":
            below |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        rows.append(below)
    return rows


def _openapi(prefix: str) -> Object:
    """Return as much of a schema as tells kubectl that the server itself checks the fields."""
    paths: Object = {}
    for kind in KINDS:
        if kind.prefix == prefix:
            between = "/namespaces/{namespace}" if kind.namespaced else ""
            paths[f"{prefix}{between}/{kind.plural}/{{name}}"] = {
                "patch": {
                    "parameters": [{"name": "fieldValidation", "in": "query"}],
                    "x-kubernetes-group-version-kind": {"group": kind.group, "version": "v1", "kind": kind.name},
                }
            }
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.32.0"}, "paths": paths}


def _group(name: str) -> Object:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _documents() -> dict[str, Object]:
    groups = dict.fromkeys(kind.group for kind in KINDS if kind.group)
    documents: dict[str, Object] = {
        "/version": {"major": "1", "minor": "32", "gitVersion": "v1.32.0", "platform": "linux/amd64"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in groups]},
        "/openapi/v3": {"paths": {prefix[1:]: {"serverRelativeURL": f"/openapi/v3{prefix}"} for prefix in PREFIXES}},
    }
    for prefix in PREFIXES:
        rows = [row for kind in KINDS if kind.prefix == prefix for row in _served(kind)]
        version = prefix.removeprefix("/apis/").removeprefix("/api/")
        listed = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": rows}
        documents |= {prefix: listed, f"/openapi/v3{prefix}": _openapi(prefix)}
    return documents


DOCUMENTS = _documents()
"""What describes the server, by path. Everybody who is somebody may read it."""
