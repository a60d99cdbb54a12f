"""Questions as a user asks them on the command line: what is filtered, and which images are meant."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from envscout.cli import options, staging, suppressing
from envscout.cli.session import Session
from envscout.errors import UsageError

if TYPE_CHECKING:
    from envscout.findings.heeding import Heed
    from envscout.formats.answer import Answer
    from envscout.model import Deployment, Image, Inventory
    from envscout.verbs.ask import Question, Report

F = TypeVar("F", bound=Callable[..., Any])

_FILTERS: tuple[Callable[[Any], Any], ...] = (
    options.many("--only-severity", "Only critical, high, medium, low or unspecified."),
    click.option("--only-fixed", is_flag=True, help="Only vulnerabilities that a newer version fixes."),
    click.option("--only-unfixed", is_flag=True, help="Only vulnerabilities without a fix."),
    options.many("--only-package", "Only packages whose name fits a regular expression."),
    options.many("--only-package-type", "Only packages of a type: deb, apk, npm, pypi, ..."),
    options.many("--only-cve-id", "Only these CVE ids."),
    options.many("--only-metric", "Only vulnerabilities with these CVSS metrics (AV:N, PR:L), or without a vector."),
    click.option("--only-cisa-kev", is_flag=True, help="Only what is known to be exploited."),
    click.option("--only-base", is_flag=True, help="Only what the base image brought."),
    click.option("--ignore-base", is_flag=True, help="Leave out what the base image brought."),
)


class Place(msgspec.Struct, frozen=True):
    """Where one of two images is: an image, an environment at a moment, or the one that was recorded last."""

    image: str = ""
    environment: str | None = None
    at: str = ""
    ref: str = ""
    latest: bool = False


def filters(command: F) -> F:
    """Add the flags that choose among findings."""
    for each in reversed(_FILTERS):
        command = each(command)
    return command


_CHOSEN = {
    "only_severity": "severities",
    "only_fixed": "fixed",
    "only_unfixed": "unfixed",
    "only_package": "packages",
    "only_package_type": "types",
    "only_cve_id": "cve_ids",
    "only_metric": "cvss",
    "only_cisa_kev": "kev",
    "epss_score": "epss_score",
    "epss_percentile": "epss_percentile",
    "only_base": "only_base",
    "ignore_base": "ignore_base",
}
"""Flags, and what they are called where findings are selected."""


def question(session: Session, flags: dict[str, Any], known_at: str = "") -> "Question":
    """Return what the flags ask for, as known at a moment: "" and `now` for today."""
    from envscout.findings.select import selection
    from envscout.verbs.ask import Question

    chosen = selection(**{name: flags[flag] for flag, name in _CHOSEN.items() if flag in flags})
    moment = None if known_at == "now" else options.when(known_at)
    max_age = int(session.settings.get("max_feed_age_days"))
    return Question(chosen, flags.get("epss", False), moment, max_age, suppressing.heed(session, flags))


def unfiltered(flags: dict[str, Any]) -> dict[str, Any]:
    """Return flags without those that choose findings: what policies judge does not depend on what is shown."""
    return {name: value for name, value in flags.items() if name not in _CHOSEN}


def of_subject(
    session: Session, image: str, environment: str | None, asked: "Question", flags: dict[str, Any]
) -> "Report":
    """Answer for what a command names: an image, what runs of a repository in an environment, or all that does."""
    if environment is not None:
        scope = {name: flags[name] for name in ("org", "platform")}
        named = image or flags.get("service", "")
        report = of_environment(session, named, environment, asked, at=flags.get("at", ""), **scope)
    else:
        image = image or built_last(session)
        how = {"ref": flags["ref"], "sbom_source": flags.get("sbom_source", "index")}
        report = of_image(session, image, asked, platform=flags["platform"], **how)
    return staging.added(session, report, image, asked, flags)


def for_form(report: "Report", form: str) -> "Report":
    """Return an answer; where it is to be one document about one image, and is about several, raise UsageError."""
    if form == "json" and len(report.images) > 1:
        there = ", ".join(sorted({each.reference for each in report.images})[:10])
        raise UsageError(
            f"{len(report.images)} images run there, and a document is about one",
            f"name one by its repository, its tag or its digest, or with --platform: {there}",
        )
    return report


def built_last(session: Session) -> str:
    """Return the image that is meant where none is named: the one that was built last of those of the local engine."""
    from envscout import images
    from envscout.errors import EnvscoutError

    try:
        found = images.newest_local()
    except EnvscoutError as error:
        raise UsageError(
            f"neither an image nor an environment was named, and no image was built here: {error.cause}",
            "name an image, or --env ENVIRONMENT",
        ) from error
    session.say(f"No image was named: {found}, the one that was built last, is meant")
    return f"local://{found}"


def existing(environment: str | None) -> str:
    """Return the name of an environment, "" where none was asked for. Raise UsageError for an empty one."""
    if environment == "":
        # An unset variable of a script must not turn the question into one about `latest`, or about everything.
        raise UsageError("the name of the environment is empty", "`envscout environment` lists the environments")
    return environment or ""


def of_environment(
    session: Session, image: str, environment: str, asked: "Question", *, org: str, platform: str, at: str
) -> "Report":
    """Answer for what runs of an image's repository in an environment, or for everything that does."""
    from envscout.environments.naming import naming
    from envscout.verbs import ask

    scope = options.scope(session, org, existing(environment), image, at)
    return _told(session, session.call(ask.of_environment, scope, asked, naming(image, platform)))


def of_latest(session: Session, repository: str, asked: "Question", *, org: str) -> "Report":
    """Answer for the image of a repository that was recorded last."""
    from envscout.verbs import ask

    return _told(session, session.call(ask.of_latest, options.scope(session, org, "", repository), asked))


def of_image(
    session: Session,
    image: str,
    asked: "Question",
    *,
    platform: str,
    ref: str,
    sbom_source: str = "index",
    target: "Deployment | None" = None,
) -> "Report":
    """Answer for one image, reading it first where it is new. target: what it is to run as, where that is known."""
    from envscout.cli.indexing import index_shown
    from envscout.names.reference import parse
    from envscout.verbs import ask

    reference = parse(image)
    indexed = index_shown(session, reference, platform=platform, archive_ref=ref, sbom_source=sbom_source)
    return _told(session, session.call(ask.of_image, indexed.image_id, reference.familiar, asked, target))


def _told(session: Session, report: "Report") -> "Report":
    """Return an answer, having told which exceptions have ended and what of VEX could not be used."""
    suppressing.tell(session, report)
    return report


class Inventories:
    """What images hold, read in the order in which they are asked for, some at a time: a server may be far away."""

    def __init__(self, session: Session, numbers: "Sequence[int]") -> None:
        self._session = session
        self._numbers = list(dict.fromkeys(numbers))
        self._held: dict[int, tuple[Image, Inventory]] = {}

    def __call__(self, number: int) -> "tuple[Image, Inventory]":
        """Return an image with its packages."""
        if number not in self._held:
            from envscout.verbs import ask

            place = self._numbers.index(number) if number in self._numbers else len(self._numbers)
            some = self._numbers[place : place + ask.MOST_INVENTORIES] or [number]
            # What was read before is let go: of a fleet nobody holds everything.
            self._held = dict(zip(some, self._session.call(ask.inventories, some), strict=True))
        return self._held[number]


def answer(
    session: Session,
    report: "Report",
    beside: "Report | None" = None,
    new_only: bool = False,
    known_at: int | None = None,
    heed: "Heed | None" = None,
) -> "Answer":
    """Return an answer as the formats are given it; what an image holds is read when a format asks for it.

    heed: what of suppressed findings is to be shown, where the report holds all.
    """
    from envscout.formats.answer import Answer
    from envscout.store import now

    sides = [report, *([beside] if beside else [])]
    return Answer(
        report,
        now(),
        Inventories(session, [each.image_id for side in sides for each in side.images]),
        beside,
        new_only,
        known_at,
        heed.shown if heed else None,
    )
