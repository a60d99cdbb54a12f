"""Trying policies on recorded history: which promotions would they have stopped, by what was known at the time?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from envscout.cli.session import Session
from envscout.findings.coverage import combine
from envscout.policies.facts import Running as Beside
from envscout.policies.policy import Policy, judge
from envscout.policies.trial import Trial, outcome
from envscout.verbs import ask, gate, promotions

if TYPE_CHECKING:
    from envscout.model import Deployment, Package
    from envscout.store.deployments import Promotion, Running
    from envscout.verbs.ask import ImageReport, Question

_KEPT = 64
_LOOKING = ("copyleft-license", "cel")
"""Kinds of policies that look at packages."""

Choice = Callable[["Deployment"], tuple[Sequence[Policy], Sequence[Policy]]]
"""The proposed and the present policies for where something was promoted to."""


def trials(session: Session, promoted: "Sequence[Promotion]", question: "Question", choose: Choice) -> Iterator[Trial]:
    """Judge each promotion by what was known when it was recorded, beside what ran just before it."""
    tell = session.status()
    done = 0
    packages = _Packages(session)
    moments = [each.now.deployment.since for each in promoted]
    for size in session.call(promotions.batches, moments, question.max_age):
        tell(f"{done:,} of {len(promoted):,} promotions")
        batch = promoted[done : done + size]
        asked = msgspec.structs.replace(question, known_at=moments[done + size - 1])
        yield from _batch(session, batch, asked, choose, packages)
        done += size


class _Packages:
    """The packages of the images that were judged last: some are promoted again and again."""

    def __init__(self, session: Session) -> None:
        self._of = lru_cache(maxsize=_KEPT)(lambda number: session.call(ask.inventory, number)[1].packages)

    def of(self, policies: Sequence[Policy], image_id: int) -> tuple["Package", ...]:
        """Return the packages of an image; none where no policy looks at them."""
        return self._of(image_id) if any(each.kind in _LOOKING for each in policies) else ()


def _batch(
    session: Session,
    batch: "Sequence[Promotion]",
    question: "Question",
    choose: Choice,
    packages: _Packages,
) -> list[Trial]:
    """Judge promotions between which nothing that is known changed."""
    runs = list(dict.fromkeys(run for each in batch for run in (each.now, *each.before)))
    asked = [(run.image_id, run.deployment.reference, run.deployment) for run in runs]
    reports = dict(zip(runs, session.call(ask.of_subjects, asked, question).images, strict=True))
    outlines = session.call(gate.outlines, [_answered(reports[each.now], each, reports) for each in batch])
    found: list[Trial] = []
    for each, outline in zip(batch, outlines, strict=True):
        proposed, present = choose(each.now.deployment)
        facts = msgspec.structs.replace(outline, packages=packages.of((*proposed, *present), each.now.image_id))
        found.append(Trial(each.now.deployment, outcome(judge(proposed, facts)), outcome(judge(present, facts))))
    return found


def _answered(report: "ImageReport", each: "Promotion", reports: "Mapping[Running, ImageReport]") -> gate.Answered:
    ran = each.now.deployment
    there = [reports[run] for run in each.before]
    findings = tuple(found for one in there for found in (*one.findings, *one.suppressed))
    return gate.Answered(
        image_id=report.image_id,
        findings=report.findings,
        coverage=report.coverage,
        base=report.base,
        advisories_of=report.as_of,
        reference=report.reference,
        organization=ran.organization,
        service=ran.service,
        environment=ran.environment,
        running=Beside(findings, combine(one.coverage for one in there)) if there else None,
        at=ran.since,
    )
