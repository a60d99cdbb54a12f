"""`envscout cves`."""

from typing import TYPE_CHECKING, Any

import click

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.verbs.ask import Question, Report

FOUND = 2


@click.command()
@click.argument("image", default="", metavar="[IMAGE|REPOSITORY]")
@click.option("--env", "environment", default=None, help="Answer for what runs in an environment.")
@click.option("--stream", "environment", hidden=True)
@options.org
@options.platform
@options.ref
@options.sbom_source
@options.at
@click.option("--known-at", default="", metavar="TIME", help="With --at: as known at another moment; `now` for today.")
@click.option("--service", default="", help="With --env: the service, where no repository names it.")
@options.many("--only-severity", "Only critical, high, medium, low or unspecified.")
@click.option("--only-fixed", is_flag=True, help="Only vulnerabilities that a newer version fixes.")
@click.option("--only-unfixed", is_flag=True, help="Only vulnerabilities without a fix.")
@options.many("--only-package", "Only packages whose name fits a regular expression.")
@options.many("--only-package-type", "Only packages of a type: deb, apk, npm, pypi, ...")
@options.many("--only-cve-id", "Only these CVE ids.")
@click.option("--only-cisa-kev", is_flag=True, help="Only what is known to be exploited.")
@click.option("--only-base", is_flag=True, help="Only what the base image brought.")
@click.option("--ignore-base", is_flag=True, help="Leave out what the base image brought.")
@click.option("--epss", is_flag=True, help="Show EPSS scores and order by them.")
@click.option("--epss-score", type=float, default=0.0, help="Leave out what has a lower score (0-1).")
@click.option("--epss-percentile", type=float, default=0.0, help="Leave out what has a lower percentile (0-1).")
@click.option("--details", is_flag=True, help="Show descriptions and advisories.")
@click.option("--locations", is_flag=True, help="Show the layer and the files that packages were found in.")
@click.option("--only-vuln-packages", is_flag=True, help="With --format only-packages: leave out the others.")
@click.option("-e", "--exit-code", is_flag=True, help="Exit with 2 if anything is found, or nothing could be.")
@options.form("packages", "only-packages", "json")
@options.output
def command(image: str, environment: str | None, output: str, form: str, exit_code: bool, **flags: Any) -> int:
    """Show vulnerabilities: of an image, of what runs of a repository in an environment, or of a whole environment.

    \b
    envscout cves nginx:1.27
    envscout cves --env production myorg/myapp
    envscout cves --env production --only-severity critical,high --exit-code

    IMAGE takes the prefixes image:// local:// registry:// oci-dir:// archive:// fs:// sbom://. With --env a name
    without a tag is looked up in the record and never means `latest`.
    """
    with Session() as session, options.to_output(output):
        question = _question(session, flags)
        if environment is not None:
            report = _of_environment(session, image or flags["service"], environment, question, flags)
        elif image:
            report = _of_image(session, image, question, flags)
        else:
            raise UsageError("neither an image nor an environment was named", "name an image, or --env ENVIRONMENT")
        _show(session, report, form, flags)
        if flags["ignore_base"]:
            _warn(session, report)
        _sum_up(session, report)
        # A gate that cannot see must not open.
        failed = report.summary.total or report.coverage.blind
        return FOUND if exit_code and failed else 0


def _question(session: Session, flags: dict[str, Any]) -> "Question":
    from envscout.findings.select import selection
    from envscout.verbs.ask import Question

    chosen = selection(
        flags["only_severity"],
        flags["only_fixed"],
        flags["only_unfixed"],
        flags["only_package"],
        flags["only_package_type"],
        flags["only_cve_id"],
        flags["only_cisa_kev"],
        flags["epss_score"],
        flags["epss_percentile"],
        flags["only_base"],
        flags["ignore_base"],
    )
    known_at = flags["known_at"] or flags["at"]
    moment = None if known_at == "now" else options.when(known_at)
    return Question(chosen, flags["epss"], moment, int(session.settings.get("max_feed_age_days")))


def _of_environment(
    session: Session, image: str, environment: str, question: "Question", flags: dict[str, Any]
) -> "Report":
    from envscout.verbs import ask

    if not environment:
        # An unset variable of a script must not turn the question into one about `latest`.
        raise UsageError("the name after --env is empty", "`envscout environment` lists the environments")
    scope = options.scope(session, flags["org"], environment, image, flags["at"])
    return ask.of_environment(session.database, scope, question, options.named(image, flags["platform"]))


def _of_image(session: Session, image: str, question: "Question", flags: dict[str, Any]) -> "Report":
    from envscout.cli.indexing import index_shown
    from envscout.names.reference import parse
    from envscout.verbs import ask

    reference = parse(image)
    indexed = index_shown(
        session, reference, platform=flags["platform"], archive_ref=flags["ref"], sbom_source=flags["sbom_source"]
    )
    return ask.of_image(session.database, indexed.image_id, reference.familiar, question)


def _warn(session: Session, report: "Report") -> None:
    for each in report.images:
        if each.base is None or not each.base.layers:
            session.warn(f"{each.reference}: what its base image brought is not known, so nothing of it is left out")


def _sum_up(session: Session, report: "Report") -> None:
    found = [each for image in report.images for each in image.findings]
    packages = len({each.package.purl for each in found})
    if found:
        total = report.summary.total
        session.fail(f"Detected {packages} vulnerable packages with a total of {total} vulnerabilities")
    elif report.coverage.state == "complete":
        session.say("No vulnerable package detected")
    else:
        session.warn("No vulnerable package detected in what could be assessed")


def _show(session: Session, report: "Report", form: str, flags: dict[str, Any]) -> None:
    if form == "json":
        import sys

        import msgspec

        from envscout.cli.show import documents

        sys.stdout.write(msgspec.json.encode(documents.cves(report)).decode() + "\n")
        return
    from envscout.cli.show import cves

    packages = None
    if form == "only-packages":
        from envscout.verbs import ask

        listed = {} if flags["only_vuln_packages"] else {each.image_id: each.image.digest for each in report.images}
        packages = {digest: ask.inventory(session.database, number)[1].packages for number, digest in listed.items()}
    wish = cves.Wish(flags["details"], flags["locations"], flags["epss"], packages)
    for line in cves.cves(report, wish):
        click.echo(line)
