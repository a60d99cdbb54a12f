"""Following what an API server of Kubernetes tells: a list, and from there on every change, over every disturbance.

The protocol: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes. It is spoken
here, since lightkube's own watch makes objects of whole pods, and asks for no bookmarks.
"""

import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from envscout.errors import AccessDenied, EnvscoutError, SourceError
from envscout.watch import answers
from envscout.watch.answers import GoneError
from envscout.watch.connection import TIMEOUT
from envscout.watch.mirror import Mirror

if TYPE_CHECKING:
    from httpx2 import Client

PAGE = 500
WATCH_SECONDS = 270
_PAUSE, _MAX_PAUSE = 0.5, 30.0
_QUICK = 1.0
"""Seconds: a server that ends watches sooner is asked ever more rarely."""


def follow(
    client: "Client",
    path: str,
    mirror: Mirror[Any],
    stop: threading.Event,
    tell: Callable[[str], None],
    selector: str = "",
) -> None:
    """Keep a mirror like what is at a path (`/api/v1/pods`) until stopped. tell: told of what goes wrong on the way.

    selector: of labels. What the server does not let see is told, and asked for again; once, where one can do without.
    """
    version, pause = "", _PAUSE
    while not stop.is_set():
        accepted, problem = math.inf, ""
        try:
            if not version:
                version = listed(client, path, mirror, selector)
            for known in watched(client, path, version, mirror, selector):
                accepted = min(accepted, time.monotonic())
                version = known or version
        except GoneError:
            # It is no failure, but what happens after every long absence.
            version = ""
            mirror.is_current.clear()
        except Exception as error:
            # Whatever it is, plug-ins that prove who asks among it: who follows must not end, and nobody would notice.
            if isinstance(error, AccessDenied):
                # What may be listed and not watched would stay for ever as it was at first.
                version = ""
            problem = _lost(path, mirror, error)
        if stop.is_set():
            return
        if time.monotonic() - accepted > _QUICK:
            # The server was heard for a while, whether anything happened or not: what went wrong before is over.
            pause = _PAUSE
        if problem:
            tell(problem)
        stop.wait(pause * random.uniform(0.5, 1))  # noqa: S311 - it only spreads those who come back
        pause = min(2 * pause, _MAX_PAUSE)


def _lost(path: str, mirror: Mirror[Any], error: Exception) -> str:
    """Have a mirror know that nothing is heard any more; return what is to be told of it, "" for nothing new."""
    mirror.is_current.clear()
    if isinstance(error, AccessDenied) and mirror.without:
        is_new = not mirror.is_refused.is_set()
        mirror.is_refused.set()
        return mirror.without if is_new else ""
    cause = error.cause if isinstance(error, EnvscoutError) else f"{type(error).__name__}: {error}"
    return f"{path}: {cause[:300]}; trying again"


def listed(client: "Client", path: str, mirror: Mirror[Any], selector: str = "") -> str:
    """Have a mirror know all that is there, page by page; return the version of the list. Raise GoneError."""
    held: dict[str, Any] = {}
    continued, version = "", ""
    while True:
        params = {"limit": str(PAGE), "continue": continued, "labelSelector": selector}
        with client.stream("GET", path, params={name: value for name, value in params.items() if value}) as response:
            answers.check(response)
            page = answers.page(response)
        if not page.kind.endswith("List") or not page.metadata.resource_version:
            raise SourceError(f"what answers for {path} is no API server", "check the address of the cluster")
        for each in page.items or ():
            held[each.metadata.uid] = mirror.make(each)
        version = page.metadata.resource_version or version
        continued = page.metadata.continued
        if not continued:
            mirror.replace(held)
            return version


def has_any(client: "Client", path: str) -> bool:
    """Tell whether there is anything at a path, whatever its labels."""
    with client.stream("GET", path, params={"limit": "1"}) as response:
        answers.check(response)
        return bool(answers.page(response).items)


def watched(client: "Client", path: str, version: str, mirror: Mirror[Any], selector: str = "") -> Iterator[str]:
    """Have a mirror know the changes since a version until the server ends the watch; yield each version that is known.

    That is first the one that is asked for, once the server accepts it. Raise GoneError where it is no longer kept.
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
        answers.check(response)
        mirror.is_current.set()
        mirror.is_refused.clear()
        yield version
        for kind, told in answers.changes(response):
            if kind == "DELETED":
                mirror.drop(told.metadata.uid)
            elif kind != "BOOKMARK":
                mirror.put(told.metadata.uid, told)
            yield told.metadata.resource_version
