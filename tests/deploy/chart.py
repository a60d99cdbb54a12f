"""What the chart becomes with given values, and the manifests that it was written to."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.servers.program import run

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/envscout"
MANIFESTS = ROOT / "deploy/kubernetes"
Object = dict[str, Any]

VALUES: Object = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA: Object = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

WATCHED: Object = {"watcher": {"enabled": True, "environment": "production"}}
SCALED: Object = {"server": {"autoscaling": {"enabled": True}}, "worker": {"autoscaling": {"enabled": True}}}
EVERYTHING: Object = {
    "image": {"repository": "registry.example.com/envscout", "digest": "sha256:" + "0" * 64, "pullPolicy": "Always"},
    "imagePullSecrets": [{"name": "pull"}],
    "database": {"existingSecret": "database", "port": 6432},
    "settings": {"public_url": "https://envscout.example.com", "processes": 2, "metrics_open": "1"},
    "oidc": {"existingSecret": "oidc"},
    "registries": {"existingSecret": "registries"},
    "tls": {"existingSecret": "tls"},
    "env": [{"name": "OTEL_SERVICE_NAME", "value": "envscout"}],
    "server": {"replicas": 3, "autoscaling": {"enabled": True}},
    "service": {"type": "LoadBalancer", "port": 443},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "annotations": {"nginx.ingress.kubernetes.io/backend-protocol": "HTTPS"},
        "host": "envscout.example.com",
        "tlsSecret": "ingress",
    },
    "worker": {"concurrency": 8, "autoscaling": {"enabled": True}},
    "watcher": {
        "enabled": True,
        "organization": "acme",
        "cluster": "west",
        "environment": "production",
        "namespaces": ["kube-*=", "team-*=staging"],
        "environmentLabel": "example.com/environment",
        "serviceLabel": "app.kubernetes.io/name",
        "selector": "tier in (web,api)",
        "serverCa": {"existingConfigMap": "trust", "key": "bundle.pem"},
        "env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
        "ports": [443, 16443, 3128],
        "extraEgress": [{"ports": [{"protocol": "TCP", "port": 5001}]}],
    },
    "networkPolicy": {
        "clients": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}],
        "ports": [443, 587],
        "extraEgress": [{"ports": [{"protocol": "TCP", "port": 5000}]}],
    },
    "serviceMonitor": {"enabled": True, "existingSecret": "metrics", "labels": {"release": "prometheus"}},
    "nodeSelector": {"kubernetes.io/arch": "arm64"},
    "tolerations": [{"key": "arch", "operator": "Exists"}],
}
"""No value as it is by default."""


def template(helm: str, values: Object | None = None, *only: str, release: str = "envscout") -> str:
    """Return what the chart becomes as text; only: of these templates alone. Raise RuntimeError as helm refuses it."""
    words = [word for each in only for word in ("--show-only", f"templates/{each}.yaml")]
    stdin = yaml.safe_dump(values or {}).encode()
    with tempfile.TemporaryDirectory() as folder:
        # helm reads and writes nothing of the user's.
        env = {**os.environ, **{f"HELM_{name}_HOME": folder for name in ("CACHE", "CONFIG", "DATA")}}
        words += ["--namespace", "envscout", "--values", "-"]
        return run(helm, "template", release, CHART, *words, stdin=stdin, env=env)


def documents(text: str) -> list[Object]:
    """Return the objects in a text."""
    return [each for each in yaml.safe_load_all(text) if each]


def manifest(name: str) -> list[Object]:
    """Return the objects of a file of deploy/kubernetes."""
    return documents((MANIFESTS / f"{name}.yaml").read_text(encoding="utf-8"))


def of_kind(objects: list[Object], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by name."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def pods(objects: list[Object]) -> dict[str, Object]:
    """Return the specifications of the pods of all Deployments, by component."""
    return {
        each["metadata"]["labels"]["app.kubernetes.io/component"]: each["spec"]["template"]["spec"]
        for each in of_kind(objects, "Deployment").values()
    }


def containers(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    """Yield component and container; each pod has one."""
    for component, pod in pods(objects).items():
        (container,) = pod["containers"]
        yield component, container
