"""How an API server of Kubernetes is reached, by a kubeconfig or out of a pod; what it is asked is elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envscout.errors import UsageError

if TYPE_CHECKING:
    from httpx2 import Client

TIMEOUT = 30
"""Seconds, for each step of an exchange."""


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
