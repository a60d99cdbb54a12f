"""Questions: what runs where, what is vulnerable in it, where something runs, how far each answer can be trusted."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

import msgspec

from envscout.environments.naming import EVERY, Naming
from envscout.errors import NotFound, UsageError
from envscout.findings import base as basing
from envscout.findings import coverage as covering
from envscout.findings.evidence import brought_together, by_package
from envscout.findings.heeding import Desk, Heed
from envscout.findings.merge import merge, vulnerabilities
from envscout.findings.products import met
from envscout.findings.select import Selection, rank, select
from envscout.findings.suppress import Opinion, opinions
from envscout.model import (
    BaseImage,
    Coverage,
    Deployment,
    Distribution,
    Event,
    Finding,
    Image,
    Inventory,
    Lapse,
    Problem,
    Summary,
)
from envscout.names import moment
from envscout.store import Connection, Database, deployments, exceptions, feeds, findings, images, now, vex
from envscout.store.deployments import EnvironmentRow, Running, Scope
from envscout.store.feeds import Status
from envscout.store.findings import Answer, Count

MOST_INVENTORIES = 16
"""Images whose packages are told at once."""


class ImageReport(msgspec.Struct, frozen=True):
    """The answer for one image, and what it runs as where the question was about an environment.

    packages: how many the image holds. findings: those that count; suppressed: those that somebody said do not, each
    with its suppression. summary: of findings, vulnerabilities by severity, each counted once per image. base: what it
    was built on, None where nothing tells. lapses: exceptions that would speak of a finding had they not ended.
    unassessed: (package name, vulnerability) where a record names the package, but no versions that can be compared.
    as_of: moment of the oldest advisories about it, None for none.
    """

    image_id: int
    image: Image
    reference: str
    deployment: Deployment | None
    packages: int
    findings: tuple[Finding, ...]
    summary: Summary
    coverage: Coverage
    base: BaseImage | None = None
    suppressed: tuple[Finding, ...] = ()
    lapses: tuple[Lapse, ...] = ()
    distribution: Distribution | None = None
    unassessed: tuple[tuple[str, str], ...] = ()
    as_of: int | None = None


class Report(msgspec.Struct, frozen=True):
    """The answer to `cves`.

    as_of: the moment of the oldest advisories it rests on, None if on none. Microseconds. problems: what of VEX
    documents could not be used, or was not heeded.
    """

    environment: str
    at: int | None
    as_of: int | None
    images: tuple[ImageReport, ...]
    summary: Summary
    coverage: Coverage
    problems: tuple[Problem, ...] = ()


class Question(msgspec.Struct, frozen=True):
    """What is to be answered how. known_at: moment of knowledge, None = now. max_age: of feeds, in days.

    heed: whose statements about what does not count are heeded.
    """

    selection: Selection = Selection()
    by_epss: bool = False
    known_at: int | None = None
    max_age: int = 7
    heed: Heed = Heed()

    @property
    def moment(self) -> int:
        """Return the moment that the answer is for."""
        return now() if self.known_at is None else self.known_at


def environments(database: Database, scope: Scope) -> list[EnvironmentRow]:
    """Return the environments that existed at the moment."""
    with database.read() as connection:
        return deployments.environments(connection, scope)


def running(database: Database, scope: Scope) -> list[Running]:
    """Return what runs in an environment. Raise NotFound if nobody ever recorded to it."""
    with database.read() as connection:
        found = deployments.running(connection, scope)
        if not found:
            _require(deployments.environments(connection, Scope(scope.organization)), scope)
        return found


def _require(known: Iterable[EnvironmentRow], scope: Scope) -> None:
    names = sorted({row.name for row in known})
    if scope.environment not in names:
        whose = f" in organization {scope.organization}" if scope.organization else ""
        there = f"there are: {', '.join(names[:20])}" if names else "none was recorded yet"
        raise NotFound(
            f"No image recorded to environment {scope.environment}{whose}",
            f"{there}; `envscout environment {scope.environment} IMAGE` records one",
        )


def history(database: Database, scope: Scope) -> list[Event]:
    """Return what was ever said of an environment, newest first. Raise NotFound if nobody recorded to it."""
    with database.read() as connection:
        _require(deployments.environments(connection, Scope(scope.organization)), scope)
        return deployments.events(connection, scope)


def inventory(database: Database, image_id: int) -> tuple[Image, Inventory]:
    """Return an image with its packages."""
    with database.read() as connection:
        stored = images.get(connection, image_id)
        return stored.image, images.inventory_of(connection, stored)


def inventories(database: Database, image_ids: Sequence[int]) -> list[tuple[Image, Inventory]]:
    """Return some images with their packages, in order; at most MOST_INVENTORIES. Raise UsageError."""
    if len(image_ids) > MOST_INVENTORIES:
        raise UsageError("too many inventories are asked for at once", f"ask for at most {MOST_INVENTORIES}")
    with database.read() as connection:
        stored = [images.get(connection, image_id) for image_id in image_ids]
        return [(each.image, images.inventory_of(connection, each)) for each in stored]


def feed_status(database: Database, at: int | None = None) -> tuple[list[Status], int]:
    """Return every feed as it was at a moment (None: now), and the moment of the answer."""
    with database.read() as connection:
        return feeds.status(connection, at), now()


def of_environment(database: Database, scope: Scope, question: Question, wanted: Naming = EVERY) -> Report:
    """Answer for everything wanted that runs in the scope. Raise NotFound where nothing does."""
    with database.read() as connection:
        found = [each for each in deployments.running(connection, scope) if wanted(each.deployment)]
        if not found:
            _require(deployments.environments(connection, Scope(scope.organization)), scope)
            when = f" at {moment.show(scope.at)}" if scope.at is not None else ""
            raise NotFound(
                f"{scope.other or scope.service or 'nothing'} does not run in environment {scope.environment}{when}"
                if scope.service
                else f"nothing runs in environment {scope.environment}{when}",
                f"`envscout environment history {scope.environment}` shows what was recorded",
            )
        subjects = [(each.image_id, each.deployment.reference, each.deployment) for each in found]
        return _report(connection, scope.environment, scope.at, subjects, question)


def everywhere(database: Database, scope: Scope, question: Question) -> Report:
    """Answer for everything that runs in any environment of an organization, or of all."""
    with database.read() as connection:
        rows = deployments.environments(connection, scope)
        scopes = [Scope(row.organization, row.name, at=scope.at) for row in rows if row.images]
        found = [each for one in scopes for each in deployments.running(connection, one)]
        subjects = [(each.image_id, each.deployment.reference, each.deployment) for each in found]
        # Asked at once: what is said by thousands of exceptions is sorted once.
        return _report(connection, "", scope.at, subjects, question)


def of_latest(database: Database, scope: Scope, question: Question) -> Report:
    """Answer for the image of a service that was recorded last, in whatever environment. Raise NotFound."""
    with database.read() as connection:
        found = deployments.newest(connection, scope)
        if found is None:
            raise NotFound(
                f"no image of {scope.other or scope.service} was ever recorded",
                "`envscout environment ENVIRONMENT IMAGE` records one",
            )
        subject = (found.image_id, found.deployment.reference, found.deployment)
        return _report(connection, found.deployment.environment, scope.at, [subject], question)


def of_image(
    database: Database, image_id: int, reference: str, question: Question, target: Deployment | None = None
) -> Report:
    """Answer for one image, whether it runs anywhere or not. target: what it is to run as, for exceptions of there."""
    with database.read() as connection:
        found = _report(connection, "", question.known_at, [(image_id, reference, target)], question)
    bare = tuple(msgspec.structs.replace(each, deployment=None) for each in found.images)
    return msgspec.structs.replace(found, images=bare)


def of_subjects(
    database: Database, subjects: Sequence[tuple[int, str, Deployment | None]], question: Question
) -> Report:
    """Answer for images by number and reference, and as what they run, all by what was known at one moment."""
    with database.read() as connection:
        return _report(connection, "", question.known_at, subjects, question)


def _report(
    connection: Connection,
    environment: str,
    at: int | None,
    subjects: Sequence[tuple[int, str, Deployment | None]],
    question: Question,
) -> Report:
    meant = {id_: findings.resolve(connection, id_) for id_ in question.selection.cve_ids}
    wanted = [name for names in meant.values() for name in names] if meant else None
    chosen = question.selection.of(wanted or ()) if meant else question.selection
    answer = findings.answer(connection, dict.fromkeys(number for number, _, _ in subjects), question.known_at, wanted)
    matches, moment = by_package(answer.matches), question.moment
    known = feeds.coverage(connection, question.known_at)
    said = _desk(connection, question.heed, {number for number, _, _ in subjects}, question.known_at)
    found: dict[int, tuple[Finding, ...]] = {}
    reports = []
    own: list[Coverage] = []
    baseless: list[str] = []
    unrated: set[str] = set()
    unread: dict[Problem, None] = {}
    blurred = covering.combine([
        covering.lacking(_missing(connection, question)),
        covering.unheard(id_ for id_, names in meant.items() if not names),
    ])  # fmt: skip
    is_hiding = bool(chosen.severities) and "unspecified" not in chosen.severities
    unspecified = msgspec.structs.replace(chosen, severities=frozenset({"unspecified"}))
    for number, reference, deployment in subjects:
        stored = images.get(connection, number)
        unread |= dict.fromkeys(problem for problem in stored.problems if problem.code == "unread-vex")
        base = _base(connection, stored.image)
        is_inside = basing.brought(stored.image, base)
        places = [(place, is_inside(place.layer)) for place in answer.places.get(number, ())]
        groundless = [reference] if chosen.base and any(inside is None for _, inside in places) else []
        baseless += groundless
        if number not in found:
            counted = [each for each in places if chosen.takes(each[1])]
            found[number] = rank(merge(brought_together(counted, matches)), question.by_epss)
        page = said.page(number, met(stored.image, reference, deployment, question.heed.organization))
        shown, hushed, lapses = page.split(select(found[number], chosen), moment)
        hidden = page.split(select(found[number], unspecified), moment)[0] if is_hiding else ()
        unrated |= (left := {each.vulnerability for each in hidden})
        own.append(_coverage(stored, answer, known, question))
        filtered = (blurred, covering.left_out(len(left)), covering.without_base(groundless))
        reports.append(
            ImageReport(
                image_id=number,
                image=stored.image,
                reference=reference,
                deployment=deployment,
                packages=answer.packages.get(number, 0),
                findings=shown,
                summary=vulnerabilities(shown),
                coverage=covering.combine([own[-1], *filtered]),
                base=base,
                suppressed=question.heed.shown(hushed),
                lapses=lapses,
                distribution=stored.distribution,
                unassessed=answer.unassessed.get(number, ()),
                as_of=_as_of(answer.counts.get(number, ()), known),
            )
        )
    return Report(
        environment=environment,
        at=at,
        as_of=_as_of((count for counts in answer.counts.values() for count in counts), known),
        images=tuple(reports),
        summary=vulnerabilities(finding for report in reports for finding in report.findings),
        # What a filter left out is counted over all images.
        coverage=covering.combine([*own, blurred, covering.left_out(len(unrated)), covering.without_base(baseless)]),
        problems=(*said.problems, *unread),
    )


def _missing(connection: Connection, question: Question) -> list[str]:
    """Return the facts that are asked for and that the store did not have then."""
    asked = {"kev": question.selection.kev, "epss": question.selection.by_epss}
    there = feeds.kinds(connection, question.known_at) if any(asked.values()) else set()
    return [kind for kind, is_asked in asked.items() if is_asked and kind not in there]


def _desk(connection: Connection, heed: Heed, image_ids: Collection[int], known_at: int | None) -> Desk:
    """Return everything that was said of some images at a moment."""
    return Desk(
        heed,
        exceptions.standing(connection, known_at),
        vex.of_images(connection, image_ids, known_at),
        partial(findings.resolve, connection),
        now(),
    )


def said_of(
    database: Database, image: ImageReport, vulnerabilities: Collection[str], question: Question
) -> list[tuple[Finding, tuple[Opinion, ...]]]:
    """Return what is said of some vulnerabilities of an image, package by package, and why each of it counts or not."""
    with database.read() as connection:
        said = _desk(connection, question.heed, {image.image_id}, question.known_at)
    seen = met(image.image, image.reference, image.deployment, question.heed.organization)
    found = [each for each in (*image.findings, *image.suppressed) if each.vulnerability in vulnerabilities]
    told = [
        (each, opinions(said.entries(image.image_id, (each.vulnerability, *each.aliases)), seen, each, question.moment))
        for each in found
    ]
    return [each for each in told if each[1]]


def _as_of(counts: Iterable[Count], known: Mapping[str, int]) -> int | None:
    # What answers hold travels as a plain number.
    return min((int(known[each.ecosystem]) for each in counts if each.ecosystem in known), default=None)


def base_of(database: Database, image: Image) -> BaseImage | None:
    """Return the image that another was built on, as far as it says so or the store tells; None where neither does."""
    with database.read() as connection:
        return _base(connection, image)


def _base(connection: Connection, image: Image) -> BaseImage | None:
    return basing.choose(image.bases, images.bases(connection, image))


def _coverage(stored: images.StoredImage, answer: Answer, known: Mapping[str, int], question: Question) -> Coverage:
    return covering.assess(
        stored.indexed_at is not None,
        stored.distribution,
        stored.problems,
        answer.counts.get(stored.image_id, ()),
        known,
        question.moment,
        question.max_age,
        answer.unassessed.get(stored.image_id, ()),
    )
