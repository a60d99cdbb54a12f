"""Images by digest: what each is, what is in it, what that is vulnerable to."""

from typing import Annotated, Literal

import msgspec

from envscout.model import BaseImage, Coverage, Finding, Summary
from envscout.server.asking import Asked
from envscout.server.etag import Subject
from envscout.server.pagination import page
from envscout.server.routes.common import Filters, about, chosen, moment_of
from envscout.server.routes.route import Nothing, Route, Text
from envscout.verbs.ask import Question
from envscout.verbs.stored import Stored

TAG = "images"


class Vulnerable(msgspec.Struct, frozen=True):
    """What an image is vulnerable to, the worst first. summary: of all that is asked for.

    suppressed: how many do not count. as_of: the moment of the oldest advisories about it, None where there are none.
    """

    digest: str
    items: tuple[Finding, ...]
    total: int
    summary: Summary
    suppressed: int
    coverage: Coverage
    packages: int
    base: BaseImage | None = None
    as_of: int | None = None
    next: str | None = None


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which form a document is to have."""

    format: Annotated[
        Literal["cyclonedx", "spdx", "json"],
        msgspec.Meta(description="CycloneDX 1.6, SPDX 2.3, or all that is known in our own form."),
    ] = "cyclonedx"


def image(asked: Asked) -> Stored:
    """Describe an image."""
    found: Stored = asked.perform("stored.by_digest", digest=asked.path["digest"])
    return found


def vulnerabilities(asked: Asked) -> Vulnerable:
    """List what an image is vulnerable to."""
    query: Filters = asked.query
    question = Question(selection=chosen(query), known_at=moment_of(query.known_at or query.at), max_age=query.max_age)
    stored = image(asked)
    whole = asked.perform("ask.of_image", image_id=stored.image_id, reference=stored.image.digest, question=question)
    (report,) = whole.images
    places = {finding: number for number, finding in enumerate(report.findings)}
    items, following = page(report.findings, lambda finding: (places[finding],), query.cursor, query.limit)
    return Vulnerable(
        digest=stored.image.digest,
        items=items,
        total=len(report.findings),
        summary=report.summary,
        suppressed=len(report.suppressed),
        coverage=report.coverage,
        packages=report.packages,
        base=report.base,
        as_of=report.as_of,
        next=following,
    )


def document(asked: Asked) -> Text:
    """Write an SBOM of an image."""
    from envscout import sbom

    stored = image(asked)
    described, inventory = asked.perform("ask.inventory", image_id=stored.image_id)
    writers = {"cyclonedx": sbom.write_cyclonedx, "spdx": sbom.write_spdx, "json": sbom.write}
    return Text(writers[asked.query.format](described, inventory, described.digest), "application/json")


def _of_image(asked: Asked) -> Subject | None:
    return about(asked, "images")


_ONE = "/api/v1/images/{digest}"

ROUTES = (
    Route("GET", _ONE, "image", "read", image, Stored, TAG, Nothing, about=_of_image),
    Route(
        "GET", f"{_ONE}/vulnerabilities", "image-vulnerabilities", "read", vulnerabilities, Vulnerable, TAG, Filters,
        about=_of_image,
    ),
    Route("GET", f"{_ONE}/sbom", "image-sbom", "read", document, dict, TAG, Form, about=_of_image),
)  # fmt: skip
