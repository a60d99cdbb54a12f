"""`envscout where`."""

from typing import TYPE_CHECKING

import click

from envscout.cli import asking, options, suppressing
from envscout.cli.session import Session

if TYPE_CHECKING:
    from envscout.standing.spots import Spot
    from envscout.verbs.locate import Located


FOUND = 2


@click.command()
@click.argument("query", metavar="CVE|PURL|NAME[@VERSION]")
@click.option("--env", "environment", default=None, metavar="ENV", help="Look into one environment only.")
@options.org
@options.at
@click.option("-e", "--exit-code", is_flag=True, help="Exit with 2 where it runs, and where it could have been missed.")
@options.form("text", "json")
@options.output
def command(query: str, environment: str | None, org: str, at: str, exit_code: bool, form: str, output: str) -> int:
    """Show where a vulnerability or a package runs, over every environment: services, images, versions, and the fix.

    \b
    envscout where CVE-2022-37434
    envscout where CVE-2022-37434 --env production --exit-code
    envscout where pkg:npm/lodash@4.17.20
    envscout where openssl --at 2026-10-01

    It looks through the record alone, opens no image and fetches nothing. What exceptions and VEX suppress is listed
    with who says so, and opens a gate. Where something could not be assessed, the answer says what, and never that the
    vulnerability runs nowhere.
    """
    from envscout.verbs import ask
    from envscout.verbs.locate import where

    with Session() as session, options.to_output(output):
        scope = options.scope(session, org, asking.existing(environment), at=at)
        if scope.environment:
            # A name that nobody recorded into is a mistake, and no place without vulnerabilities.
            session.call(ask.running, scope)
        max_age = int(session.settings.get("max_feed_age_days"))
        located = session.call(where, query, scope, max_age, suppressing.heed(session, {"org": org}))
        suppressing.tell_of(session, (), located.problems)
        if form == "json":
            from envscout.cli.show import documents

            options.document(documents.where(located))
        else:
            for line in lines(located, environment or ""):
                click.echo(line)
    counts = any(spot.suppression is None for spot in located.spots)
    return FOUND if exit_code and (counts or located.coverage.blind) else 0


def lines(located: "Located", environment: str = "") -> list[str]:
    """Return the text of an answer."""
    from envscout.cli.show.cves import coverage
    from envscout.cli.show.table import inert, table

    head = (
        "Environment",
        "Service",
        "Image",
        "Package",
        "Version",
        "Vulnerability",
        "Fixed in",
        "Owned by",
        "Suppressed",
    )
    if located.spots:
        several = len({spot.organization for spot in located.spots}) > 1
        more = coverage(located.coverage, "It may run in more places, which is unknown")
        rows = table(head, [_row(spot, several) for spot in located.spots])
        return [inert(f"  {located.query} runs in {_counted(located, several)}"), "", *rows, *more]
    nowhere = f"{located.query} runs in no recorded environment"
    if environment:
        nowhere = f"{located.query} does not run in {environment}"
    if located.coverage.state != "complete":
        nowhere = f"{located.query} was not found in what could be assessed"
    said = [f"  {nowhere}"]
    if located.similar:
        said += ["", f"  No package has that name. Some are called: {', '.join(located.similar)}"]
    return [*map(inert, said), *coverage(located.coverage)]


def _counted(located: "Located", several: bool) -> str:
    """Return `2 services of production, 1 of staging`."""
    services: dict[str, dict[str, None]] = {}
    for spot in located.spots:
        services.setdefault(_place(spot, several), {})[spot.service] = None
    (first, names), *others = services.items()
    noun = "service" if len(names) == 1 else "services"
    return ", ".join([f"{len(names)} {noun} of {first}", *(f"{len(held)} of {name}" for name, held in others)])


def _place(spot: "Spot", several: bool) -> str:
    return f"{spot.organization}/{spot.environment}" if several else spot.environment


def _row(spot: "Spot", several: bool) -> tuple[str, ...]:
    place = _place(spot, several)
    name = spot.reference or spot.digest[:19]
    return (
        place, spot.service, name, spot.name, spot.version, spot.vulnerability,
        (spot.fixed_version or "not fixed") if spot.vulnerability else "", spot.owner.partition("@")[0],
        _suppressed(spot),
    )  # fmt: skip


def _suppressed(spot: "Spot") -> str:
    why = spot.suppression
    if why is None:
        return ""
    number = f"exception {why.where}, " if why.source == "exception" else ""
    return f"{number}{why.kind.replace('_', ' ').replace('-', ' ')}, by {why.who or 'nobody'}"
