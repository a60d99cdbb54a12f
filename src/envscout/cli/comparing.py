"""The two sides of `compare`: what each is, what is in it, and what policies say of both."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from envscout.cli import asking, staging
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.environments.compare import Side
    from envscout.formats.answer import Answer
    from envscout.model import Deployment, Package
    from envscout.policies.beside import Judged
    from envscout.verbs.ask import ImageReport, Question, Report


def right(left: asking.Place, image: str, flags: dict[str, Any]) -> asking.Place:
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


def question(session: Session, flags: dict[str, Any], at: str) -> "Question":
    """Return what is asked of one side; what does not count is asked for as well, as the cause of a difference."""
    asked = asking.question(session, flags, at)
    return msgspec.structs.replace(asked, heed=msgspec.structs.replace(asked.heed, hide=False, hide_vex=False))


def report(
    session: Session, place: asking.Place, image: str, flags: dict[str, Any], goes_to: str | None = None
) -> "Report":
    """Return the answer for one side. goes_to: the environment that an image is to go to, whose exceptions count."""
    asked = question(session, flags, place.at)
    if place.environment is None and not place.latest:
        how = {name: flags[name] for name in ("platform", "sbom_source")}
        target = _target(session, place.image, goes_to, flags) if goes_to else None
        return asking.of_image(session, place.image, asked, ref=place.ref, **how, target=target)
    repository = flags["service"] or _repository(image)
    if place.latest:
        return asking.of_latest(session, repository, asked, org=flags["org"])
    return asking.of_environment(
        session, repository, place.environment or "", asked, org=flags["org"], platform=flags["platform"], at=place.at
    )


def _target(session: Session, image: str, environment: str, flags: dict[str, Any]) -> "Deployment":
    """Return what an image is to run as."""
    from envscout.cli import judging
    from envscout.model import Deployment

    owner = judging.organization(session, image, environment, flags)
    return Deployment(owner, environment, flags["service"] or _repository(image), flags["platform"], "", image, 0)


def goals(places: Sequence[asking.Place]) -> tuple[str | None, str | None]:
    """Return where each side is to go: an image to the environment that it is compared to."""
    return (None if places[0].environment else places[1].environment), None


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


def newest(session: Session, report: "Report") -> "ImageReport":
    """Return the answer for the image that was deployed last, where several run beside one another."""
    if len(report.images) > 1:
        others = ", ".join(sorted({f"{each.reference} ({each.image.platform})" for each in report.images}))
        session.warn(f"several images run in {report.environment}, the newest counts: {others}")
    return max(report.images, key=lambda each: each.deployment.since if each.deployment else 0)


def side(session: Session, held: "Sequence[ImageReport]", flags: dict[str, Any]) -> "Side":
    """Return what is compared of an image and its stages: packages as the same flags choose them, and findings."""
    from envscout.environments.compare import Side
    from envscout.findings.base import brought
    from envscout.findings.select import chosen_packages
    from envscout.verbs import ask

    selection = asking.question(session, flags).selection
    packages: list[Package] = []
    for each in held:
        image, inventory = session.call(ask.inventory, each.image_id)
        packages += chosen_packages(inventory.packages, selection, brought(image, each.base))
    whole = staging.whole(list(held))
    return Side(tuple(packages), whole.findings, whole.coverage.state != "unknown", whole.suppressed)


def answer(session: Session, analyzed: "Report", comparison: "Report", flags: dict[str, Any]) -> "Answer":
    """Return both answers as the formats are given them."""
    heed = asking.question(session, flags).heed
    return asking.answer(session, analyzed, comparison, flags["ignore_unchanged"], heed=heed)


def base_tags(session: Session, image: "ImageReport") -> tuple[str, ...]:
    """Return what else the base image was called when its repository was looked into, as far as that is known."""
    from envscout.verbs import recommend

    name = recommend.base_name(image.base)
    base = session.call(recommend.built_on, image.base, image.image.platform)
    if name is None or base is None:
        return ()
    known = session.call(recommend.known_tags, name, image.image.platform)
    return tuple(tag for each in known if each.image_id == base.image_id for tag in each.tags if tag != name.tag)


def judged(
    session: Session,
    places: Sequence[asking.Place],
    image: str,
    reports: "Sequence[Report]",
    flags: dict[str, Any],
    looks: bool,
) -> "tuple[Judged, Judged]":
    """Return what the policies of where it would go say of both sides. reports: as the flags choose findings.

    looks: whether registries may be asked for what is attached; else what was seen last counts.
    """
    from envscout.cli import judging
    from envscout.findings.select import Selection
    from envscout.policies.beside import Judged

    # Policies judge all of an image, whatever of it is shown.
    everything = asking.unfiltered(flags)
    if asking.question(session, flags).selection != Selection():
        reports = [
            report(session, place, image, everything, goal) for place, goal in zip(places, goals(places), strict=True)
        ]
    target = places[1].environment or places[0].environment or ""
    beside = judging.beside(reports[1])
    found = []
    for place, each in zip(places, reports, strict=True):
        one = newest(session, each)
        asked = asking.question(session, everything, place.at)
        named = one.reference if one.deployment else place.image
        subject = judging.Subject(one, each.as_of, named, beside, target, asked.known_at, looks)
        policies, verdicts = judging.judged(session, subject, {**flags, "ref": place.ref})
        found.append(Judged(one.image.digest, policies.policies, verdicts))
    return found[0], found[1]
