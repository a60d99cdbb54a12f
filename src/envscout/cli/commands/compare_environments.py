"""`envscout compare` of whole environments."""

from typing import TYPE_CHECKING, Any

from envscout.cli import asking
from envscout.cli.outputs import Outputs
from envscout.cli.session import Session
from envscout.cli.show import environments as show
from envscout.environments.difference import Side, difference
from envscout.findings.coverage import combine

if TYPE_CHECKING:
    from envscout.verbs.ask import ImageReport, Report

WHOLE = {
    "text": "cli.show.environments:text",
    "markdown": "cli.show.environments:markdown",
    "json": "cli.show.environments:json",
}
"""The forms that are others for whole environments."""


def environments(
    session: Session, places: tuple[asking.Place, asking.Place], out: Outputs, gates: list[str], flags: dict[str, Any]
) -> int:
    """Compare whole environments, service by service; return the exit code."""
    reports = [
        asking.of_environment(
            session,
            "",
            place.environment or "",
            asking.question(session, flags, place.at),
            org=flags["org"],
            platform=flags["platform"],
            at=place.at,
        )
        for place in places
    ]
    analyzed, comparison = (_services(report) for report in reports)
    changes = difference(comparison, analyzed)
    both = combine([report.coverage for report in reports])
    names = (places[0].environment or "", places[1].environment or "")
    shown = show.Promotion(*names, changes, both, flags["ignore_unchanged"])
    out.write(shown, asking.answer(session, reports[0], reports[1], flags["ignore_unchanged"]), WHOLE)
    worse = "vulnerability" in gates and any(each.introduced for each in changes)
    differs = "difference" in gates and any(each.introduced or each.fixed for each in changes)
    moved = "package" in gates and any(each.present != each.next for each in changes)
    return 2 if worse or differs or moved or (gates and reports[0].coverage.blind) else 0


def _services(report: "Report") -> dict[str, Side]:
    """Return what each service of an environment runs; what runs beside one another is taken together."""
    held: dict[str, list[ImageReport]] = {}
    for each in report.images:
        if each.deployment:
            held.setdefault(each.deployment.service, []).append(each)
    return {
        name: Side(
            references=tuple(dict.fromkeys(each.reference for each in images)),
            vulnerabilities={found.vulnerability: found.severity for each in images for found in each.findings},
            known=all(each.coverage.state != "unknown" for each in images),
        )
        for name, images in held.items()
    }
