"""As much of a Kubernetes API server as `kubectl apply` and `kubectl get deployment` talk to; kubectl itself is real.

Paths and documents: https://kubernetes.io/docs/reference/using-api/api-concepts/.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
_KIND = {"group": "apps", "version": "v1", "kind": "Deployment"}
_GROUP = {"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]}
_RESOURCE = {"name": "deployments", "singularName": "deployment", "namespaced": True, "kind": "Deployment"}
_OPENAPI = {
    "openapi": "3.0.0",
    "info": {"title": "Kubernetes", "version": "v1.32.0"},
    "paths": {
        "/apis/apps/v1/namespaces/{namespace}/deployments/{name}": {
            "patch": {
                # That it is there tells kubectl that the server checks the fields.
                "parameters": [{"name": "fieldValidation", "in": "query"}],
                "x-kubernetes-group-version-kind": _KIND,
            }
        }
    },
}
_DOCUMENTS: dict[str, Any] = {
    "/version": {"major": "1", "minor": "32", "gitVersion": "v1.32.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_GROUP]},
    "/apis/apps/v1": {
        "kind": "APIResourceList",
        "groupVersion": "apps/v1",
        "resources": [{**_RESOURCE, "verbs": ["get", "create", "patch"], "shortNames": ["deploy"]}],
    },
    "/openapi/v3": {"paths": {"apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1"}}},
    "/openapi/v3/apis/apps/v1": _OPENAPI,
}


class Cluster(ThreadingHTTPServer):
    """Holds the deployments of one namespace, by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.held: dict[str, Any] = {}

    def write_config(self, into: Path) -> Path:
        """Write what KUBECONFIG names; return its path."""
        address = f"http://127.0.0.1:{self.server_address[1]}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": address}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "namespace": "default"}}],
            "current-context": "test",
        }
        into.write_text(json.dumps(config))
        return into


class _Handler(BaseHTTPRequestHandler):
    server: Cluster

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        found = _DOCUMENTS.get(path) or self.server.held.get(path)
        missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        self._answer(200 if found else 404, found or missing)

    def do_POST(self) -> None:
        held = self._body()
        path = f"{self.path.partition('?')[0]}/{held['metadata']['name']}"
        self.server.held[path] = held
        self._answer(201, held)

    def do_PATCH(self) -> None:
        """Take the containers of a strategic merge patch; there is one."""
        path = self.path.partition("?")[0]
        held = self.server.held[path]
        held["spec"]["template"]["spec"]["containers"] = self._body()["spec"]["template"]["spec"]["containers"]
        self._answer(200, held)

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the base class)
        """Say nothing."""


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a cluster without deployments until the block ends."""
    server = Cluster()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def manifest(name: str, image: str) -> str:
    """Return the manifest of a deployment of one container, as kubectl takes it."""
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": image}]},
            },
        },
    }
    return json.dumps(document)
