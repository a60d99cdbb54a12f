"""`envscout compare`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from envscout.cli import asking, options, outputs, staging, suppressing
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.environments.compare import Comparison, Side
    from envscout.model import Package
    from envscout.verbs.ask import ImageReport, Report

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
@click.option("--ignore-unchanged", is_flag=True, help="Leave out what both have.")
@options.many(
    "--exit-on",
    "Exit with 2 if worse or changed: vulnerability, package; and if too little is known of the analyzed image.",
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
    """
    gates = _gates(flags["exit_on"], flags["exit_code"])
    with Session() as session, outputs.opened(output, form, FORMATS) as out:
        if not image and flags["environment"] is None and not (flags["service"] and flags["to_latest"]):
            _right(asking.Place(), image, flags)
            image = asking.built_last(session)
        left = asking.Place(image, flags["environment"], flags["at"], flags["ref"])
        right = _right(left, image, flags)
        if not image and not flags["service"] and left.environment and right.environment:
            from envscout.cli.commands import compare_environments as whole

            if flags["multi_stage"] or flags["only_stage"]:
                raise UsageError("stages are compared for one repository at a time", "name it")
            return whole.environments(session, (left, right), out, gates, flags)
        reports = [_one(session, place, image, flags) for place in (left, right)]
        held = [
            staging.parts(
                session, _newest(session, report), place.image, asking.question(session, flags, place.at), flags
            )
            for report, place in zip(reports, (left, right), strict=True)
        ]
        sides = [staging.whole(each) for each in held]
        from envscout.cli.show import compare as show
        from envscout.environments.compare import compare

        found = compare(*(_side(session, each, flags) for each in held))
        alone = [msgspec.structs.replace(one, images=(side,)) for one, side in zip(reports, sides, strict=True)]
        out.write(
            show.Pair(sides[0], sides[1], found, flags["ignore_unchanged"]),
            asking.answer(session, alone[0], alone[1], flags["ignore_unchanged"]),
        )
        failed = [gate for gate in gates if _FAILS[gate](found)]
        for gate in failed:
            session.fail(f"{gate}: {_SAID[gate]}")
        if gates and sides[0].coverage.blind:
            session.fail("what is in the analyzed image is not known well enough to let it pass")
            return WORSE
        return WORSE if failed else 0


_FAILS: Mapping[str, Callable[["Comparison"], bool]] = {
    "vulnerability": lambda found: bool(found.introduced),
    "package": lambda found: bool(found.packages),
    "difference": lambda found: bool(found.introduced or found.fixed),
}
_SAID = {
    "vulnerability": "there are vulnerabilities that the comparison has not",
    "package": "packages differ",
    "difference": "vulnerabilities differ",
}


def _gates(exit_on: Iterable[str], exit_code: bool) -> list[str]:
    known = ("vulnerability", "package")
    for each in exit_on:
        if each not in known:
            raise UsageError(f"--exit-on {each} is not known", f"choose from {', '.join(known)}")
    return [*exit_on, *(["difference"] if exit_code else [])]


def _right(left: asking.Place, image: str, flags: dict[str, Any]) -> asking.Place:
    """Return what is compared to; the same environment at another moment where only that is named."""
    named = [bool(flags["to"]), flags["to_env"] is not None, flags["to_latest"]]
    if sum(named) > 1:
        raise UsageError("more than one image to compare to is named", "use one of --to, --to-env, --to-latest")
    if any(named):
        to_env = flags["to_env"]
        return asking.Place(flags["to"] or image, to_env, flags["to_at"], flags["to_ref"], flags["to_latest"])
    if flags["to_at"] and left.environment is not None:
        return msgspec.structs.replace(left, at=flags["to_at"])
    raise UsageError(
        "what to compare to is not named",
        "--to IMAGE, --to-env ENVIRONMENT, --to-latest, or --to-at TIME with --env",
    )


def _one(session: Session, place: asking.Place, image: str, flags: dict[str, Any]) -> "Report":
    """Return the answer for one side."""
    asked = asking.question(session, flags, place.at)
    if place.environment is None and not place.latest:
        how = {name: flags[name] for name in ("platform", "sbom_source")}
        return asking.of_image(session, place.image, asked, ref=place.ref, **how)
    repository = flags["service"] or _repository(image)
    if place.latest:
        return asking.of_latest(session, repository, asked, org=flags["org"])
    return asking.of_environment(
        session, repository, place.environment or "", asked, org=flags["org"], platform=flags["platform"], at=place.at
    )


def _repository(image: str) -> str:
    """Return the repository whose image an environment is asked for."""
    from envscout.names.reference import parse

    reference = parse(image) if image else None
    if reference is None or not reference.path:
        raise UsageError(
            f"{image or 'nothing'} names no repository, so which service of the environment is meant is not known",
            "name it: --service NAME",
        )
    return reference.service


def _newest(session: Session, report: "Report") -> "ImageReport":
    """Return the answer for the image that was deployed last, where several run beside one another."""
    if len(report.images) > 1:
        others = ", ".join(sorted({f"{each.reference} ({each.image.platform})" for each in report.images}))
        session.warn(f"several images run in {report.environment}, the newest counts: {others}")
    return max(report.images, key=lambda each: each.deployment.since if each.deployment else 0)


def _side(session: Session, held: "Sequence[ImageReport]", flags: dict[str, Any]) -> "Side":
    """Return what is compared of an image and its stages: packages as the same flags choose them, and findings."""
    from envscout.environments.compare import Side
    from envscout.findings.base import brought
    from envscout.findings.select import chosen_packages
    from envscout.verbs import ask

    selection = asking.question(session, flags).selection
    packages: list[Package] = []
    for each in held:
        image, inventory = ask.inventory(session.database, each.image_id)
        packages += chosen_packages(inventory.packages, selection, brought(image, each.base))
    whole = staging.whole(list(held))
    return Side(tuple(packages), whole.findings, whole.coverage.state != "unknown")
