"""`Podfile.lock` of CocoaPods (guides.cocoapods.org): `PODS` names each part of a pod with its version."""

import re
from typing import Any

from envscout.inventory.projects import document
from envscout.inventory.projects.listing import Found, Listed, listing
from envscout.inventory.record import Reading

_POD = re.compile(r"([^\s/()]+)(?:/\S+)? \(([^()]+)\)")


def read(path: str, data: bytes) -> Reading:
    """Return the pods, one for all its parts; those at a `:path` are the project's own."""
    return listing(path, data, _listed)


def _listed(_path: str, data: bytes) -> Listed:
    for lock in document.yaml(data):
        elsewhere = document.mapping(lock.get("EXTERNAL SOURCES"), "`EXTERNAL SOURCES`")
        own = {name for name, source in elsewhere.items() if ":path" in document.entry(source)}
        for value in document.sequence(lock.get("PODS"), "`PODS`"):
            pod = _POD.fullmatch(_line(value))
            if pod is None:
                yield Found("cocoapods", _line(value), "")
            elif pod[1] not in own:
                yield Found("cocoapods", pod[1], pod[2])


def _line(value: Any) -> str:
    """Return `Name (1.0)`, which has its dependencies below it where there are any."""
    return next(iter(value), "") if isinstance(value, dict) else document.text(value)
