"""Say what runs where, one thing or thousands at once; bring what is in images."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

import msgspec

from envscout.errors import EnvscoutError, NotFound, UsageError
from envscout.model import Event, Image, Inventory
from envscout.operations.recording import Telling, record_for
from envscout.server.asking import Asked
from envscout.server.routes.route import Nothing, Route
from envscout.standing.appending import MOST_AT_ONCE, Outcome
from envscout.verbs.upload import Uploaded

TAG = "recording"
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Text = Annotated[str, msgspec.Meta(max_length=2_000)]
T = TypeVar("T")


class Deploy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is said to run. digest: "" ends all of a service, with action `remove`. at: microseconds, 0: now.

    action: `record` supersedes what the service ran, `add` keeps it beside, `remove` ends it. unindexed: take it though
    nobody looked into the image: what is in it is unknown then, not safe. actor: "" for whoever asks.
    """

    organization: _Name
    environment: _Name
    service: _Name
    digest: Annotated[str, msgspec.Meta(max_length=200)] = ""
    action: Literal["record", "add", "remove"] = "record"
    reference: _Text = ""
    platform: _Text = ""
    actor: _Text = ""
    source: _Name = "api"
    commit: _Text = ""
    run_url: _Text = ""
    at: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)] = 0
    unindexed: bool = False


_Many = Annotated[tuple[Deploy, ...], msgspec.Meta(max_length=MOST_AT_ONCE)]


class Recorded(msgspec.Struct, frozen=True):
    """What became of each, in order."""

    items: tuple[Outcome, ...]
    recorded: int
    unchanged: int
    refused: int


class Packed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An image, by its digest, and what was found in it."""

    image: Image
    inventory: Inventory


def deploy(asked: Asked) -> Recorded:
    """Record what runs where: one deployment, or a list of them, in one transaction.

    Of a list each has an outcome of its own; what is refused keeps nothing else from being recorded. One alone that is
    refused is a failure of the request.
    """
    return _one(together([asked]))


def together(asked: Sequence[Asked]) -> list[Recorded | EnvscoutError]:
    """Record what several ask for, in one transaction; return the answer to each, or its failure."""
    given = [each.body if isinstance(each.body, tuple) else (each.body,) for each in asked]
    return [_answer(each, found) for each, found in zip(asked, _recorded(asked, given), strict=True)]


def record(asked: Asked, given: tuple[Deploy, ...]) -> list[Outcome]:
    """Record deployments; return what became of each, in order."""
    return _one(_recorded([asked], [given]))


def _recorded(asked: Sequence[Asked], given: Sequence[Sequence[Deploy]]) -> list[list[Outcome] | EnvscoutError]:
    return record_for(asked[0].database, [_telling(one, deploys) for one, deploys in zip(asked, given, strict=True)])


def _telling(asked: Asked, deploys: Sequence[Deploy]) -> Telling:
    events = [_event(each, asked.principal.subject) for each in deploys]
    return Telling(asked.principal, events, [each.unindexed for each in deploys], asked.request_id)


def _answer(asked: Asked, found: list[Outcome] | EnvscoutError) -> Recorded | EnvscoutError:
    if isinstance(found, EnvscoutError):
        return found
    if not isinstance(asked.body, tuple) and found[0].state == "refused":
        return _failure(found[0])
    return _counted(found)


def _one(found: Sequence[T | EnvscoutError]) -> T:
    """Return the only answer there is. Raise what it failed with."""
    (answer,) = found
    if isinstance(answer, EnvscoutError):
        raise answer
    return answer


def _event(each: Deploy, subject: str) -> Event:
    fields = msgspec.structs.asdict(each)
    del fields["unindexed"]
    return Event(**{**fields, "actor": each.actor or subject})


def _counted(found: list[Outcome]) -> Recorded:
    states = [each.state for each in found]
    return Recorded(tuple(found), *(states.count(state) for state in ("recorded", "unchanged", "refused")))


def _failure(refused: Outcome) -> EnvscoutError:
    kind = NotFound if refused.problem.startswith("nobody looked into") else UsageError
    return kind(refused.problem, refused.next_step)


def inventory(asked: Asked) -> Uploaded:
    """Keep what was found in an image, where it was looked into: `envscout` does that with the image at hand."""
    found: Uploaded = asked.perform("upload.inventory", image=asked.body.image, inventory=asked.body.inventory)
    return found


def document(asked: Asked) -> Uploaded:
    """Keep what an SBOM says: CycloneDX, SPDX or syft, of JSON, XML or tag-value; by a digest that is made of it."""
    found: Uploaded = asked.perform("upload.document", data=asked.body)
    return found


ROUTES = (
    Route(
        "POST", "/api/v1/deployments", "deploy", "record", deploy, Recorded, TAG, Nothing, Deploy | _Many,
        together=together,
    ),
    Route("POST", "/api/v1/inventories", "upload-inventory", "record", inventory, Uploaded, TAG, Nothing, Packed),
    Route(
        "POST", "/api/v1/sboms", "upload-sbom", "record", document, Uploaded, TAG, Nothing, bytes,
        takes=("application/json", "application/xml", "text/plain", "application/octet-stream"),
    ),
)  # fmt: skip
