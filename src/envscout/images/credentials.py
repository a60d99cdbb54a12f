"""Who we are to a registry: given credentials, or what `docker login` left on this machine."""

import os
import warnings
from collections.abc import Mapping

import msgspec

from envscout.errors import AccessDenied
from envscout.names.reference import DEFAULT_HOST


class Credentials(msgspec.Struct, frozen=True):
    """A user name and password, or an identity token that stands for both."""

    username: str = ""
    password: str = msgspec.field(default="")
    identity_token: str = ""

    def __repr__(self) -> str:
        """Return a text without the secrets, for logs and tracebacks."""
        return f"Credentials(username={self.username!r})"

    def __bool__(self) -> bool:
        """Return whether there is anything to show to a registry."""
        return bool(self.username or self.identity_token)


def given(host: str, environ: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return what Docker Scout's variables give for the registry of an image that a user names; None: nothing.

    DOCKER_SCOUT_HUB_USER and _PASSWORD are for Docker's own registry, DOCKER_SCOUT_REGISTRY_USER and _PASSWORD, or
    _TOKEN, for any other. They name no host: they are never for a registry that only an image or a label names.
    """
    kind = "HUB" if host == DEFAULT_HOST else "REGISTRY"
    user, password, token = (environ.get(f"DOCKER_SCOUT_{kind}_{part}", "") for part in ("USER", "PASSWORD", "TOKEN"))
    if user and password:
        return Credentials(user, password)
    return Credentials(identity_token=token) if token and kind == "REGISTRY" else None


def for_host(host: str) -> Credentials:
    """Return what Docker's configuration knows for a registry, empty where it knows nothing.

    Read as the docker client reads it: $DOCKER_CONFIG, else ~/.docker, `config.json`: credHelpers, credsStore, auths.
    Raises AccessDenied where the file or a credential helper fails.
    """
    from docker.auth import load_config
    from docker.errors import DockerException

    try:
        with warnings.catch_warnings():
            # A helper that is not installed is reported by the error that follows.
            warnings.simplefilter("ignore")
            found = load_config().resolve_authconfig(host if host != DEFAULT_HOST else None) or {}
    except (DockerException, ValueError, OSError, KeyError, TypeError) as error:
        raise AccessDenied(
            f"The credentials for {host} could not be read: {error}.",
            f"Check config.json of Docker, or run `docker login {host}`.",
        ) from error
    # A credential helper's answer is spelled with capitals, the file's own entries without.
    known = {key.lower(): value for key, value in found.items() if isinstance(value, str)}
    return Credentials(known.get("username", ""), known.get("password", ""), known.get("identitytoken", ""))
