"""`envscout compare`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli import asking, comparing, judging, options, outputs, staging, suppressing
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.cli.show.pair import Pair

WORSE = 2

FORMATS: outputs.Forms = {
    "text": "cli.show.compare:text",
    "markdown": "cli.show.compare:markdown",
    "json": "cli.show.compare:json",
    **outputs.DOCUMENTS,
}


@click.command()
@click.argument("image", default="", metavar="[IMAGE|REPOSITORY]")
@click.option("--env", "environment", default=None, metavar="ENV", help="Analyze what runs in an environment.")
@click.option("--to", default="", metavar="IMAGE", help="Compare to an image, directory, archive or SBOM.")
@click.option("--to-env", default=None, metavar="ENV", help="Compare to what runs in an environment.")
@click.option(
    "--to-latest", is_flag=True, help="Compare to the image of the repository that was recorded last, wherever."
)
@click.option("--to-ref", default="", metavar="REF", help="Which image of the archive in --to.")
@click.option("--stream", "environment", hidden=True)
@click.option("--to-stream", "to_env", hidden=True)
@options.org
@options.platform
@options.ref
@options.sbom_source
@options.at
@click.option("--to-at", default="", metavar="TIME", help="Compare to what ran, and was known, at a past moment.")
@click.option(
    "--service", default="", metavar="NAME", help="The service in the environments, where no repository names it."
)
@asking.filters
@suppressing.flags
@staging.flags
@judging.chosen
@click.option("--hide-policies", is_flag=True, help="Leave out what policies say of both.")
@click.option("--ignore-unchanged", is_flag=True, help="Leave out what both have.")
@options.many(
    "--exit-on",
    "Exit with 2 if worse or changed: vulnerability, policy, package; or if too little is known of the analyzed image.",
    "-x",
)
@click.option("-e", "--exit-code", is_flag=True, hidden=True, help="Exit with 2 if vulnerabilities differ.")
@outputs.output(FORMATS)
def command(image: str, output: tuple[str, ...], form: str, **flags: Any) -> int:
    """Show how one image differs from another, and why: packages, vulnerabilities, base image, size, labels.

    \b
    envscout compare --env staging --to-env production myorg/myapp
    envscout compare --env staging --to-env production
    envscout compare myorg/myapp:v1.2.4 --to-env production --exit-on vulnerability
    envscout compare --env production --at 7d --to-at 30d myorg/myapp
    envscout compare --to nginx:1.26 nginx:1.27

    What the analyzed image (--env, IMAGE) has and the other (--to, --to-env, ...) has not is what promoting it would
    bring; what it lacks is what promoting would fix, and going back would bring back. Without a repository whole
    environments are compared, service by service; with --to-at an environment with its own past.

    The flags that choose findings count on both sides. Where several images of a service run beside one another, the
    newest counts; whole environments take them together.

    Each difference has its cause: a package, what was known of it, an exception or VEX statement. Policies are those of
    the environment that is compared to; what is attached to the images is looked for in their registry only with
    --exit-on policy, else what was seen last counts.
    """
    gates = _gates(flags["exit_on"], flags["exit_code"])
    with Session() as session, outputs.opened(output, form, FORMATS) as out:
        if not image and flags["environment"] is None and not (flags["service"] and flags["to_latest"]):
            comparing.right(asking.Place(), image, flags)
            image = asking.built_last(session)
        left = asking.Place(image, flags["environment"], flags["at"], flags["ref"])
        places = (left, comparing.right(left, image, flags))
        if not image and not flags["service"] and left.environment and places[1].environment:
            from envscout.cli.commands import compare_environments as whole

            if flags["multi_stage"] or flags["only_stage"]:
                raise UsageError("stages are compared for one repository at a time", "name it")
            if "policy" in gates:
                # A gate that nobody looks at would always be open.
                raise UsageError("policies are compared for one repository at a time", "name it, or --service NAME")
            return whole.environments(session, places, out, gates, flags)
        shown = _pair(session, places, image, out, flags, "policy" in gates)
        return _exit(session, gates, shown)


def _pair(
    session: Session,
    places: Sequence[asking.Place],
    image: str,
    out: outputs.Outputs,
    flags: dict[str, Any],
    is_gate: bool,
) -> "Pair":
    """Compare two images, write the answer and return it."""
    from envscout.cli.show.pair import Pair
    from envscout.environments.compare import compare

    reports = [
        comparing.report(session, place, image, flags, goal)
        for place, goal in zip(places, comparing.goals(places), strict=True)
    ]
    held = [
        staging.parts(
            session, comparing.newest(session, report), place.image, comparing.question(session, flags, place.at), flags
        )
        for report, place in zip(reports, places, strict=True)
    ]
    sides = [staging.whole(each) for each in held]
    is_judged = is_gate or not flags["hide_policies"]
    shown = Pair(
        sides[0],
        sides[1],
        compare(*(comparing.side(session, each, flags) for each in held)),
        flags["ignore_unchanged"],
        comparing.judged(session, places, image, reports, flags, is_gate) if is_judged else (),
        flags["hide_policies"],
        flags["ignore_suppressed"],
        tuple(comparing.base_tags(session, each) for each in sides),
    )
    alone = [msgspec.structs.replace(one, images=(side,)) for one, side in zip(reports, sides, strict=True)]
    out.write(shown, lambda: comparing.answer(session, alone[0], alone[1], flags))
    return shown


def _exit(session: Session, gates: Sequence[str], shown: "Pair") -> int:
    """Say which gates stay shut; return the exit code."""
    failed = [gate for gate in gates if _FAILS[gate](shown)]
    for gate in failed:
        session.fail(f"{gate}: {_SAID[gate]}{_which(gate, shown)}")
    if gates and shown.analyzed.coverage.blind:
        session.fail("what is in the analyzed image is not known well enough to let it pass")
        return WORSE
    return WORSE if failed else 0


def _which(gate: str, shown: "Pair") -> str:
    return f": {', '.join(each.policy for each in shown.changes if each.worse)}" if gate == "policy" else ""


_FAILS: Mapping[str, Callable[["Pair"], bool]] = {
    "vulnerability": lambda shown: bool(shown.found.introduced),
    "policy": lambda shown: any(each.worse for each in shown.changes),
    "package": lambda shown: bool(shown.found.packages),
    "difference": lambda shown: bool(shown.found.introduced or shown.found.fixed),
}
_SAID = {
    "vulnerability": "there are vulnerabilities that the comparison has not",
    "policy": "the comparison does better, or it is not known whether it does",
    "package": "packages differ",
    "difference": "vulnerabilities differ",
}


def _gates(exit_on: Iterable[str], exit_code: bool) -> list[str]:
    known = ("vulnerability", "policy", "package")
    for each in exit_on:
        if each not in known:
            raise UsageError(f"--exit-on {each} is not known", f"choose from {', '.join(known)}")
    return [*exit_on, *(["difference"] if exit_code else [])]
