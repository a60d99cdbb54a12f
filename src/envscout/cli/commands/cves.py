"""`envscout cves`."""

from typing import TYPE_CHECKING, Any

import click

from envscout.cli import asking, options, outputs, staging, suppressing
from envscout.cli.session import Session

if TYPE_CHECKING:
    from envscout.cli.outputs import Outputs
    from envscout.verbs.ask import Report

FOUND = 2

FORMATS: outputs.Forms = {
    "packages": "cli.show.cves:packages",
    "only-packages": "cli.show.cves:only_packages",
    "text": "cli.show.cves:packages",
    "markdown": "cli.show.cves_markdown:write",
    "json": "cli.show.cves:json",
    **outputs.DOCUMENTS,
    "sbom": "formats.sbom:write",
}


@click.command()
@click.argument("image", default="", metavar="[IMAGE|REPOSITORY]")
@click.option("--env", "environment", default=None, metavar="ENV", help="Answer for what runs in an environment.")
@click.option("--stream", "environment", hidden=True)
@options.org
@options.platform
@options.ref
@options.sbom_source
@options.at
@click.option("--known-at", default="", metavar="TIME", help="With --at: as known at another moment; `now` for today.")
@click.option("--service", default="", metavar="NAME", help="With --env: the service, where no repository names it.")
@asking.filters
@suppressing.flags
@staging.flags
@click.option("--epss", is_flag=True, help="Show EPSS scores, highest first.")
@click.option(
    "--epss-score", type=float, default=0.0, metavar="N", help="Leave out what has a lower EPSS score, from 0 to 1."
)
@click.option(
    "--epss-percentile",
    type=float,
    default=0.0,
    metavar="N",
    help="Leave out what has a lower EPSS percentile, from 0 to 1.",
)
@click.option("--details", is_flag=True, help="Show descriptions and advisories.")
@click.option("--locations", is_flag=True, help="Show the layer and the files that packages were found in.")
@click.option(
    "--only-vuln-packages",
    is_flag=True,
    help="With --format only-packages: leave out packages without vulnerabilities.",
)
@click.option("--local", is_flag=True, hidden=True, help="Answer on this machine: that is always so.")
@click.option("--local-vulndb", default="", hidden=True, metavar="FILE", help="Ask another store than one's own.")
@click.option("-e", "--exit-code", is_flag=True, help="Exit with 2 on a finding, and where one could have been missed.")
@outputs.output(FORMATS)
def command(
    image: str, environment: str | None, output: tuple[str, ...], form: str, exit_code: bool, **flags: Any
) -> int:
    """Show the vulnerabilities of an image, of what runs of a repository in an environment, or of all that runs there.

    \b
    envscout cves nginx:1.27
    envscout cves --env production myorg/myapp
    envscout cves --env production --at 2026-10-01 --format csv
    envscout cves --env production --only-severity critical,high --exit-code
    envscout cves nginx:1.27 --output sarif=nginx.sarif --output html=nginx.html

    With --env a name without a tag is looked up in the record and never means `latest`. What could not be known is
    said at the end of the answer, and fails --exit-code like a finding does.
    """
    with Session(flags["local_vulndb"]) as session, outputs.opened(output, form, FORMATS) as out:
        question = asking.question(session, flags, flags["known_at"] or flags["at"])
        report = asking.of_subject(session, image, environment, question, flags)
        _show(session, report, out, flags, question.known_at)
        if flags["ignore_base"]:
            _warn(session, report)
        _sum_up(session, report)
        # A gate that cannot see must not open.
        failed = report.summary.total or report.coverage.blind
        return FOUND if exit_code and failed else 0


def _warn(session: Session, report: "Report") -> None:
    for each in report.images:
        if each.base is None or not each.base.layers:
            session.warn(f"{each.reference}: what its base image brought is not known, so nothing of it is left out")


def _sum_up(session: Session, report: "Report") -> None:
    from envscout.cli.show.size import many

    found = [each for image in report.images for each in image.findings]
    packages = len({each.package.purl for each in found})
    if found:
        total = many(report.summary.total, "vulnerability", "vulnerabilities")
        session.fail(f"Detected {many(packages, 'vulnerable package', 'vulnerable packages')} with a total of {total}")
    elif report.coverage.state == "complete":
        hidden = len({one.vulnerability for image in report.images for one in image.suppressed})
        more = f", {many(hidden, 'vulnerability is', 'vulnerabilities are')} suppressed" if hidden else ""
        session.say(f"No vulnerable package detected{more}")
    else:
        session.warn("No vulnerable package detected in what could be assessed")


def _show(session: Session, report: "Report", out: "Outputs", flags: dict[str, Any], known_at: int | None) -> None:
    from envscout.cli.show.cves import Shown, Wish

    packages = None
    if "only-packages" in out.names:
        listed = {} if flags["only_vuln_packages"] else {each.image_id: each.image.digest for each in report.images}
        inventories = asking.Inventories(session, tuple(listed))
        packages = {digest: inventories(number)[1].packages for number, digest in listed.items()}
    wish = Wish(flags["details"], flags["locations"], flags["epss"], packages)
    out.write(Shown(report, wish), lambda: asking.answer(session, report, known_at=known_at))
