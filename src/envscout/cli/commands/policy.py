"""`envscout policy`."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli import asking, judging, options, outputs, suppressing
from envscout.cli.session import Session
from envscout.cli.words import WordsOrThing
from envscout.errors import NotAllowed, NotFound, UsageError

if TYPE_CHECKING:
    from envscout.cli.show.policy import Judged
    from envscout.model import Verdict
    from envscout.verbs.ask import Question, Report

NOT_MET = 2

FORMATS: outputs.Forms = {
    "text": "cli.show.policy:text",
    "markdown": "cli.show.policy:markdown",
    "json": "cli.show.policy:json",
}


@click.command("policy")
@click.argument("image", metavar="IMAGE|REPOSITORY")
@click.option("--env", "environment", default=None, metavar="ENV", help="The environment that it is to go to.")
@click.option("--to-env", "environment", metavar="ENV", help="Another name of --env.")
@click.option("--to-latest", is_flag=True, help="Judge beside the image of the repository that was recorded last.")
@click.option("--stream", "environment", hidden=True)
@options.org
@options.platform
@options.ref
@options.sbom_source
@options.at
@click.option(
    "--service", default="", metavar="NAME", help="The service in the environment, where no repository names it."
)
@suppressing.flags
@judging.chosen
@click.option("--result-file", default="", metavar="FILE", help="Write all verdicts to a file, as JSON.")
@click.option("-e", "--exit-code", is_flag=True, help="Exit with 2 if a policy is not met, or nobody can know.")
@outputs.output(FORMATS)
def judge(image: str, environment: str | None, output: tuple[str, ...], form: str, **flags: Any) -> int:
    """Judge an image by policies: may it go out, and what speaks against it?

    \b
    envscout policy myorg/myapp:v1.2.4 --env production --exit-code
    envscout policy myorg/myapp --env production
    envscout policy nginx:1.27 --policy-file policies.yaml
    envscout policy apply -f policies.yaml
    envscout policy test proposed.yaml --since 90d

    With --env an image is judged beside what runs there; a repository without a tag means what runs there itself. A
    policy that nobody can know to be met is not met.

    In force are the policies that were applied for the environment, else those for the organization, else the standard
    ones; --policy-file, --policy-dir and --policy-bundle take their place, --policy-config changes the standard ones.

    `apply`, `list`, `publish`, `show` and `test` are words of this command; an image called like one of them is
    named as image://list.
    """
    from envscout.cli.show import policy as show

    with Session() as session, outputs.opened(output, form, FORMATS) as out:
        shown = judged_image(session, image, environment, flags)
        if flags["result_file"]:
            with options.to_output(flags["result_file"]):
                options.document(show.document(shown))
        out.write(shown)
        if flags["exit_code"] and _is_unheard_of(session, shown, flags):
            session.fail(f"nobody knows environment {environment}: which policies count there is not known")
            session.warn(
                "`envscout environment` lists those there are; `policy apply -f FILE --env` makes a new one known"
            )
            return NOT_MET
        if not flags["exit_code"]:
            return 0
        _tell(session, shown, image, flags)
        return exit_code(session, shown.verdicts)


def _tell(session: Session, shown: "Judged", image: str, flags: dict[str, Any]) -> None:
    """Let a team hear of what a gate kept out, where a server is asked and whoever asks may say so."""
    from envscout.verbs import gate

    names = tuple(each.policy for each in shown.verdicts if each.blocks)
    if not (names and shown.environment and session.is_remote):
        return
    ran, named = shown.report.deployment, shown.report.reference
    owner = ran.organization if ran else judging.organization(session, image, shown.environment, flags)
    service = ran.service if ran else flags["service"]
    refused = gate.Refused(owner, shown.environment, service, named, shown.report.image.digest, names)
    with contextlib.suppress(NotAllowed):
        session.call(gate.refuse, refused)


def _is_unheard_of(session: Session, shown: "Judged", flags: dict[str, Any]) -> bool:
    """Tell whether policies of the store were chosen by the name of an environment that is perhaps mistyped.

    Where nobody recorded anything yet there is nothing that it could be taken for.
    """
    from envscout.verbs import ask, govern

    if not shown.environment or shown.policies.source not in ("standard", "organization"):
        return False
    scope = options.scope(session, flags["org"], shown.environment)
    others = session.call(ask.environments, msgspec.structs.replace(scope, environment=""))
    return bool(others) and not session.call(govern.owners, scope)


def judged_image(session: Session, image: str, environment: str | None, flags: dict[str, Any]) -> "Judged":
    """Return what the policies that the flags choose, else those in force, say of an image.

    Where several run beside one another all are judged, and the worst is returned: it decides whether a gate opens.
    """
    from envscout.cli.show.policy import Judged
    from envscout.policies.policy import health

    asked = asking.question(session, flags, flags["at"])
    report, there = _answers(session, image, environment, asked, flags)
    where = environment or ""
    found = []
    for each in report.images:
        subject = judging.Subject(each, each.as_of, image, judging.beside(there), where, asked.known_at)
        chosen, verdicts = judging.judged(session, subject, flags)
        found.append(Judged(each, where, verdicts, health(verdicts), chosen, asked.known_at))
    worst = max(found, key=lambda one: sum(each.blocks for each in one.verdicts))
    if len(found) > 1:
        others = ", ".join(f"{one.report.reference}: {one.status}" for one in found if one is not worst)
        session.warn(f"several images run there, and the worst is shown, {worst.report.reference}; {others}")
    return worst


command = WordsOrThing(
    judge,
    {
        "apply": "policy_apply",
        "list": "policy_list",
        "publish": "policy_publish",
        "show": "policy_show",
        "test": "policy_test",
    },
)


def exit_code(session: Session, verdicts: "Sequence[Verdict]") -> int:
    """Return 2 where a gate stays shut, having told for which policies, else 0."""
    blocking = [each.policy for each in verdicts if each.blocks]
    if not verdicts:
        session.warn("no policy is in force there, so that nothing was judged")
    if blocking:
        session.fail(f"not met, or not known to be: {', '.join(blocking)}")
    return NOT_MET if blocking else 0


def _answers(
    session: Session, image: str, environment: str | None, asked: "Question", flags: dict[str, Any]
) -> "tuple[Report, Report | None]":
    """Return the answer for the image, and that for what runs in the environment, None where nothing does."""
    from envscout.model import Deployment
    from envscout.names.reference import familiar_name, parse

    reference = parse(image)
    service = flags["service"] or reference.service
    named = flags["service"] or (familiar_name(reference.host, reference.path) if reference.path else "")
    there = None
    if flags["to_latest"]:
        if environment is not None:
            raise UsageError("--to-latest looks at all environments, --env at one", "use one of them")
        there = asking.of_latest(session, named, asked, org=flags["org"])
    if environment is not None and service:
        scope = {name: flags[name] for name in ("org", "platform", "at")}
        try:
            there = asking.of_environment(session, named, environment, asked, **scope)
        except NotFound as error:
            if reference.is_tagless:
                raise
            others, _, _ = error.next_step.partition("; ")
            hint = f" ({others})" if others.startswith("there are: ") else ""
            session.warn(f"nothing of {service} runs in {environment} yet: all that is found is new there{hint}")
    if there and reference.is_tagless:
        return there, there
    how = {name: flags[name] for name in ("platform", "ref", "sbom_source")}
    if environment is None:
        return asking.of_image(session, image, asked, **how), there
    owner = judging.organization(session, image, environment, flags)
    target = Deployment(owner, environment, service, flags["platform"], "", image, 0)
    return asking.of_image(session, image, asked, **how, target=target), there
