"""Deployments in the form of GitHub's artifact deployment records.

https://docs.github.com/rest/orgs/artifact-metadata#create-an-artifact-deployment-record. `org` is the organization,
`logical_environment` the environment, `deployment_name` the service, with `@physical_environment/cluster` where those
are named, since there a name is used again; `name` and `version` are the reference, `status` says whether it runs.
What is said of tags and risks is not kept, and told back as it came.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from envscout.errors import UsageError
from envscout.server.asking import Asked
from envscout.server.routes.deployments import Deploy, record
from envscout.server.routes.route import Nothing, Route
from envscout.standing.appending import Outcome

TAG = "recording"
_Digest = Annotated[str, msgspec.Meta(pattern="^sha256:[a-f0-9]{64}$")]
_Short = Annotated[str, msgspec.Meta(max_length=128)]
_Filled = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Tags = Annotated[dict[_Short, _Short], msgspec.Meta(max_length=25)]
_Risks = Annotated[tuple[_Short, ...], msgspec.Meta(max_length=25)]


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment of a cluster."""

    name: _Filled
    digest: _Digest
    deployment_name: _Filled
    status: Literal["deployed", "decommissioned"] = "deployed"
    version: _Short = ""
    tags: _Tags = {}
    runtime_risks: _Risks = ()
    github_repository: _Short = ""


class DeploymentRecord(Deployed, frozen=True, kw_only=True):
    """One deployment, and where it is."""

    logical_environment: _Filled
    physical_environment: _Short = ""
    cluster: _Short = ""
    return_records: bool = True


class ClusterRecords(msgspec.Struct, frozen=True, kw_only=True):
    """Deployments of a cluster."""

    logical_environment: _Filled
    deployments: Annotated[tuple[Deployed, ...], msgspec.Meta(max_length=1_000)]
    physical_environment: _Short = ""
    return_records: bool = True


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment as GitHub tells it back. updated_at: when that was said."""

    digest: str
    logical_environment: str
    physical_environment: str
    cluster: str
    deployment_name: str
    tags: dict[str, str]
    runtime_risks: tuple[str, ...]
    created: str
    updated_at: str
    attestation_id: int | None = None


class Records(msgspec.Struct, frozen=True):
    """How many records there are, and which."""

    total_count: int
    deployment_records: tuple[Kept, ...] = ()


def one(asked: Asked) -> Records:
    """Record a deployment in the form of GitHub's artifact deployment records."""
    said: DeploymentRecord = asked.body
    where = (said.logical_environment, said.physical_environment, said.cluster)
    return _records(asked, (said,), where, said.return_records)


def cluster(asked: Asked) -> Records:
    """Record deployments of a cluster in the form of GitHub's artifact deployment records."""
    said: ClusterRecords = asked.body
    where = (said.logical_environment, said.physical_environment, asked.path["cluster"])
    return _records(asked, said.deployments, where, said.return_records)


def _records(asked: Asked, said: tuple[Deployed, ...], where: tuple[str, str, str], tells: bool) -> Records:
    with asked.database.together():
        found = record(asked, tuple(_deploy(asked.path["organization"], each, where) for each in said))
        refused = [each for each in found if each.state == "refused"]
        if refused:
            raise UsageError(refused[0].problem, refused[0].next_step)
    kept = tuple(_kept(each, where, outcome) for each, outcome in zip(said, found, strict=True))
    return Records(len(kept), kept if tells else ())


def _deploy(organization: str, each: Deployed, where: tuple[str, str, str]) -> Deploy:
    environment, *places = where
    place = "/".join(filter(None, places))
    return Deploy(
        organization=organization,
        environment=environment,
        service=f"{each.deployment_name}@{place}" if place else each.deployment_name,
        digest=each.digest,
        action="record" if each.status == "deployed" else "remove",
        reference=f"{each.name}:{each.version}" if each.version else each.name,
        unindexed=True,
    )


def _kept(each: Deployed, where: tuple[str, str, str], outcome: Outcome) -> Kept:
    moment = datetime.fromtimestamp(outcome.event.at / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    environment, physical, cluster = where
    return Kept(
        digest=each.digest,
        logical_environment=environment,
        physical_environment=physical,
        cluster=cluster,
        deployment_name=each.deployment_name,
        tags=each.tags,
        runtime_risks=each.runtime_risks,
        created=moment,
        updated_at=moment,
    )


_PATH = "/api/v1/orgs/{organization}/artifacts/metadata/deployment-record"

ROUTES = (
    Route("POST", _PATH, "deployment-record", "record", one, Records, TAG, Nothing, DeploymentRecord),
    Route(
        "POST", _PATH + "/cluster/{cluster}", "cluster-deployment-records", "record", cluster, Records, TAG, Nothing,
        ClusterRecords,
    ),
)  # fmt: skip
