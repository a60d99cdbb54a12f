"""Who a step is to registries and to a server: what it was given, else the word that GitHub signs for the job."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import msgspec

from envscout.cli.ci import workflow
from envscout.cli.ci.inputs import Inputs
from envscout.errors import EnvscoutError, Unauthenticated

_WRITERS = ("push", "attestation-add")
# What the program reads: envscout.images.credentials, envscout.config.
_GIVEN = {
    "dockerhub-user": "DOCKER_SCOUT_HUB_USER",
    "dockerhub-password": "DOCKER_SCOUT_HUB_PASSWORD",
    "registry-user": "DOCKER_SCOUT_REGISTRY_USER",
    "registry-password": "DOCKER_SCOUT_REGISTRY_PASSWORD",
    "server": "ENVSCOUT_SERVER",
    "token": "ENVSCOUT_TOKEN",
}
_WRITING = {
    "registry-write-user": "DOCKER_SCOUT_REGISTRY_USER",
    "registry-write-password": "DOCKER_SCOUT_REGISTRY_PASSWORD",
}


class _Signed(msgspec.Struct, frozen=True):
    value: str


def variables(inputs: Inputs, environ: Mapping[str, str], command: str) -> dict[str, str]:
    """Return the variables that a command is run with. Raise EnvscoutError where GitHub signs nothing."""
    names = {**_GIVEN, **(_WRITING if command in _WRITERS else {})}
    found = dict(environ)
    for name, variable in names.items():
        if inputs.text(name):
            found[variable] = inputs.text(name)
    if found.get("ENVSCOUT_SERVER") and not found.get("ENVSCOUT_TOKEN"):
        token = _signed(environ, inputs.text("audience") or "envscout")
        if token:
            found["ENVSCOUT_TOKEN"] = token
    return found


def _signed(environ: Mapping[str, str], audience: str) -> str:
    """Return what GitHub signs for this job, "" where it may not ask for that. It holds for minutes only.

    https://docs.github.com/actions/reference/security/oidc
    """
    address, word = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", ""), environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not (address and word):
        return ""
    from envscout.client.transport import Transport, Way

    parts = urlsplit(address)
    transport = Transport(Way(f"{parts.scheme}://{parts.netloc}", word))
    try:
        path = f"{parts.path}?{parts.query}&audience={quote(audience, safe='')}"
        answer = transport.send("GET", path, b"", {"Accept": "application/json"})
    except EnvscoutError as error:
        raise Unauthenticated(f"GitHub signs no word for this job: {error.cause}", _NEXT) from error
    finally:
        transport.close()
    try:
        signed = msgspec.json.decode(answer.body, type=_Signed).value
    except msgspec.MsgspecError as error:
        raise Unauthenticated(f"GitHub signs no word for this job: it answered {answer.status}", _NEXT) from error
    workflow.command("add-mask", signed)
    return signed


_NEXT = "give the input `token`, or the job `permissions: id-token: write`"
