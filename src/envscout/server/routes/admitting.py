"""Whether images may run in an environment: judged by its policies, each once for all who ask at the same time.

No registry is asked. What was seen to run already is never kept out: a restart must not fail because a vulnerability
became known overnight.
"""

import threading
import time
from collections.abc import Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

import msgspec

from envscout.errors import EnvscoutError
from envscout.server import judging
from envscout.server.asking import Asked
from envscout.server.routes import policies
from envscout.server.routes.policies import Target, Verdicts
from envscout.store import Database
from envscout.store.deployments import Scope
from envscout.verbs.admit import Candidate, Candidates

_KEPT = 500
"""Bytes of a verdict that is kept."""

PATIENCE = 2.0
"""Seconds that a request waits at most: it holds a connection to the store."""
_judges = ThreadPoolExecutor(4, "judging")
_waiting: dict[Hashable, "Future[Decision]"] = {}
_lock = threading.Lock()

Answer = Literal["allowed", "runs", "refused", "unknown"]


class Decision(msgspec.Struct, frozen=True):
    """What is said of one image, and why, in a sentence. whose: the environment is, where it was judged."""

    reference: str
    answer: Answer
    why: str
    whose: str = ""


def decisions(asked: Asked, wanted: list[str], seconds: float) -> list[Decision]:
    """Return what is said of images, in their order, after so many seconds at most."""
    if not wanted:
        return []
    try:
        whose, known = _known(asked, wanted)
    except EnvscoutError as error:
        return [Decision(each, "unknown", error.cause) for each in wanted]
    beyond = [Decision(each, "unknown", "too many images at once") for each in wanted[len(known.found) :]]
    # All are judged at once, and waited for until one moment.
    begun = [_begun(asked, whose, each, known.rests) for each in known.found]
    end = time.monotonic() + seconds
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
