"""Stages of a build on the command line: what was in them is known where the builder attached it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from envscout.cli import options
from envscout.cli.session import Session
from envscout.errors import InvalidReference, NotFound

if TYPE_CHECKING:
    from envscout.names.reference import Reference
    from envscout.verbs.ask import ImageReport, Question, Report

F = TypeVar("F", bound=Callable[..., Any])

_HOW = (
    "build with `docker buildx build --sbom=true --build-arg BUILDKIT_SBOM_SCAN_STAGE=true`, and name what was pushed"
)


def flags(command: F) -> F:
    """Add --multi-stage and --only-stage."""
    only = options.many("--only-stage", "Only packages of these stages of the build, as its SBOMs name them.")
    return click.option(
        "--multi-stage", is_flag=True, help="Packages of the build's stages as well, from the SBOMs that it attached."
    )(only(command))


def added(session: Session, report: "Report", named: str, asked: "Question", given: dict[str, Any]) -> "Report":
    """Return an answer with what the flags ask for of build stages. named: the image, as a user named it."""
    if not (given.get("multi_stage") or given.get("only_stage")):
        return report
    from envscout.findings import coverage
    from envscout.findings.merge import vulnerabilities

    shown = [part for each in report.images for part in parts(session, each, named, asked, given)]
    return msgspec.structs.replace(
        report,
        images=tuple(shown),
        summary=vulnerabilities(found for each in shown for found in each.findings),
        coverage=coverage.combine(each.coverage for each in shown),
    )


def parts(
    session: Session, image: "ImageReport", named: str, asked: "Question", given: dict[str, Any]
) -> "list[ImageReport]":
    """Return the answers for an image and for the stages that the flags ask for, or for the stages alone."""
    only = given.get("only_stage")
    stages = _stages(session, image, named, asked, given) if only or given.get("multi_stage") else []
    return stages if only else [image, *stages]


def whole(found: "list[ImageReport]") -> "ImageReport":
    """Return parts as one answer: the first one, with what is in the others."""
    from envscout.findings import coverage
    from envscout.findings.merge import vulnerabilities

    if len(found) == 1:
        return found[0]
    findings = tuple(dict.fromkeys(one for each in found for one in each.findings))
    return msgspec.structs.replace(
        found[0],
        packages=sum(each.packages for each in found),
        findings=findings,
        suppressed=tuple(dict.fromkeys(one for each in found for one in each.suppressed)),
        summary=vulnerabilities(findings),
        coverage=coverage.combine(each.coverage for each in found),
    )


def _stages(
    session: Session, image: "ImageReport", named: str, asked: "Question", given: dict[str, Any]
) -> "list[ImageReport]":
    from envscout import images
    from envscout.operations import indexing
    from envscout.verbs import ask

    reference = _reference(image, named)
    found = indexing.stages(
        session.call,
        reference,
        platform=given.get("platform", "") or image.image.platform,
        archive_ref=given.get("ref", ""),
        credentials=images.given(reference.host) if reference.host else None,
    )
    wanted = given.get("only_stage") or tuple(found)
    missing = [name for name in wanted if name not in found]
    if missing or not found:
        there = f"there are {', '.join(sorted(found))}" if found else _HOW
        which = f"the stage {', '.join(missing)}" if missing else "a stage of its build"
        raise NotFound(f"no SBOM of {which} is attached to {image.reference}", there)
    return [
        msgspec.structs.replace(each, deployment=image.deployment)
        for name in dict.fromkeys(wanted)
        for each in session.call(ask.of_image, found[name].image_id, f"{image.reference} (stage {name})", asked).images
    ]


def _reference(image: "ImageReport", named: str) -> "Reference":
    """Return where an image is to be found: by the digest that was recorded, else as it was named.

    What is attached hangs on the index that led to it, where there was one.
    """
    from envscout.names.reference import parse

    ran = image.deployment
    text = f"{ran.reference.partition('@')[0]}@{image.image.index_digest or ran.digest}" if ran else named
    try:
        return parse(text)
    except InvalidReference as error:
        raise NotFound(f"{image.reference} was recorded from a place on disk", "name the image itself") from error
