"""Policies: what they say of an image that is to go somewhere, and of what runs; a gate that stays shut is news."""

from typing import Annotated, Literal

import msgspec

from envscout.errors import NotFound
from envscout.model import Deployment
from envscout.policies.facts import Running
from envscout.server import judging
from envscout.server.asking import Asked
from envscout.server.judging import Judged, PoliciesInForce
from envscout.server.pagination import Cursor, page
from envscout.server.routes.common import Age, At, Name, Org, moment_of
from envscout.server.routes.route import Route
from envscout.store import deployments
from envscout.store.deployments import Scope
from envscout.verbs.ask import Question, Report
from envscout.verbs.gate import Refused
from envscout.verbs.stored import Stored

TAG = "policies"


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where an image is to go, and as what."""

    env: Annotated[str, msgspec.Meta(max_length=200, description="The environment that it is to go to.")] = ""
    org: Org = ""
    service: Annotated[str, msgspec.Meta(max_length=200, description="The service; it is judged beside its image.")] = (
        ""
    )
    reference: Annotated[str, msgspec.Meta(max_length=500, description="What the image is called.")] = ""
    max_age: Age = 7


class Here(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of whom, when, and which page."""

    org: Org = ""
    service: Name = ""
    at: At = ""
    max_age: Age = 7
    limit: Annotated[int, msgspec.Meta(ge=1, le=200, description="How many at most.")] = 50
    cursor: Cursor = ""


class Verdicts(msgspec.Struct, frozen=True):
    """An image, judged. status: `passed`; `failed` where a gate must stay shut. in_force: what it was judged by."""

    status: Literal["passed", "failed"]
    in_force: PoliciesInForce
    judged: Judged


class Standing(msgspec.Struct, frozen=True):
    """What runs, judged. in_force: what it was judged by. total: how many images run in all."""

    in_force: PoliciesInForce
    items: tuple[Judged, ...]
    total: int
    next: str | None = None


def verdicts(asked: Asked) -> Verdicts:
    """Tell what the policies in force say of an image.

    With `env` and `service` it is judged beside what the service runs there. What is attached to it is known from when
    somebody looked last.
    """
    query: Target = asked.query
    stored: Stored = asked.perform("stored.by_digest", digest=asked.path["digest"])
    whose = judging.owner(asked, query.org, query.env)
    found = judging.in_force(asked, whose, query.env)
    place = Deployment(whose, query.env, query.service, stored.image.platform, stored.image.digest, query.reference, 0)
    question = Question(max_age=query.max_age)
    report: Report = asked.perform(
        "ask.of_image",
        image_id=stored.image_id,
        reference=query.reference or stored.image.digest,
        question=question,
        target=place if query.env else None,
    )
    running = _running(asked, Scope(whose, query.env, query.service), question) if query.env and query.service else None
    judged = judging.judged(asked, report.images[0], place, found.policies, running)
    return Verdicts("passed" if judged.met else "failed", judging.told(found, whose), judged)


def gate(asked: Asked) -> Verdicts:
    """Tell the same to a pipeline: where the gate stays shut, that is told to whoever listens."""
    found = verdicts(asked)
    if not found.judged.met and asked.query.env:
        one = found.judged
        names = tuple(judging.blocking(one))
        refused = Refused(one.organization, one.environment, one.service, one.reference, one.digest, names)
        asked.perform("gate.refuse", refused=refused)
    return found


def _running(asked: Asked, scope: Scope, question: Question) -> Running | None:
    try:
        there: Report = asked.perform("ask.of_environment", scope=scope, question=question)
    except NotFound:
        return None
    return judging.beside(there.images, there.coverage)


def standing(asked: Asked) -> Standing:
    """Tell what the policies in force say of what runs in an environment."""
    query: Here = asked.query
    environment, at = asked.path["environment"], moment_of(query.at)
    whose = judging.owner(asked, query.org, environment)
    found = judging.in_force(asked, whose, environment, at)
    scope = Scope(whose, environment, query.service, at=at)
    running: list[deployments.Running] = sorted(asked.perform("ask.running", scope=scope), key=_slot)
    items, following = page(running, _slot, query.cursor, query.limit)
    subjects = [(each.image_id, each.deployment.reference, each.deployment) for each in items]
    question = Question(known_at=at, max_age=query.max_age)
    report: Report = asked.perform("ask.of_subjects", subjects=subjects, question=question)
    return Standing(
        in_force=judging.told(found, whose),
        items=tuple(
            judging.judged(
                asked, each, run.deployment, found.policies, judging.beside((each,), each.coverage), at
            )
            for each, run in zip(report.images, items, strict=True)
        ),
        total=len(running),
        next=following,
    )  # fmt: skip


def _slot(each: deployments.Running) -> tuple[str | int, ...]:
    ran = each.deployment
    return ran.service, ran.platform, ran.since, ran.digest


_IMAGE = "/api/v1/images/{digest}/policy"
_ENVIRONMENT = "/api/v1/environments/{environment}/policy"

ROUTES = (
    Route("GET", _IMAGE, "image-policy", "read", verdicts, Verdicts, TAG, Target),
    Route("POST", _IMAGE, "image-gate", "record", gate, Verdicts, TAG, Target),
    Route("GET", _ENVIRONMENT, "environment-policy", "read", standing, Standing, TAG, Here),
)  # fmt: skip
