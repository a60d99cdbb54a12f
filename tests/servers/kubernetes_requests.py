"""A cluster's API over HTTP: from a request to a verb, and back. What it means is said elsewhere.

https://kubernetes.io/docs/reference/using-api/api-concepts/.
"""

import json
import math
import socket
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.servers.kubernetes_access import Rights, authenticate, authorize
from tests.servers.kubernetes_objects import Objects, gone
from tests.servers.kubernetes_resources import (
    BY_PATH,
    DOCUMENTS,
    PREFIXES,
    Kind,
    Object,
    Refused,
    success,
)
from tests.servers.kubernetes_selectors import Choice, choice
from tests.servers.kubernetes_verbs import Verbs
from tests.servers.kubernetes_watches import Wanted, told

YES = {"1", "true"}
WATCH_SECONDS = 3600.0


@dataclass
class Behaviour:
    """How the server treats its clients; may be changed at any time.

    tokens: who may ask, and for what; empty, everybody may all. requests: how often each verb was asked of each path.
    delay: seconds before every answer. bookmark_seconds: between the bookmarks of a watch. gone_by_status: whether a
    watch that is too late gets HTTP 410 at once, or an event that says so; real servers do either. failures: the next
    answers. faults: what went wrong in the server itself, as tracebacks.
    """

    tokens: dict[str, Rights] = field(default_factory=dict)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    delay: float = 0.0
    bookmark_seconds: float = 60.0
    gone_by_status: bool = False
    failures: list[Refused] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """What a path names; without a name, all of a kind."""

    kind: Kind
    namespace: str
    name: str
    sub: str


def target(path: str) -> Target | None:
    """Return what a path names, or None if that is nothing that is kept."""
    prefix = next((each for each in PREFIXES if path.startswith(f"{each}/")), "")
    if not prefix:
        return None
    parts = path.removeprefix(f"{prefix}/").strip("/").split("/")
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2 and (prefix, parts[2]) in BY_PATH:
        namespace, parts = parts[1], parts[2:]
    kind = BY_PATH.get((prefix, parts[0]))
    if kind is None or len(parts) > 3:
        return None
    return Target(kind, namespace, *[*parts[1:], "", ""][:2])


class Server(ThreadingHTTPServer):
    """Listens, and knows its connections, so that it can end them."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, objects: Objects, verbs: Verbs, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.objects, self.verbs, self.behaviour = objects, verbs, behaviour
        self.watches: set[socket.socket] = set()
        self.stopping = threading.Event()
        self._connections: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Remember what went wrong here; clients that go away are none of it."""
        if not isinstance(sys.exception(), ConnectionError):
            self.behaviour.faults.append(traceback.format_exc())

    def disconnect(self, connections: set[Any] | None = None) -> None:
        """End the connections of all watches, or others, without a word."""
        for each in list(self.watches if connections is None else connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self.objects.changed:
            self.watches.clear()
            self.objects.changed.notify_all()

    def stop(self) -> None:
        """Stop listening and end every connection."""
        self.stopping.set()
        self.shutdown()
        self.disconnect(self._connections)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    query: dict[str, str]

    def finish(self) -> None:
        """Close both ways, also where the client is gone and what was left to be written cannot be."""
        with suppress(OSError):
            super().finish()
        self.rfile.close()

    def do_GET(self) -> None:
        """Answer, whatever the method."""
        split = urlsplit(self.path)
        self.path, self.query = split.path, dict(parse_qsl(split.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._serve(body)
        except Refused as no:
            wait = no.document.get("details", {}).get("retryAfterSeconds")
            self._answer(no.code, no.document, *([] if wait is None else [("Retry-After", str(wait))]))
        except ConnectionError:
            raise
        except Exception as fault:
            self.server.behaviour.faults.append(traceback.format_exc())
            self._answer(500, Refused(500, "InternalError", repr(fault)).document)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 (the names of the base class)

    def _serve(self, body: bytes) -> None:
        behaviour = self.server.behaviour
        found = target(self.path)
        verb = self._verb(found)
        with self.server.objects.changed:
            behaviour.requests[verb, self.path] += 1
            refusal = behaviour.failures.pop(0) if behaviour.failures else None
        self.server.stopping.wait(behaviour.delay)
        if refusal:
            raise refusal
        rights = authenticate(behaviour.tokens, self.headers.get("Authorization", ""))
        if found is None:
            self._describe()
            return
        authorize(rights, verb, found.kind, found.namespace, found.name, found.sub)
        answers: dict[str, Callable[[Target, bytes], None]] = {
            "create": self._create,
            "delete": self._delete,
            "deletecollection": self._delete_all,
            "get": self._get,
            "list": self._list,
            "patch": self._patch,
            "update": self._update,
            "watch": self._watch,
        }
        answers[verb](found, body)

    def _verb(self, found: Target | None) -> str:
        """Return the verb of a request, as the rights name it."""
        if self.command == "GET":
            if found and self.query.get("watch") in YES:
                return "watch"
            return "get" if found is None or found.name else "list"
        if self.command == "DELETE":
            return "delete" if found is None or found.name else "deletecollection"
        return {"POST": "create", "PUT": "update", "PATCH": "patch"}[self.command]

    def _describe(self) -> None:
        """Answer about the server itself."""
        if self.path in DOCUMENTS:
            self._answer(200, DOCUMENTS[self.path])
        elif self.path in {"/healthz", "/livez", "/readyz"}:
            self._send(200, b"ok", "text/plain")
        elif self.path == "/openapi/v2":
            # A schema that knows nothing; old kubectl then leaves it to the server to check the fields.
            self._send(200, b"", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
        else:
            self._send(404, b"404 page not found\n", "text/plain")

    def _get(self, found: Target, body: bytes) -> None:
        self._answer(200, self.server.verbs.get(found.kind, found.namespace, found.name, found.sub))

    def _list(self, found: Target, body: bytes) -> None:
        limit = int(self.query.get("limit") or 0)
        page = self.server.objects.page(found.kind, self._chosen(found), limit, self.query.get("continue", ""))
        meta: Object = {"resourceVersion": str(page.version)}
        if page.token:
            meta["continue"] = page.token
            if not self.query.get("labelSelector") and not self.query.get("fieldSelector"):
                meta["remainingItemCount"] = page.remaining
        # The list says of what kind its items are; they do not.
        items = [
            {name: value for name, value in held.items() if name not in {"kind", "apiVersion"}} for held in page.items
        ]
        document = {"kind": f"{found.kind.name}List", "apiVersion": found.kind.api_version, "metadata": meta}
        self._answer(200, {**document, "items": items})

    def _watch(self, found: Target, body: bytes) -> None:
        behaviour, objects = self.server.behaviour, self.server.objects
        version = int(self.query.get("resourceVersion") or 0)
        chosen = self._chosen(found)
        late = gone(version, objects.version) if version and not objects.known(version) else None
        if late and behaviour.gone_by_status:
            raise late
        wanted = Wanted(
            found.kind,
            chosen,
            float(self.query.get("timeoutSeconds") or WATCH_SECONDS),
            behaviour.bookmark_seconds if self.query.get("allowWatchBookmarks") in YES else math.inf,
            self.query.get("sendInitialEvents") in YES,
        )
        if late:
            events = iter([{"type": "ERROR", "object": late.document}])
        else:
            events = told(objects, wanted, version, self._ended)
        self._head(200, "application/json", ("Transfer-Encoding", "chunked"))
        self.server.watches.add(self.connection)
        try:
            self._stream(events)
        finally:
            self.server.watches.discard(self.connection)

    def _stream(self, events: Iterator[Object]) -> None:
        """Send events as they come; a watch that was ended from here has no last chunk."""
        self.wfile.flush()
        for event in events:
            line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
        if self._ended():
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _ended(self) -> bool:
        return self.connection not in self.server.watches or self.server.stopping.is_set()

    def _create(self, found: Target, body: bytes) -> None:
        if found.name:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        self._answer(201, self.server.verbs.create(found.kind, found.namespace, _parsed(body)))

    def _update(self, found: Target, body: bytes) -> None:
        made = self.server.verbs.update(found.kind, found.namespace, found.name, _parsed(body), found.sub)
        self._answer(200, made)

    def _patch(self, found: Target, body: bytes) -> None:
        how = self.headers.get("Content-Type", "").partition(";")[0]
        made = self.server.verbs.patch(found.kind, found.namespace, found.name, _parsed(body), how, found.sub)
        self._answer(200, made)

    def _delete(self, found: Target, body: bytes) -> None:
        """Delete one; of a pod or a namespace something is left for a while, and that is the answer."""
        options = {**(_parsed(body) if body else {}), **self.query}
        grace = options.get("gracePeriodSeconds")
        policy = options.get("propagationPolicy", "")
        number = None if grace is None else int(grace)
        left = self.server.verbs.delete(found.kind, found.namespace, found.name, number, policy)
        lasting = found.kind.name in {"Pod", "Namespace"}
        self._answer(200, left if lasting else success(found.kind, left))

    def _delete_all(self, found: Target, body: bytes) -> None:
        for held in self.server.objects.all(found.kind, self._chosen(found)):
            self.server.verbs.delete(found.kind, held["metadata"].get("namespace", ""), held["metadata"]["name"])
        self._answer(200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})

    def _chosen(self, found: Target) -> Choice:
        fields = self.query.get("fieldSelector", "")
        if found.name:
            fields = f"metadata.name={found.name}"
        return choice(found.kind, found.namespace, self.query.get("labelSelector", ""), fields)

    def _answer(self, code: int, document: Object, *more: tuple[str, str]) -> None:
        self._send(code, json.dumps(document, separators=(",", ":")).encode(), "application/json", *more)

    def _send(self, code: int, body: bytes, kind: str, *more: tuple[str, str]) -> None:
        self._head(code, kind, ("Content-Length", str(len(body))), *more)
        self.wfile.write(body)

    def _head(self, code: int, kind: str, *more: tuple[str, str]) -> None:
        self.send_response(code)
        for name, value in (("Content-Type", kind), *more):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the base class)
        """Say nothing."""


def _parsed(body: bytes) -> Any:
    """Return what a body says; not in protocol buffers, which `kubectl create` writes and this server does not read."""
    if body.startswith(b"k8s\0"):
        text = "the body of the request was in an unknown format - accepted media types include: application/json"
        raise Refused(415, "UnsupportedMediaType", text)
    try:
        return json.loads(body)
    except ValueError as error:
        raise Refused(400, "BadRequest", f"the body is no JSON: {error}") from error
