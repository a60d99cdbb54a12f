"""What every format is given: the answer about some images, what changed in them, and the moment it was given."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

import msgspec

from envscout.findings.coverage import combine
from envscout.formats.tidy import tidy
from envscout.formats.words import line
from envscout.model import Coverage, Finding, Image, Inventory, Reason, Summary
from envscout.verbs.ask import ImageReport, Report

INTRODUCED, KEPT, FIXED = "introduced", "kept", "fixed"


class Subject(msgspec.Struct, frozen=True):
    """One image of an answer.

    changes: of a comparison, vulnerability -> `introduced` or `kept`; empty where nothing is compared. gone: findings
    of the comparison whose vulnerability this image has not, as far as that is known. is_absent: it runs in the
    comparison alone, and all that is said of it is what is gone with it.
    """

    report: ImageReport
    changes: Mapping[str, str] = {}
    gone: tuple[Finding, ...] = ()
    is_absent: bool = False

    @property
    def place(self) -> str:
        """Return what stays the same when a new version is deployed: the service, else the repository."""
        ran = self.report.deployment
        if ran:
            return f"{ran.organization}/{ran.environment}/{ran.service}/{ran.platform}"
        return self.report.reference.partition("@")[0].rpartition(":")[0] or self.report.reference

    @property
    def whole(self) -> str:
        """Return how the image is called, with its digest."""
        digest = self.report.image.digest
        return self.report.reference if digest in self.report.reference else f"{self.report.reference}@{digest}"


class Answer(msgspec.Struct, frozen=True, dict=True):
    """The answer of `cves` or `compare`.

    report: of the image or environment in question. given: the moment of the answer, microseconds since 1970 UTC.
    inventory: of an image, by its number. beside: what it is compared to, None for `cves`. new_only: of a comparison,
    leave out what both have. known_at: the moment of knowledge where that is not the moment of the answer. shown: what
    of suppressed findings is to be told, None for all: also what is not told is known to be there.
    """

    report: Report
    given: int
    inventory: Callable[[int], tuple[Image, Inventory]]
    beside: Report | None = None
    new_only: bool = False
    known_at: int | None = None
    shown: Callable[[tuple[Finding, ...]], tuple[Finding, ...]] | None = None

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """Return the images in question, tidied; beside which others each of them stands is decided by service."""
        return tuple(map(self._told, self._subjects()))

    def _told(self, subject: Subject) -> Subject:
        if self.shown is None:
            return subject
        suppressed = self.shown(subject.report.suppressed)
        return msgspec.structs.replace(subject, report=msgspec.structs.replace(subject.report, suppressed=suppressed))

    def _subjects(self) -> tuple[Subject, ...]:
        images = tuple(map(_tidied, self.report.images))
        if self.beside is None:
            return tuple(Subject(each) for each in images)
        compared = tuple(map(_tidied, self.beside.images))
        others = _by_service(compared)
        alone = len(images) == len(compared) == 1
        found: list[Subject] = []
        for name, ours in _by_service(images).items():
            found += _beside(ours, compared if alone else others.pop(name, ()), self.new_only)
        return (*found, *(_absent(each) for images in others.values() for each in images if not alone))

    @property
    def coverage(self) -> Coverage:
        """Return how far the answer can be trusted; a comparison no further than both of its sides."""
        sides = [self.report, *([self.beside] if self.beside else [])]
        return combine([each.coverage for each in sides])

    @property
    def is_blind(self) -> bool:
        """Return whether something known could have been missed: what a gate does not open for."""
        return self.coverage.state == "unknown" or self.coverage.blind

    @property
    def reasons(self) -> Iterator[tuple[str, Reason]]:
        """Yield why the answer is not complete: the reference of an image, "" for all of them, and the reason."""
        told: set[Reason] = set()
        images = [image for side in (self.report, self.beside) if side for image in side.images]
        yield from dict.fromkeys((image.reference, reason) for image in images for reason in image.coverage.reasons)
        for image in images:
            told |= {*image.coverage.reasons}
        yield from (("", reason) for reason in self.coverage.reasons if reason not in told)


def _tidied(image: ImageReport) -> ImageReport:
    """Return an image whose findings are fit to be written."""
    return msgspec.structs.replace(
        image,
        reference=line(image.reference),
        findings=tidy(image.findings),
        suppressed=tidy(image.suppressed),
    )


def _absent(image: ImageReport) -> Subject:
    """Return what runs in the comparison alone."""
    gone = image.findings
    nothing = msgspec.structs.replace(image, findings=(), suppressed=(), summary=Summary(), unassessed=())
    return Subject(nothing, {}, gone, is_absent=True)


def _by_service(images: Iterable[ImageReport]) -> dict[str, tuple[ImageReport, ...]]:
    found: dict[str, tuple[ImageReport, ...]] = {}
    for each in images:
        name = each.deployment.service if each.deployment else ""
        found[name] = (*found.get(name, ()), each)
    return found


def _beside(ours: Iterable[ImageReport], theirs: Iterable[ImageReport], new_only: bool) -> Iterator[Subject]:
    """Yield the images of one service; what the others alone have is told once."""
    ours, theirs = tuple(ours), tuple(theirs)
    # What somebody says does not count is there all the same, and what nobody could see is not gone.
    here = {found.vulnerability for image in ours for found in (*image.findings, *image.suppressed)}
    there = {found.vulnerability for image in theirs for found in image.findings}
    is_seen = not any(image.coverage.state == "unknown" or image.coverage.blind for image in ours)
    others = (found for image in theirs for found in image.findings)
    gone = tuple(found for found in others if is_seen and found.vulnerability not in here)
    for number, image in enumerate(ours):
        changes = {
            found.vulnerability: KEPT if found.vulnerability in there else INTRODUCED for found in image.findings
        }
        if new_only:
            kept = tuple(found for found in image.findings if changes[found.vulnerability] == INTRODUCED)
            image = msgspec.structs.replace(image, findings=kept)
        yield Subject(image, changes, () if number else gone)
