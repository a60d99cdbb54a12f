"""`envscout quickview`."""

from typing import TYPE_CHECKING, Any

import click

from envscout.cli import asking, judging, options, suppressing
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.verbs.ask import Question, Report


@click.command()
@click.argument("image", default="", metavar="[IMAGE|REPOSITORY]")
@click.option("--env", "environment", default=None, metavar="ENV", help="Show what runs in an environment.")
@click.option("--stream", "environment", hidden=True)
@click.option("--latest", is_flag=True, help="Show the image of the repository that was recorded last, anywhere.")
@options.org
@options.platform
@options.ref
@options.sbom_source
@options.at
@click.option("--service", default="", metavar="NAME", help="With --env: the service, where no repository names it.")
@suppressing.flags
@judging.chosen
@options.form("text", "markdown", "json")
@options.output
def command(image: str, environment: str | None, output: str, form: str, **flags: Any) -> None:
    """Show an image at a glance: vulnerabilities, base image, what could replace it, policies and health score.

    \b
    envscout quickview nginx:1.27
    envscout qv --env production myorg/myapp
    envscout quickview

    Without a name the image is meant that was built last on this machine. The base image's own vulnerabilities, and
    those of a newer one, are shown where they were looked into: `recommendations --index` does that. Of an environment
    each image is shown. Nothing here closes a gate: `policy --exit-code` and `cves --exit-code` do.
    """
    from envscout.cli import advising
    from envscout.cli.show import policy as judged
    from envscout.cli.show import quickview as show
    from envscout.policies.policy import health

    with Session() as session, options.to_output(output):
        asked = asking.question(session, flags, flags["at"])
        report = asking.for_form(_report(session, image, environment, asked, flags), form)
        there = judging.beside(report) if environment else None
        for each in report.images:
            named = image or each.reference
            subject = judging.Subject(each, each.as_of, named, there, environment or "", asked.known_at)
            chosen, verdicts = judging.judged(session, subject, flags)
            advice = advising.advise(session, each, asked, advising.Wish())
            state = judged.Judged(each, environment or "", verdicts, health(verdicts), chosen, asked.known_at)
            view = show.View(state, advice, image)
            if form == "json":
                options.document(show.document(view))
            else:
                options.lines(show.lines(view, form))


def _report(
    session: Session, image: str, environment: str | None, asked: "Question", flags: dict[str, Any]
) -> "Report":
    """Return the answer for what was named."""
    if not flags["latest"]:
        return asking.of_subject(session, image, environment, asked, flags)
    if environment is not None:
        raise UsageError("--latest looks at all environments, --env at one", "use one of them")
    if not (image or flags["service"]):
        raise UsageError("--latest needs a repository", "name it: envscout quickview --latest REPOSITORY")
    return asking.of_latest(session, flags["service"] or image, asked, org=flags["org"])
