"""From an answer about images to the facts that policies judge: the same for whoever asks, and for the standing work.

Nothing is asked of a registry here: what is attached to an image is told by whoever calls.
"""

from envscout.policies.facts import Running
from envscout.verbs.ask import ImageReport, Report
from envscout.verbs.gate import Answered


def beside(report: Report | None) -> Running | None:
    """Return what the answer about an environment says of that which an image is judged beside."""
    if report is None:
        return None
    return Running(
        tuple(found for each in report.images for found in (*each.findings, *each.suppressed)), report.coverage
    )


def answered(
    report: ImageReport,
    environment: str,
    running: Running | None,
    as_of: int | None,
    at: int | None = None,
) -> Answered:
    """Return what is known of one image. environment: where it is to go. as_of: of its advisories. at: None for now."""
    ran = report.deployment
    return Answered(
        image_id=report.image_id,
        findings=report.findings,
        coverage=report.coverage,
        base=report.base,
        advisories_of=as_of,
        reference=report.reference,
        organization=ran.organization if ran else "",
        service=ran.service if ran else "",
        environment=environment,
        running=running,
        at=at,
    )
