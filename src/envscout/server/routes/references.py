"""Images by their names, as those who deploy know them: what Argo CD tells after a synchronization, for one.

https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/. No registry is asked: a name
means the digest in it, or what it was seen to stand for; workers look into what nobody knows.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from envscout.environments.becoming import Ran
from envscout.environments.drift import OBSERVED
from envscout.errors import EnvscoutError, UsageError
from envscout.model import Event
from envscout.names.reference import parse, valid_digest
from envscout.server.asking import Asked
from envscout.server.routes.route import Nothing, Route
from envscout.store.deployments import Scope
from envscout.verbs.admit import MOST, Candidate, Candidates
from envscout.verbs.become import Became, Goal

TAG = "recording"
_Name = Annotated[str, msgspec.Meta(max_length=128)]
_Text = Annotated[str, msgspec.Meta(max_length=2_000)]


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What runs in an environment. organization: "" for that of who asks. whole: what is not named no longer runs."""

    images: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1, max_length=MOST)]
    organization: _Name = ""
    whole: bool = False
    actor: _Text = ""
    source: _Name = "api"
    commit: _Text = ""
    run_url: _Text = ""


class Unclear(msgspec.Struct, frozen=True):
    """An image of which nobody knows the digest, and why. asked: a worker will look; tell it again then."""

    reference: str
    problem: str
    asked: bool


class Change(msgspec.Struct, frozen=True):
    """What became of a service: added, changed, removed, unchanged or kept."""

    kind: str
    service: str
    before: tuple[Ran, ...]
    after: tuple[Ran, ...]


class Told(msgspec.Struct, frozen=True):
    """What changed, and what could not be told; services of those keep what they run."""

    changes: tuple[Change, ...]
    unclear: tuple[Unclear, ...]


def tell(asked: Asked) -> Told:
    """Record what runs, by the names of images, in one transaction."""
    body: Named = asked.body
    whose = body.organization or asked.principal.organization
    if not whose:
        raise UsageError("nobody says whose the environment is", "name it: organization")
    if body.source in OBSERVED:
        raise UsageError(f"{body.source} is what watchers are", "say what tells it, such as argocd")
    environment = asked.path["environment"]
    known: Candidates = asked.perform("admit.candidates", scope=Scope(whose, environment), references=list(body.images))
    said = Event(
        organization=whose,
        environment=environment,
        service="",
        action="",
        at=0,
        actor=body.actor,
        source=body.source,
        commit=body.commit,
        run_url=body.run_url,
    )
    events: list[Event] = []
    unclear: list[Candidate] = []
    for each in known.found:
        digest = each.digest or (_written(each.reference) if each.service else "")
        if digest:
            event = msgspec.structs.replace(said, service=each.service, digest=digest, reference=each.reference)
            events.append(event)
        else:
            unclear.append(each)
    kept = tuple(each.service for each in unclear if each.service)
    # Of what is no reference at all, nobody knows what it means to say: it may be anything that runs.
    whole = body.whole and all(each.service for each in unclear)
    goal = Goal(said, tuple(events), kept, whole)
    became: Became = asked.perform("become.become", goal=goal, unindexed=True)
    fresh = [each.event for each in became.outcomes if each.unindexed and each.event.action != "remove"]
    _look_into(asked, whose, [f"{parse(each.reference).repository}@{each.digest}" for each in fresh])
    refused = {each.event.service: each for each in became.outcomes if each.state == "refused"}
    return Told(
        tuple(
            Change(each.kind, each.service, each.before, each.after)
            for each in became.changes
            if each.service not in refused
        ),
        (
            *(Unclear(each.reference, each.problem, _look_into(asked, whose, [each.reference])) for each in unclear),
            *(Unclear(each.event.reference, each.problem, asked=False) for each in refused.values()),
        ),
    )


def _written(reference: str) -> str:
    digest = reference.rpartition("@")[2]
    return digest if valid_digest(digest) else ""


def _look_into(asked: Asked, whose: str, references: Iterable[str]) -> bool:
    """Have workers look into images; return whether they will."""
    try:
        for each in references:
            asked.perform("queue.ask", references=[each], organization=whose)
    except EnvscoutError:
        return False
    return True


ROUTES = (
    Route(
        "POST", "/api/v1/environments/{environment}/images", "environment-images", "record", tell, Told, TAG, Nothing,
        Named,
    ),
)  # fmt: skip
