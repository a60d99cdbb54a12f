"""The gate at the door of a cluster: a ValidatingAdmissionWebhook that answers by the policies in force.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response.
No registry is asked: what nobody knows is unknown, and the address says whether that opens the gate or keeps it shut.
What was seen to run already is never kept out: a restart must not fail because a vulnerability became known overnight.
"""

import functools
import re
import threading
import time
from collections.abc import Hashable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

import msgspec

from envscout.config import Settings
from envscout.errors import EnvscoutError, UsageError
from envscout.server import judging
from envscout.server.asking import Asked
from envscout.server.routes import policies
from envscout.server.routes.policies import Target, Verdicts
from envscout.server.routes.route import Route
from envscout.store import Database, now
from envscout.store.deployments import Scope
from envscout.verbs.admit import Candidate, Candidates
from envscout.verbs.gate import Refused
from envscout.watch.podspec import OF_KUBERNETES, containers

TAG = "policies"
MODES, FAILING = ("deny", "warn", "audit"), ("open", "closed")
MAX_WARNING, MAX_MESSAGE, MOST_WARNINGS = 240, 2_000, 20
_WRITES = frozenset({"CREATE", "UPDATE", ""})
_KEPT = 500
"""Bytes of a verdict that is kept."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_HOUR = 3_600_000_000
_PATIENCE = 2.0
"""Seconds that a request waits at most: it holds a connection to the store."""
_judges = ThreadPoolExecutor(4, "judging")
_waiting: dict[Hashable, "Future[Decision]"] = {}
_lock = threading.Lock()

Answer = Literal["allowed", "runs", "refused", "unknown"]


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


class Decision(msgspec.Struct, frozen=True):
    """What is said of one image, and why, in a sentence. whose: the environment is, where it was judged."""

    reference: str
    answer: Answer
    why: str
    whose: str = ""


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
    decisions = [] if _is_exempt(asking.request) else _decisions(asked, wanted)
    return Review(asking.api_version, "AdmissionReview", _response(asked, asking.request, decisions, mode, failing))


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


def _decisions(asked: Asked, wanted: list[str]) -> list[Decision]:
    if not wanted:
        return []
    try:
        whose, known = _known(asked, wanted)
    except EnvscoutError as error:
        return [Decision(each, "unknown", error.cause) for each in wanted]
    beyond = [Decision(each, "unknown", "too many images at once") for each in wanted[len(known.found) :]]
    # All are judged at once, and waited for until one moment.
    begun = [_begun(asked, whose, each, known.rests) for each in known.found]
    end = time.monotonic() + _seconds(asked.query.timeout)
    return [*(_ended(each, one, end) for each, one in zip(known.found, begun, strict=True)), *beyond]


def _known(asked: Asked, wanted: list[str]) -> tuple[str, Candidates]:
    """Return whose the environment is, and what is known of images. Raise NotFound, UsageError."""
    environment = asked.path["environment"]
    scope = Scope(asked.principal.organization, environment)
    known: Candidates = asked.perform("admit.candidates", scope=scope, references=wanted)
    if len(known.organizations) == 1:
        return known.organizations[0], known
    # Nothing was recorded there yet, and there are policies for it; or there are several.
    whose = judging.owner(asked, "", environment)
    return whose, asked.perform("admit.candidates", scope=Scope(whose, environment), references=wanted)


def _begun(asked: Asked, whose: str, each: Candidate, rests: tuple[int, ...]) -> "Decision | Future[Decision]":
    if each.problem:
        return Decision(each.reference, "unknown", each.problem)
    if each.runs:
        return Decision(each.reference, "runs", "it runs there already")
    key = ("admission", asked.principal.organization, whose, asked.path["environment"], each, rests)
    found: Decision | None = asked.database.memory.find(key)
    return found or _deciding(key, asked, whose, each)


def _ended(each: Candidate, begun: "Decision | Future[Decision]", end: float) -> Decision:
    """Return a decision, waited for until a moment of the monotonic clock."""
    if isinstance(begun, Decision):
        return begun
    try:
        return begun.result(max(0.0, end - time.monotonic()))
    except TimeoutError:
        return Decision(each.reference, "unknown", "it is still being judged: ask again")
    except EnvscoutError as error:
        return Decision(each.reference, "unknown", error.cause)
    except Exception as error:
        # Whatever it is, an answer is due: without one the cluster would do as it is configured for no answer.
        return Decision(each.reference, "unknown", f"it could not be judged ({type(error).__name__})")


def _deciding(key: Hashable, asked: Asked, whose: str, each: Candidate) -> "Future[Decision]":
    """Return what judges an image, once for all who ask at the same time, and goes on when nobody waits any more."""
    memory, place = asked.database.memory, asked.database.place

    def decide() -> Decision:
        try:
            with Database(place) as database:
                found = _judged(msgspec.structs.replace(asked, database=database), whose, each)
            memory.put(key, found, _KEPT)
            return found
        finally:
            with _lock:
                _waiting.pop(key, None)

    with _lock:
        future = _waiting.get(key)
        if future is None:
            future = _waiting[key] = _judges.submit(decide)
        return future


def _seconds(text: str) -> float:
    """Return for how long an API server waits (`10s`, `1m30s`), less what the way takes."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m)", text)
    asked = sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else _PATIENCE
    return max(0.0, min(asked, _PATIENCE) * 0.8)


def _judged(asked: Asked, whose: str, each: Candidate) -> Decision:
    query = Target(env=asked.path["environment"], org=whose, service=each.service, reference=each.reference)
    there = msgspec.structs.replace(asked, path={**asked.path, "digest": each.digest}, query=query, body=None)
    found: Verdicts = policies.verdicts(there)
    blocking = [verdict for verdict in found.judged.verdicts if verdict.blocks]
    if not blocking:
        return Decision(each.reference, "allowed", "policies are met")
    failed = [verdict for verdict in blocking if verdict.state == "fail"]
    texts = [
        f"{verdict.title} ({verdict.result})" if verdict.result else verdict.title for verdict in failed or blocking
    ]
    return Decision(each.reference, "refused" if failed else "unknown", "; ".join(texts), whose)


def _response(asked: Asked, request: _Request, decisions: list[Decision], mode: str, failing: str) -> Response:
    against = [each for each in decisions if each.answer == "refused"]
    unknown = [each for each in decisions if each.answer == "unknown"]
    told = [_sentence(asked, each) for each in (*against, *unknown)[:MOST_WARNINGS]]
    if left := len(against) + len(unknown) - len(told):
        told.append(f"{left} more images would be warned of.")
    annotations = {"verdict": ", ".join(f"{each.reference}={each.answer}" for each in decisions)[:MAX_MESSAGE]}
    shut = [*against, *(unknown if failing == "closed" else ())]
    if mode == "deny" and shut:
        if against and not request.dry_run:
            _tell(asked, against)
        message = f"envscout: {' '.join(_sentence(asked, each) for each in shut)}"[:MAX_MESSAGE]
        return Response(request.uid, False, Status(403, "Forbidden", message), (), annotations)
    warnings = () if mode == "audit" else tuple(each[:MAX_WARNING] for each in told)
    return Response(request.uid, True, None, warnings, annotations if decisions else {})


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
            memory.put(key, True, _KEPT)
            names = (each.why[:MAX_WARNING],)
            asked.perform("gate.refuse", refused=Refused(each.whose, environment, "", each.reference, "", names))


ROUTES = (
    Route(
        "POST", "/api/v1/admission/{environment}/{mode}/{failing}", "admission", "read", review, Review, TAG,
        Patience, body=bytes, keyed=False,
    ),
)  # fmt: skip
