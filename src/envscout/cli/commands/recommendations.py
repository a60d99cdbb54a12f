"""`envscout recommendations`."""

from typing import Any

import click

from envscout.cli import asking, comparing, options, suppressing
from envscout.cli.session import Session
from envscout.errors import UsageError


@click.command()
@click.argument("image", default="", metavar="[IMAGE|REPOSITORY]")
@click.option("--env", "environment", default=None, metavar="ENV", help="Recommend for what runs in an environment.")
@click.option("--stream", "environment", hidden=True)
@click.option("--only-refresh", is_flag=True, help="Only a newer image for the tag of the base image.")
@click.option("--only-update", is_flag=True, help="Only other tags of the base image.")
@click.option("--tag", default="", metavar="TAG", help="Recommend as if the base image had this tag.")
@click.option("--index", is_flag=True, help="Look into the best three base images that nobody has looked into yet.")
@click.option(
    "--offline",
    is_flag=True,
    envvar="DOCKER_SCOUT_OFFLINE",
    help="Do not ask the base image's registry; also by DOCKER_SCOUT_OFFLINE=1.",
)
@options.org
@options.platform
@options.ref
@options.sbom_source
@options.at
@click.option("--service", default="", metavar="NAME", help="With --env: the service, where no repository names it.")
@suppressing.flags
@options.form("text", "markdown", "json")
@options.output
def command(image: str, environment: str | None, output: str, form: str, **flags: Any) -> None:
    """Show what to do about the vulnerabilities of an image: another base image, and which packages to upgrade.

    \b
    envscout recommendations myorg/myapp:v1.2.4
    envscout recommendations --only-refresh myorg/myapp:v1.2.4
    envscout recommendations --env production myorg/myapp --index

    Base images come from what was looked into here and from the tags of the base image's registry. The vulnerabilities
    of a tag that nobody has looked into are unknown; --index looks into the best of them.

    Package upgrades come with the exact version that fixes all that can be fixed, those that remove most risk first:
    severity weighed by how likely a vulnerability is exploited (EPSS, and CISA's catalog). What no upgrade removes is
    listed as well.
    """
    from envscout.cli import advising
    from envscout.cli.show import recommendations as show
    from envscout.verbs import recommend

    only_refresh, only_update = flags["only_refresh"], flags["only_update"]
    if only_refresh and only_update:
        raise UsageError("--only-refresh and --only-update leave nothing to show", "use one of them")
    if flags["index"] and flags["offline"]:
        raise UsageError("--index reads images from the registry, which --offline forbids", "use one of them")
    with Session() as session, options.to_output(output):
        asked = comparing.question(session, flags, flags["at"])
        report = asking.for_form(asking.of_subject(session, image, environment, asked, flags), form)
        wish = advising.Wish(flags["tag"], not flags["offline"], flags["index"])
        whole = not (only_refresh or only_update)
        for each in report.images:
            advice = advising.advise(session, each, asked, wish)
            plan = session.call(recommend.upgrades, each.image_id, each.findings, each.suppressed) if whole else None
            shown = show.Recommended(each, environment or "", advice, plan, not only_update, not only_refresh)
            if form == "json":
                options.document(show.document(shown))
            else:
                options.lines((show.markdown if form == "markdown" else show.text)(shown))
