"""What pages load beside themselves, from here alone: style and script, each under the name of its content."""

import gzip
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from envscout.formats.style import STYLE

_KINDS = {"app.css": "text/css", "htmx.min.js": "text/javascript", "icon.svg": "image/svg+xml"}


class Asset(NamedTuple):
    """A file as it is sent. tag: names its content."""

    content: bytes
    packed: bytes
    media_type: str
    tag: str


@cache
def assets() -> dict[str, Asset]:
    """Return all of them by name."""
    return {name: _asset(name, kind) for name, kind in _KINDS.items()}


def address(name: str) -> str:
    """Return where a file is, as it is now."""
    return f"/static/{name}?v={assets()[name].tag}"


def _asset(name: str, kind: str) -> Asset:
    content = (files("envscout.server.pages") / "static" / name).read_bytes()
    if name.endswith(".css"):
        content = STYLE.encode() + b"\n" + content
    return Asset(content, gzip.compress(content, 9, mtime=0), kind, sha256(content).hexdigest()[:16])
