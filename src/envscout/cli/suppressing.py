"""Exceptions and VEX on the command line: whose statements are heeded, and what is told of those that ended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import ConfigError

if TYPE_CHECKING:
    from envscout.findings.heeding import Heed
    from envscout.model import Lapse, Problem, Statement
    from envscout.verbs.ask import Report

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS: tuple[Callable[[Any], Any], ...] = (
    options.many("--vex-location", "Files, or folders to look through, with VEX documents."),
    options.many("--vex-author", "Only heed VEX whose author fits a regular expression; by default everybody's."),
    click.option("--only-vex-affected", is_flag=True, help="Hide what VEX says is not affected."),
    click.option("--ignore-suppressed", is_flag=True, help="Hide what exceptions and VEX suppress."),
    click.option(
        "--vex", is_flag=True, hidden=True, help="Accepted because Docker Scout had it: VEX is always heeded."
    ),
)
MOST = 20
"""Problems of documents that are told one by one."""


def flags(command: F) -> F:
    """Add the flags that say whose statements are heeded, and whether what they suppress is shown."""
    for each in reversed(_FLAGS):
        command = each(command)
    return command


def heed(session: Session, given: dict[str, Any]) -> "Heed":
    """Return whose statements are heeded, by the flags and the settings; documents are read once for each command."""
    if "heed" not in given:
        given["heed"] = _heed(session, given)
    found: Heed = given["heed"]
    return found


def _heed(session: Session, given: dict[str, Any]) -> "Heed":
    from envscout.findings.heeding import Heed
    from envscout.names.expression import expressions

    authors = given.get("vex_author", ()) or _listed(session.settings.text("vex_authors"))
    statements: tuple[Statement, ...] = ()
    problems: tuple[Problem, ...] = ()
    if given.get("vex_location"):
        from envscout.verbs.vex import located

        said = located(given["vex_location"])
        statements, problems = said.statements, said.problems
    return Heed(
        organization=options.whose(session, given.get("org", "")),
        statements=statements,
        problems=problems,
        authors=expressions(authors, "author"),
        places=_places(session.settings.text("vex_sources")),
        hide=given.get("ignore_suppressed", False),
        hide_vex=given.get("only_vex_affected", False),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _places(text: str) -> frozenset[str]:
    from envscout.findings.heeding import PLACES

    found = frozenset(_listed(text)) - {"none"}
    if found - set(PLACES):
        wrong = ", ".join(sorted(found - set(PLACES)))
        raise ConfigError(f"vex_sources names {wrong}", f"choose from {', '.join(PLACES)}, or none")
    return found


def tell(session: Session, report: "Report") -> None:
    """Tell a person which exceptions have ended, and what of VEX could not be used; once, however often it is asked."""
    tell_of(session, (lapse for image in report.images for lapse in image.lapses), report.problems)


def tell_of(session: Session, lapses: "Iterable[Lapse]", problems: "Sequence[Problem]") -> None:
    """Tell the same of an answer that is no report."""
    lines = [*ended(lapses), *(problem.message for problem in problems[:MOST])]
    if len(problems) > MOST:
        lines.append(f"{len(problems) - MOST} more things of VEX documents could not be used")
    for line in lines:
        if line not in session.told:
            session.told.add(line)
            session.warn(line)


def ended(lapses: "Iterable[Lapse]") -> Iterator[str]:
    """Yield a sentence for each exception that has ended, once."""
    from envscout.names import moment

    for each in dict.fromkeys(lapses):
        when = moment.show(each.until)[:10] if each.until is not None else ""
        how = _ENDED[each.cause].format(when or each.detail)
        yield f"exception {each.where} for {each.vulnerability} by {each.who} {how}"


_ENDED = {
    "expired": "expired on {}",
    "fix-known": "ended because a fix is known: {}",
    "known-exploited": "ended because it is known to be exploited, since {}",
}
