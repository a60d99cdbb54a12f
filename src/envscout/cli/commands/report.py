"""`envscout report`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec
from click.core import ParameterSource

from envscout.cli import asking, judging, options, outputs, suppressing
from envscout.cli.session import Session

if TYPE_CHECKING:
    from envscout.formats.audit import Audit, Judged
    from envscout.verbs.ask import Report
    from envscout.verbs.exceptions import Listed

FORMATS: outputs.Forms = {
    "text": "cli.show.report:text",
    "html": "formats.audit_html:write",
    "markdown": "cli.show.report:markdown",
    "json": "cli.show.report:json",
    "csv": "cli.show.report:csv",
}


@click.command()
@click.argument("repository", default="", metavar="[REPOSITORY]")
@click.option("--env", "environment", required=True, metavar="ENV", help="The environment.")
@options.org
@options.platform
@options.at
@click.option("--known-at", default="", metavar="TIME", help="With --at: as known at another moment; `now` for today.")
@click.option("--since", default="", metavar="TIME", help="Tell what was recorded from then on, too.")
@click.option("--service", default="", metavar="NAME", help="Only this service; the same as naming a repository.")
@judging.chosen
@suppressing.flags
@outputs.output(FORMATS)
def command(repository: str, environment: str, output: tuple[str, ...], form: str, **flags: Any) -> None:
    """Write everything that an audit asks of an environment at a moment, as one file.

    \b
    envscout report --env production --at 2026-10-01 --output html=production.html
    envscout report --env production --since 90d -o production.html
    envscout report --env production --format json myorg/myapp

    What ran, with digests; who deployed it, when, from which commit and run; base images; vulnerabilities with their
    fixes; what was suppressed, by whom and until when; policies, verdicts and health; what is not known; what was
    recorded since a moment; which advisories it rests on.

    A date means the beginning of that day in UTC; the report says the exact moment in words. Everything is told as it
    was recorded and known then; --known-at now judges what ran then by what is known today.

    A plain -o FILE takes HTML unless --format says otherwise; `csv` are the findings.
    """
    source = click.get_current_context().get_parameter_source("form")
    to_file = "html" if source == ParameterSource.DEFAULT else form
    with Session() as session, outputs.opened(output, form, FORMATS, to_file) as out:
        audit = _audit(session, repository, environment, flags)
        out.write(audit, lambda: audit)
        if form == "text" and not output:
            session.warn("--output html=FILE writes the whole report: findings, policies, exceptions, history, sources")


def _audit(session: Session, repository: str, environment: str, flags: dict[str, Any]) -> "Audit":
    """Gather everything, as it was at the moment that is asked for."""
    from envscout.formats.audit import Audit
    from envscout.verbs import ask

    asked = asking.question(session, flags, flags["known_at"] or flags["at"])
    flags["ref"] = ""
    report = asking.of_subject(session, repository, environment, asked, flags)
    answer = asking.answer(session, report, known_at=asked.known_at)
    moment = options.when(flags["at"])
    at = answer.given if moment is None else moment
    known = answer.given if asked.known_at is None else asked.known_at
    since = options.when(flags["since"])
    named = repository or flags["service"]
    scope = options.scope(session, flags["org"], environment, named, flags["at"])
    events = session.call(ask.history, scope) if since is not None else []
    return Audit(
        answer=answer,
        at=at,
        asked=flags["at"].strip(),
        since=since,
        judged=tuple(_judged(session, report, environment, known, flags)),
        events=tuple(each for each in events if since is not None and each.at >= since),
        exceptions=tuple(_exceptions(session, report, known)),
        feeds=tuple(session.call(ask.feed_status, known)[0]),
    )


def _judged(session: Session, report: "Report", environment: str, at: int, flags: dict[str, Any]) -> "Iterator[Judged]":
    """Yield what policies said of each image; what is attached is known from when it was seen, no registry is asked."""
    from envscout.formats.audit import Judged
    from envscout.policies.policy import health

    for each in report.images:
        running = judging.beside(msgspec.structs.replace(report, images=(each,)))
        subject = judging.Subject(each, report.as_of, each.reference, running, environment, at)
        policies, verdicts = judging.judged(session, subject, flags)
        yield Judged(each, verdicts, health(verdicts), policies)


def _exceptions(session: Session, report: "Report", at: int) -> "Iterator[Listed]":
    """Yield the exceptions that stood at a moment and speak of anything that ran."""
    from envscout.findings.products import image_mismatch, met
    from envscout.verbs import exceptions

    seen = [met(each.image, each.reference, each.deployment, "") for each in report.images]
    for each in session.call(exceptions.listed, at)[0]:
        product = each.entry.statement.products[0]
        if any(not image_mismatch(product, one) for one in seen):
            yield each
