"""Finding the local Docker engine and connecting to it, as the docker client does."""

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envscout.errors import AccessDenied, SourceError

if TYPE_CHECKING:
    from docker import APIClient

TIMEOUT = 120

_SOCKET = Path("/var/run/docker.sock")
_UNIX = ("unix://", "http+unix://")


class EngineUnavailableError(SourceError):
    """No Docker engine answers."""


def is_likely() -> bool:
    """Return whether there may be an engine to ask; without loading a library."""
    return bool(os.environ.get("DOCKER_HOST") or _context_name()) or _SOCKET.exists()


def connect() -> "APIClient":
    """Connect to DOCKER_HOST, else to the current context, else to the default socket.

    Raises EngineUnavailableError, AccessDenied.
    """
    from docker import APIClient
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    try:
        settings = kwargs_from_env() if os.environ.get("DOCKER_HOST") else _context()
        _probe(settings.get("base_url") or f"unix://{_SOCKET}")
        return APIClient(version="auto", timeout=TIMEOUT, **settings)
    except PermissionError as error:
        raise AccessDenied(
            "The Docker engine's socket may not be opened by this user.", "Join the group docker, or use registry://."
        ) from error
    except (DockerException, OSError, ValueError) as error:
        raise EngineUnavailableError(
            "No Docker engine answers.", "Start it, set DOCKER_HOST, or use registry:// instead of local://."
        ) from error


def _probe(host: str) -> None:
    """Open and close the socket once: the SDK leaves one open for each attempt that fails. Raises OSError."""
    path = next((host.removeprefix(prefix) for prefix in _UNIX if host.startswith(prefix)), "")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect("/" + path.lstrip("/"))


def _context_name() -> str:
    """Return the docker context in use, "" for the default one."""
    name = os.environ.get("DOCKER_CONTEXT", "")
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        name = name or json.loads((folder / "config.json").read_bytes()).get("currentContext", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return name if isinstance(name, str) and name != "default" else ""


def _context() -> dict[str, Any]:
    """Return how to reach the engine of the context in use."""
    name = _context_name()
    if not name:
        return {}
    from docker.context import ContextAPI

    context = ContextAPI.get_context(name)
    if context is None or not context.Host:
        raise ValueError(f"there is no docker context {name}")
    return {"base_url": context.Host, "tls": context.TLSConfig or False}
