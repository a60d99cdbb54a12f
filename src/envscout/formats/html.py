"""The answer of `cves` and `compare` as one page that stands alone: for a person who was not there."""

from collections import Counter
from collections.abc import Iterator

from envscout.formats import parts
from envscout.formats.answer import FIXED, INTRODUCED, KEPT, Answer, Subject
from envscout.formats.markup import Markup, el, page, table
from envscout.formats.parts import when


def write(answer: Answer) -> Iterator[str]:
    """Yield the page."""
    title = _title(answer)
    subjects = answer.subjects
    yield page(
        title,
        el(
            "header",
            el("p", "Comparison" if answer.beside else "Vulnerabilities", class_="kicker"),
            el("h1", title),
            el("p", _moments(answer), class_="soft"),
        ),
        el(
            "main",
            parts.trusted(answer.report.images, answer.coverage, answer.reasons),
            _changes(subjects) if answer.beside else None,
            el("h2", "In short"),
            parts.tiles(answer.report.summary, answer.coverage),
            _images(tuple(each for each in subjects if not each.is_absent)) if len(subjects) != 1 else None,
            el("h2", "Images" if len(subjects) != 1 else "Image"),
            *(_image(each) for each in subjects),
            id="content",
        ),
        parts.made(answer.given),
    )


def _title(answer: Answer) -> str:
    named = _named(answer.report.environment, [each.reference for each in answer.report.images])
    if answer.beside is None:
        return named
    return f"{named} beside {_named(answer.beside.environment, [each.reference for each in answer.beside.images])}"


def _named(environment: str, references: list[str]) -> str:
    if len(references) == 1:
        return f"{references[0]} in {environment}" if environment else references[0]
    return environment or f"{len(references)} images"


def _moments(answer: Answer) -> str:
    report = answer.report
    ran = f"What ran on {when(report.at)}, " if report.at is not None and report.environment else ""
    known = answer.given if answer.known_at is None else answer.known_at
    said = f"{ran}as it {'was' if answer.known_at is not None else 'is'} known on {when(known)}."
    advisories = f"The oldest advisories that this rests on are of {when(report.as_of)}." if report.as_of else ""
    return f"{said[0].upper()}{said[1:]} {advisories or 'It rests on no advisories.'}"


def _images(subjects: tuple[Subject, ...]) -> Markup:
    rows = (
        (
            [
                el("b", each.report.deployment.service if each.report.deployment else each.report.reference),
                el("span", each.report.reference, class_="small"),
            ],
            parts.counts(each.report.summary, each.report.coverage),
            str(len(each.report.suppressed)),
            parts.state(each.report.coverage),
        )
        for each in subjects
    )
    return table(f"{len(subjects)} images", ("Service", "Vulnerabilities", "Suppressed", "Coverage"), rows)


def _image(subject: Subject) -> Markup:
    report = subject.report
    if subject.is_absent:
        caption = f"{len(subject.gone)} fixed: this runs in the comparison alone"
        marks = dict.fromkeys((found.vulnerability for found in subject.gone), FIXED)
        return el("section", el("h3", report.reference), parts.findings(caption, subject.gone, marks))
    gone = (
        [
            parts.findings(
                f"{len(subject.gone)} fixed: the comparison has these, this image has not",
                subject.gone,
                dict.fromkeys((found.vulnerability for found in subject.gone), FIXED),
            )
        ]
        if subject.gone
        else []
    )
    return el(
        "section",
        el("h3", report.reference),
        parts.image_facts(report),
        *parts.sections(report, dict(subject.changes)),
        *gone,
    )


def _changes(subjects: tuple[Subject, ...]) -> Markup:
    """Return how many vulnerabilities each service brings, keeps and is rid of."""
    counts: Counter[str] = Counter()
    for each in subjects:
        counts.update(each.changes.values())
        counts[FIXED] += len({found.vulnerability for found in each.gone})
    shown = ((INTRODUCED, "introduced", "fail"), (FIXED, "fixed", "pass"), (KEPT, "in both", ""))
    return el(
        "section",
        el("h2", "What changes"),
        el(
            "ul",
            *(el("li", el("b", str(counts[key])), el("span", words), class_=tone) for key, words, tone in shown),
            class_="tiles",
        ),
    )
