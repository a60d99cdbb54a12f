"""`envscout where`."""

from typing import TYPE_CHECKING

import click

from envscout.cli import options
from envscout.cli.session import Session

if TYPE_CHECKING:
    from envscout.verbs.locate import Located, Spot


@click.command()
@click.argument("query", metavar="CVE|PURL|NAME[@VERSION]")
@options.org
@options.at
@options.form("text", "json")
@options.output
def command(query: str, org: str, at: str, form: str, output: str) -> None:
    """Show where a vulnerability or a package runs, over every environment: services, images, versions, and the fix.

    \b
    envscout where CVE-2022-37434
    envscout where pkg:npm/lodash@4.17.20
    envscout where openssl
    """
    from envscout.verbs.locate import where

    with Session() as session, options.to_output(output):
        scope = options.scope(session, org, at=at)
        located = where(session.database, query, scope, int(session.settings.get("max_feed_age_days")))
        if form == "json":
            from envscout.cli.show import documents

            options.document(documents.where(located))
            return
        for line in lines(located):
            click.echo(line)


def lines(located: "Located") -> list[str]:
    """Return the text of an answer."""
    from envscout.cli.show.cves import coverage
    from envscout.cli.show.table import table

    head = ("Environment", "Service", "Image", "Package", "Version", "Vulnerability", "Fixed in", "Owned by")
    if located.spots:
        several = len({spot.organization for spot in located.spots}) > 1
        more = coverage(located.coverage, "It may run in more places, which is unknown")
        return [*table(head, [_row(spot, several) for spot in located.spots]), *more]
    nowhere = f"  {located.query} runs in no recorded environment"
    if located.coverage.state != "complete":
        nowhere = f"  {located.query} was not found in what could be assessed"
    return [nowhere, *coverage(located.coverage)]


def _row(spot: "Spot", several: bool) -> tuple[str, ...]:
    place = f"{spot.organization}/{spot.environment}" if several else spot.environment
    name = spot.reference or spot.digest[:19]
    return (
        place, spot.service, name, spot.name, spot.version, spot.vulnerability,
        (spot.fixed_version or "not fixed") if spot.vulnerability else "", spot.owner.partition("@")[0],
    )  # fmt: skip
