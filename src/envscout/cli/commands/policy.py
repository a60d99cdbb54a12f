"""`envscout policy`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from envscout.cli import asking, options
from envscout.cli.session import Session
from envscout.errors import InvalidReference, NotFound, UsageError

if TYPE_CHECKING:
    from envscout.model import Finding, Verdict
    from envscout.policies.facts import Facts
    from envscout.policies.policy import Policy
    from envscout.verbs.ask import ImageReport, Question, Report

NOT_MET = 2
_ATTESTED = "supply-chain-attestations"


@click.command()
@click.argument("image", metavar="IMAGE|REPOSITORY")
@click.option("--env", "environment", default=None, metavar="ENV", help="The environment that it is to go to.")
@click.option("--to-env", "environment", metavar="ENV", help="The same.")
@click.option("--stream", "environment", hidden=True)
@options.org
@options.platform
@options.ref
@options.sbom_source
@click.option("--service", default="", help="The service in the environment, where no repository names it.")
@options.many("--only-policy", "Only these policies, by their ids.")
@click.option("--policy-config", default="", metavar="FILE", help="Change the standard policies (YAML or JSON).")
@click.option("--policy-file", multiple=True, metavar="FILE", help="Policies instead of the standard ones; repeatable.")
@click.option("--result-file", default="", metavar="FILE", help="Write all verdicts to a file, as JSON.")
@click.option("-e", "--exit-code", is_flag=True, help="Exit with 2 if a policy is not met, or nobody can know.")
@options.form("text", "markdown", "json")
@options.output
def command(image: str, environment: str | None, output: str, form: str, exit_code: bool, **flags: Any) -> int:
    """Judge an image by policies: may it go out?

    \b
    envscout policy myorg/myapp:v1.2.4 --env production --exit-code
    envscout policy myorg/myapp --env production
    envscout policy nginx:1.27 --policy-file policies.yaml

    With --env an image is judged beside what runs there; a repository without a tag means what runs there itself.
    """
    from envscout.cli.show import policy as show
    from envscout.policies.policy import health, judge

    with Session() as session, options.to_output(output):
        policies = _policies(flags)
        asked = asking.question(session, flags)
        report, running = _answers(session, image, environment, asked, flags)
        attested = _attested(image, report, flags) if any(each.kind == _ATTESTED for each in policies) else None
        verdicts = judge(policies, _facts(session, report, running, attested))
        shown = show.Judged(report.images[0], environment or "", verdicts, health(verdicts))
        if flags["result_file"]:
            with options.to_output(flags["result_file"]):
                options.document(show.document(shown))
        if form == "json":
            options.document(show.document(shown))
        else:
            for line in (show.markdown if form == "markdown" else show.text)(shown):
                click.echo(line)
        return _exit(session, verdicts) if exit_code else 0


def _exit(session: Session, verdicts: "Sequence[Verdict]") -> int:
    blocking = [each.policy for each in verdicts if each.blocks]
    if blocking:
        session.fail(f"not met, or not known to be: {', '.join(blocking)}")
    return NOT_MET if blocking else 0


def _policies(flags: dict[str, Any]) -> "Sequence[Policy]":
    """Return the policies that are in force."""
    from envscout.policies.policy import standard
    from envscout.policies.reading import read

    found = [each for path in flags["policy_file"] for each in read(_content(path), path)]
    if not flags["policy_file"]:
        path = flags["policy_config"]
        found = list(read(_content(path), path, extends=True) if path else standard())
    elif flags["policy_config"]:
        raise UsageError(
            "--policy-config changes the standard policies, --policy-file replaces them", "use one of them"
        )
    chosen = flags["only_policy"]
    missing = set(chosen) - {each.id for each in found}
    if missing:
        there = ", ".join(each.id for each in found)
        raise UsageError(f"no policy is called {', '.join(sorted(missing))}", f"there are {there}")
    return [each for each in found if not chosen or each.id in chosen]


def _content(path: str) -> bytes:
    from envscout.policies.reading import MAX_FILE

    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "check the path") from error


def _answers(
    session: Session, image: str, environment: str | None, asked: "Question", flags: dict[str, Any]
) -> "tuple[Report, tuple[Finding, ...] | None]":
    """Return the answer for the image, and the findings of what runs in the environment, None where nothing does."""
    from envscout.names.reference import parse

    reference = parse(image)
    service = flags["service"] or reference.service
    there = None
    if environment is not None and service:
        try:
            there = asking.of_environment(
                session, service, environment, asked, org=flags["org"], platform=flags["platform"], at=""
            )
        except NotFound:
            if reference.is_tagless:
                raise
            session.warn(f"nothing of {service} runs in {environment} yet: all that is found is new there")
    running = tuple(found for each in there.images for found in each.findings) if there else None
    if there and reference.is_tagless:
        return there, running
    how = {name: flags[name] for name in ("platform", "ref", "sbom_source")}
    return asking.of_image(session, image, asked, **how), running


def _attested(image: str, report: "Report", flags: dict[str, Any]) -> tuple[str, ...] | None:
    """Return what is attached to the judged image, None where nobody can tell."""
    from envscout.names.reference import parse
    from envscout.verbs import gate

    ran = report.images[0].deployment
    try:
        reference = parse(f"{ran.reference.partition('@')[0]}@{ran.digest}" if ran else image)
    except InvalidReference:
        # What was recorded from a place on disk is not to be found again by its digest.
        return None
    return gate.attestations(reference, platform=flags["platform"], archive_ref=flags["ref"])


def _facts(
    session: Session,
    report: "Report",
    running: "tuple[Finding, ...] | None",
    attestations: tuple[str, ...] | None,
) -> "Facts":
    from envscout.verbs import gate

    judged: ImageReport = report.images[0]
    if len(report.images) > 1:
        others = ", ".join(each.reference for each in report.images[1:])
        session.warn(f"several images run there; {judged.reference} is judged, not {others}")
    answered = gate.Answered(judged.image_id, judged.findings, judged.coverage, judged.base, report.as_of)
    return gate.facts(session.database, answered, running, attestations)
