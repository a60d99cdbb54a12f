"""Following what an API server of Kubernetes tells: a list, and from there on every change, over every disturbance.

The protocol: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes. Of lightkube
comes how a cluster is reached; its own watch makes objects of whole pods, and asks for no bookmarks.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from envscout.errors import AccessDenied, EnvscoutError, NotFound, SourceError, UsageError
from envscout.watch.pods import Metadata, Object

if TYPE_CHECKING:
    from httpx2 import Client, Response

PAGE = 500
MAX_PAGE = 256 << 20
MAX_EVENT = 16 << 20
WATCH_SECONDS = 270
TIMEOUT = 30
_PAUSE, _MAX_PAUSE = 0.5, 30.0
_QUICK = 1.0
"""Seconds: a watch that ends sooner is not asked for again at once."""
T = TypeVar("T")


class GoneError(Exception):
    """What was asked for is no longer kept: only a new list tells what is there."""


class _ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    continued: str = msgspec.field(name="continue", default="")


class _List(msgspec.Struct, frozen=True):
    kind: str
    metadata: _ListMeta
    items: tuple[Object, ...] | None = None


class _Event(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


class _Failure(msgspec.Struct, frozen=True):
    code: int = 0
    reason: str = ""
    message: str = ""


class _Bookmark(msgspec.Struct, frozen=True):
    metadata: Metadata = Metadata()


_lists = msgspec.json.Decoder(_List)
_events = msgspec.json.Decoder(_Event)
_objects = msgspec.json.Decoder(Object)
_failures = msgspec.json.Decoder(_Failure)
_bookmarks = msgspec.json.Decoder(_Bookmark)


class Mirror(Generic[T]):
    """What there is of one kind, by uid, as far as it is known. For one who writes and one who reads.

    is_complete: a whole list was read. is_current: changes are heard of; what is there may be old where they are not.
    """

    def __init__(self, make: Callable[[Object], T], changed: threading.Event) -> None:
        """Begin with nothing. make: what is kept of an object. changed: set at each change."""
        self.make = make
        self._changed = changed
        self._lock = threading.Lock()
        self._held: dict[str, T] = {}
        self.is_complete = threading.Event()
        self.is_current = threading.Event()

    def all(self) -> list[T]:
        """Return all that there is."""
        with self._lock:
            return list(self._held.values())

    def replace(self, held: dict[str, T]) -> None:
        """Know a whole list, which holds nothing of before."""
        with self._lock:
            is_same = held == self._held
            self._held = held
        if not is_same or not self.is_complete.is_set():
            self.is_complete.set()
            self._changed.set()

    def put(self, uid: str, told: Object) -> None:
        """Know one object."""
        made = self.make(told)
        with self._lock:
            before = self._held.get(uid)
            self._held[uid] = made
        if before != made:
            self._changed.set()

    def drop(self, uid: str) -> None:
        """Know that one is gone."""
        with self._lock:
            was = self._held.pop(uid, None) is not None
        if was:
            self._changed.set()


@contextmanager
def connected(kubeconfig: str = "", context: str = "") -> Iterator[tuple["Client", str]]:
    """Yield a connection to an API server, and the name of its cluster, "" where nothing says one.

    By default the cluster that this runs in, else KUBECONFIG, else ~/.kube/config. Raise UsageError.
    """
    try:
        from httpx2 import Timeout
        from lightkube.config.client_adapter import Client as Connected
        from lightkube.config.client_adapter import ConnectionParams
        from lightkube.config.kubeconfig import KubeConfig
        from lightkube.config.models import User
        from lightkube.core.exceptions import ConfigError
    except ImportError as error:
        raise UsageError(
            f"watching Kubernetes needs a library that is not here: {error}", "pip install 'envscout[kubernetes]'"
        ) from error
    try:
        found = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        config = found.get(context or None)
        if config is None:
            raise ConfigError("it names no context")
        # Nothing of the environment leads elsewhere, no proxy and no netrc: the configuration says all.
        params = ConnectionParams(timeout=Timeout(TIMEOUT), trust_env=False)
        client = Connected(config._replace(user=config.user or User()), params)
    except (ConfigError, OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"there is no usable configuration of a cluster: {error}",
            "name one: --kubeconfig FILE, --context NAME, or KUBECONFIG; in a pod, let it have a service account",
        ) from error
    with client:
        # In a pod, no file says what the cluster is called.
        yield client, str(config.context.cluster) if config.fname else ""


def follow(
    client: "Client",
    path: str,
    mirror: Mirror[Any],
    stop: threading.Event,
    tell: Callable[[str], None],
    selector: str = "",
) -> None:
    """Keep a mirror like what is at a path (`/api/v1/pods`) until stopped. tell: told of what goes wrong on the way.

    selector: of labels. What the server does not let see is told, and asked for again.
    """
    version, pause = "", _PAUSE
    while not stop.is_set():
        began, problem = time.monotonic(), ""
        try:
            if not version:
                version = listed(client, path, mirror, selector)
            for known in watched(client, path, version, mirror, selector):
                version, pause = known or version, _PAUSE
            if time.monotonic() - began > _QUICK:
                continue
        except GoneError:
            # It is no failure, but what happens after every long absence.
            version = ""
            mirror.is_current.clear()
        except Exception as error:
            # Whatever it is, plug-ins that prove who asks among it: who follows must not end, and nobody would notice.
            mirror.is_current.clear()
            problem = error.cause if isinstance(error, EnvscoutError) else f"{type(error).__name__}: {error}"
        if stop.is_set():
            return
        if problem:
            tell(f"{path}: {problem[:300]}; trying again")
        stop.wait(pause * random.uniform(0.5, 1))  # noqa: S311 - it only spreads those who come back
        pause = min(2 * pause, _MAX_PAUSE)


def listed(client: "Client", path: str, mirror: Mirror[Any], selector: str = "") -> str:
    """Have a mirror know all that is there, page by page; return the version of the list. Raise GoneError."""
    held: dict[str, Any] = {}
    continued, version = "", ""
    while True:
        params = {"limit": str(PAGE), "continue": continued, "labelSelector": selector}
        with client.stream("GET", path, params={name: value for name, value in params.items() if value}) as response:
            _check(response)
            page = _lists.decode(_whole(response))
        if not page.kind.endswith("List") or not page.metadata.resource_version:
            raise SourceError(f"what answers for {path} is no API server", "check the address of the cluster")
        for each in page.items or ():
            held[each.metadata.uid] = mirror.make(each)
        version = page.metadata.resource_version or version
        continued = page.metadata.continued
        if not continued:
            mirror.replace(held)
            return version


def watched(client: "Client", path: str, version: str, mirror: Mirror[Any], selector: str = "") -> Iterator[str]:
    """Have a mirror know the changes since a version until the server ends the watch; yield each version that is known.

    Raise GoneError where the version is no longer kept.
    """
    from httpx2 import Timeout

    seconds = random.randint(WATCH_SECONDS // 2, WATCH_SECONDS)  # noqa: S311 - it only spreads those who come back
    params = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": version,
        "timeoutSeconds": str(seconds),
        "labelSelector": selector,
    }
    asked = {name: value for name, value in params.items() if value}
    # Where nothing comes for longer than the watch was to last, the connection is dead.
    timeout = Timeout(TIMEOUT, read=seconds + TIMEOUT)
    with client.stream("GET", path, params=asked, timeout=timeout) as response:
        _check(response)
        mirror.is_current.set()
        for line in _lines(response):
            event = _events.decode(line)
            if event.type == "ERROR":
                _raise(_failures.decode(event.object))
            if event.type == "BOOKMARK":
                yield _bookmarks.decode(event.object).metadata.resource_version
                continue
            told = _objects.decode(event.object)
            if event.type == "DELETED":
                mirror.drop(told.metadata.uid)
            else:
                mirror.put(told.metadata.uid, told)
            yield told.metadata.resource_version


def _check(response: "Response") -> None:
    if response.status_code == 200:
        return
    try:
        failure = _failures.decode(_whole(response, 1 << 20))
    except msgspec.MsgspecError:
        failure = _Failure()
    _raise(msgspec.structs.replace(failure, code=response.status_code))


def _raise(failure: _Failure) -> None:
    if failure.code == 410 or failure.reason in ("Expired", "Gone"):
        raise GoneError
    why = f"{failure.code} {failure.reason} {failure.message}".strip()[:500]
    if failure.code in (401, 403):
        raise AccessDenied(
            f"the API server refuses it: {why}", "let the service account `list` and `watch` pods and namespaces"
        )
    if failure.code == 404:
        raise NotFound(f"the API server does not have it: {why}", "check the address of the cluster")
    raise SourceError(f"the API server answers {why}", "ask again")


def _whole(response: "Response", most: int = MAX_PAGE) -> bytes:
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > most:
            raise SourceError(f"the API server answers with more than {most >> 20} MiB", "check what answers there")
        parts.append(part)
    return b"".join(parts)


def _lines(response: "Response") -> Iterator[bytes]:
    rest = b""
    for part in response.iter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        yield from filter(None, lines)
        if len(rest) > MAX_EVENT:
            raise SourceError(f"an event has more than {MAX_EVENT >> 20} MiB", "check what answers there")
