"""`envscout compare` of whole environments."""

from typing import TYPE_CHECKING, Any

from envscout.cli import asking, comparing, options, suppressing
from envscout.cli.outputs import Outputs
from envscout.cli.session import Session
from envscout.cli.show import environments as show
from envscout.environments.difference import difference
from envscout.environments.naming import naming
from envscout.errors import UsageError
from envscout.findings.coverage import combine
from envscout.verbs import whole

if TYPE_CHECKING:
    from envscout.formats.answer import Answer
    from envscout.store.deployments import Scope

WHOLE = {
    "text": "cli.show.environments:text",
    "markdown": "cli.show.environments:markdown",
    "json": "cli.show.environments:json",
}
"""The forms that are others for whole environments."""

_Places = tuple[asking.Place, asking.Place]


def environments(session: Session, places: _Places, out: Outputs, gates: list[str], flags: dict[str, Any]) -> int:
    """Compare whole environments, service by service; return the exit code."""
    asked = [(_scope(session, place, flags), _question(session, place, flags)) for place in places]
    answers = session.call(whole.environments, asked, naming("", flags["platform"]))
    for each in answers:
        suppressing.tell_of(session, each.lapses, each.problems)
    analyzed, comparison = answers
    changes = difference(comparison.services, analyzed.services)
    wanted = show.all_names if "json" in out.names else show.worth_naming
    shown = show.Promotion(
        analyzed.environment,
        comparison.environment,
        changes,
        combine([analyzed.coverage, comparison.coverage]),
        session.call(whole.names, wanted(changes)),
        flags["ignore_unchanged"],
        (places[0].at, places[1].at),
    )
    out.write(shown, lambda: _findings(session, places, flags), WHOLE)
    worse = "vulnerability" in gates and any(any(each.introduced) for each in changes)
    differs = "difference" in gates and any(any(each.introduced) or any(each.fixed) for each in changes)
    moved = "package" in gates and any(each.moved for each in changes)
    return 2 if worse or differs or moved or (gates and analyzed.coverage.blind) else 0


def _scope(session: Session, place: asking.Place, flags: dict[str, Any]) -> "Scope":
    if not place.environment:
        # An unset variable of a script must not turn the question into one about `latest`.
        raise UsageError("the name of the environment is empty", "`envscout environment` lists the environments")
    return options.scope(session, flags["org"], place.environment, "", place.at)


def _question(session: Session, place: asking.Place, flags: dict[str, Any]) -> whole.Question:
    asked = asking.question(session, flags, place.at)
    return whole.Question(asked.selection, asked.known_at, asked.max_age, asked.heed)


def _findings(session: Session, places: _Places, flags: dict[str, Any]) -> "Answer":
    """Return both answers finding by finding, for the formats that list them."""
    analyzed, comparison = (
        asking.of_environment(
            session,
            "",
            place.environment or "",
            comparing.question(session, flags, place.at),
            org=flags["org"],
            platform=flags["platform"],
            at=place.at,
        )
        for place in places
    )
    return comparing.answer(session, analyzed, comparison, flags)
