"""The gate at the door of a cluster: a ValidatingAdmissionWebhook that answers by the policies in force.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response.
What nobody knows is unknown, and the address says whether that opens the gate or keeps it shut.
"""

import functools
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Any

import msgspec

from envscout.config import Settings
from envscout.errors import UsageError
from envscout.server.asking import Asked
from envscout.server.routes.admitting import PATIENCE, Decision, decisions
from envscout.server.routes.route import Route
from envscout.store import now
from envscout.verbs.gate import Refused
from envscout.watch.podspec import OF_KUBERNETES, containers

TAG = "policies"
MODES, FAILING = ("deny", "warn", "audit"), ("open", "closed")
MAX_WARNING, MAX_MESSAGE, MOST_WARNINGS = 240, 2_000, 20
_WRITES = frozenset({"CREATE", "UPDATE", ""})
_TOLD = 100
"""Bytes of the memory that something was told."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_HOUR = 3_600_000_000


class Patience(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long who asks will wait, as API servers say it."""

    timeout: Annotated[str, msgspec.Meta(max_length=20, description="For how long the API server waits: 10s.")] = ""


class _Request(msgspec.Struct, frozen=True, rename="camel"):
    uid: str
    namespace: str = ""
    operation: str = ""
    object: Any = None
    old_object: Any = None
    dry_run: bool = False


class _Asking(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    request: _Request


class Status(msgspec.Struct, frozen=True):
    """What kubectl shows where something is refused."""

    code: int
    reason: str
    message: str


class Response(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Whether it may run. warnings: for who asked; audit_annotations: for the cluster's own log."""

    uid: str
    allowed: bool
    status: Status | None = None
    warnings: tuple[str, ...] = ()
    audit_annotations: dict[str, str] = {}


class Review(msgspec.Struct, frozen=True, rename="camel"):
    """An AdmissionReview, as an API server reads it."""

    api_version: str
    kind: str
    response: Response


def review(asked: Asked) -> Review:
    """Tell an API server whether what it is about to keep may run. Raise UsageError for what is no AdmissionReview."""
    mode, failing = asked.path["mode"], asked.path["failing"]
    if mode not in MODES or failing not in FAILING:
        raise UsageError(
            "the address is not one of an admission webhook",
            "write .../admission/ENVIRONMENT/deny|warn|audit/open|closed",
        )
    try:
        asking = msgspec.json.decode(asked.body, type=_Asking)
        wanted = _new(asking.request)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UsageError(f"it is no AdmissionReview: {str(error)[:200]}", "send what an API server sends") from error
    is_judged = not _is_exempt(asking.request)
    found = decisions(asked, wanted, _seconds(asked.query.timeout)) if is_judged else []
    return Review(asking.api_version, "AdmissionReview", _response(asked, asking.request, found, mode, failing))


def _is_exempt(request: _Request) -> bool:
    return request.operation not in _WRITES or any(fnmatchcase(request.namespace, each) for each in _exempt())


@functools.cache
def _exempt() -> tuple[str, ...]:
    return tuple(filter(None, (each.strip() for each in Settings().text("admission_exempt").split(","))))


def _new(request: _Request) -> list[str]:
    """Return the images of an object that it did not have before, each once."""
    before = {str(each.get("image") or "") for each in containers(request.old_object)}
    images = (str(each.get("image") or "") for each in containers(request.object))
    kind = request.object.get("kind") if isinstance(request.object, dict) else None
    # What an operator fills in is judged when it makes pods.
    is_own = kind is None or kind in OF_KUBERNETES
    return [each for each in dict.fromkeys(images) if each not in before and (each or is_own)]


def _seconds(text: str) -> float:
    """Return for how long an API server waits (`10s`, `1m30s`), less what the way takes."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m)", text)
    asked = sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else PATIENCE
    return max(0.0, min(asked, PATIENCE) * 0.8)


def _response(asked: Asked, request: _Request, found: list[Decision], mode: str, failing: str) -> Response:
    against = [each for each in found if each.answer == "refused"]
    unknown = [each for each in found if each.answer == "unknown"]
    told = [_sentence(asked, each) for each in (*against, *unknown)[:MOST_WARNINGS]]
    if left := len(against) + len(unknown) - len(told):
        told.append(f"{left} more images would be warned of.")
    annotations = {"verdict": ", ".join(f"{each.reference}={each.answer}" for each in found)[:MAX_MESSAGE]}
    shut = [*against, *(unknown if failing == "closed" else ())]
    if mode == "deny" and shut:
        if against and not request.dry_run:
            _tell(asked, against)
        message = f"envscout: {' '.join(_sentence(asked, each) for each in shut)}"[:MAX_MESSAGE]
        return Response(request.uid, False, Status(403, "Forbidden", message), (), annotations)
    warnings = () if mode == "audit" else tuple(each[:MAX_WARNING] for each in told)
    return Response(request.uid, True, None, warnings, annotations if found else {})


def _sentence(asked: Asked, each: Decision) -> str:
    environment = asked.path["environment"]
    if each.answer == "refused":
        ask = f"`envscout policy {each.reference} --env {environment}` tells more"
        return f"{each.reference} does not meet the policies of {environment}: {each.why}; {ask}."
    return f"of {each.reference} it is unknown whether it may run in {environment}: {each.why}."


def _tell(asked: Asked, against: Iterable[Decision]) -> None:
    """Have those who listen know, where who asks may tell them anything: once an hour, as controllers try for ever."""
    if not asked.principal.may("record"):
        return
    environment, memory = asked.path["environment"], asked.database.memory
    for each in against:
        key = ("told", asked.principal.organization, environment, each, now() // _HOUR)
        if memory.find(key) is None:
            memory.put(key, True, _TOLD + len(each.reference) + len(each.why))
            names = (each.why[:MAX_WARNING],)
            asked.perform("gate.refuse", refused=Refused(each.whose, environment, "", each.reference, "", names))


ROUTES = (
    Route(
        "POST", "/api/v1/admission/{environment}/{mode}/{failing}", "admission", "read", review, Review, TAG,
        Patience, body=bytes, keyed=False,
    ),
)  # fmt: skip
