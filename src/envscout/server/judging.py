"""What the policies in force say of images, of what the store knows alone: no registry is asked on anybody's behalf."""

from collections.abc import Iterator, Sequence

import msgspec

from envscout.environments import scope as naming
from envscout.errors import NotFound, UsageError
from envscout.model import Coverage, Deployment, Verdict
from envscout.operations.judging import answered
from envscout.policies.facts import Running
from envscout.policies.force import Effective
from envscout.policies.policy import Health, Policy, health, judge
from envscout.server.asking import Asked
from envscout.store.deployments import Scope
from envscout.verbs.ask import ImageReport

_ATTESTED = ("supply-chain-attestations", "cel")


class PoliciesInForce(msgspec.Struct, frozen=True):
    """Which policies were judged by. source: environment, organization, or standard. digest: tells them from others."""

    organization: str
    source: str
    digest: str
    policies: tuple[str, ...]


class Judged(msgspec.Struct, frozen=True):
    """An image and what policies say of it. environment: where it runs or is to go, "" where that was not said.

    met: whether a gate opens; it stays shut for what nobody can know. coverage: how far the answer can be trusted.
    """

    digest: str
    reference: str
    organization: str
    environment: str
    service: str
    platform: str
    met: bool
    health: Health
    verdicts: tuple[Verdict, ...]
    coverage: Coverage


def owner(asked: Asked, organization: str, environment: str) -> str:
    """Return whose policies count. Raise NotFound for an environment nobody knows, UsageError where several do."""
    named = organization or asked.principal.organization
    if not environment:
        return naming.organization(named, "")
    there = asked.perform("govern.owners", scope=Scope(named, environment))
    if not there:
        # By the default policies a mistyped name would be let through.
        raise NotFound(
            f"nobody knows environment {environment[:200]}", "record something there, or apply policies for it"
        )
    if len(there) > 1:
        names = ", ".join(there[:20])
        raise UsageError(f"several organizations have an environment {environment[:200]}: {names}", "say which: org=")
    return str(there[0])


def in_force(asked: Asked, organization: str, environment: str, at: int | None = None) -> Effective:
    """Return the policies that are in force somewhere, or were."""
    found: Effective = asked.perform("govern.in_force", organization=organization, environment=environment, at=at)
    return found


def told(found: Effective, organization: str) -> PoliciesInForce:
    """Return policies in short."""
    return PoliciesInForce(organization, found.source, found.digest, tuple(each.id for each in found.policies))


def beside(reports: Sequence[ImageReport], coverage: Coverage) -> Running | None:
    """Return what an image is judged beside, None where nothing runs there."""
    if not reports:
        return None
    return Running(tuple(found for each in reports for found in (*each.findings, *each.suppressed)), coverage)


def judged(
    asked: Asked, report: ImageReport, place: Deployment, policies: Sequence[Policy], running: Running | None,
    at: int | None = None,
) -> Judged:  # fmt: skip
    """Return what policies say of an image. place: where it runs, or is to go. at: a past moment, None for now."""
    known = answered(report, place.environment, running, report.as_of, at)
    known = msgspec.structs.replace(known, organization=place.organization, service=place.service)
    looks = any(each.kind in _ATTESTED for each in policies)
    attested = asked.perform("gate.seen", image_id=report.image_id, at=at) if looks else None
    verdicts = judge(policies, asked.perform("gate.facts", answered=known, attestations=attested))
    return Judged(
        digest=report.image.digest,
        reference=report.reference,
        organization=place.organization,
        environment=place.environment,
        service=place.service,
        platform=place.platform or report.image.platform,
        met=all(not each.blocks for each in verdicts),
        health=health(verdicts),
        verdicts=verdicts,
        coverage=report.coverage,
    )


def blocking(found: Judged) -> Iterator[str]:
    """Yield the ids of the policies that keep an image out."""
    return (each.policy for each in found.verdicts if each.blocks)
