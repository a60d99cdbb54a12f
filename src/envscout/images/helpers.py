"""Docker's credential helpers, for a secret that is no registry's: the system's own safe, where there is one.

https://docs.docker.com/reference/cli/docker/login/#credential-stores
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

MAX_CONFIG = 1 << 20


def chosen(environ: Mapping[str, str] = os.environ) -> str:
    """Return the helper that Docker's configuration names for all secrets, "" for none."""
    folder = environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", ""), ".docker")
    try:
        with Path(folder, "config.json").open("rb") as file:
            found = json.loads(file.read(MAX_CONFIG))
    except (OSError, ValueError, RecursionError):
        return ""
    name = found.get("credsStore", "") if isinstance(found, dict) else ""
    return name if isinstance(name, str) and name.replace("-", "").replace("_", "").isalnum() else ""


def put(helper: str, address: str, secret: str) -> bool:
    """Have a helper keep a secret; return whether it did."""
    from docker.credentials import Store
    from docker.credentials.errors import StoreError

    try:
        Store(helper).store(address, "envscout", secret)  # type: ignore[no-untyped-call]
    except (StoreError, OSError):
        return False
    return True


def get(helper: str, address: str) -> str:
    """Return what a helper keeps for an address, "" for nothing."""
    from docker.credentials import Store
    from docker.credentials.errors import StoreError

    try:
        return str(Store(helper).get(address).get("Secret", ""))  # type: ignore[no-untyped-call]
    except (StoreError, OSError, ValueError):
        return ""


def drop(helper: str, address: str) -> None:
    """Have a helper forget what it keeps for an address."""
    import contextlib

    from docker.credentials import Store
    from docker.credentials.errors import StoreError

    with contextlib.suppress(StoreError, OSError):
        Store(helper).erase(address)
