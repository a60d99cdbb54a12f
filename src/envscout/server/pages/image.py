"""One image: what it was built of, what each layer brought, what is wrong with that, where it ran."""

from collections import Counter

import msgspec

from envscout.errors import NotFound
from envscout.formats.markup import Markup, el
from envscout.model import Coverage, Finding, Inventory, Layer, Package
from envscout.server.asking import Asked
from envscout.server.pages.address import href
from envscout.server.pages.page import Page, Table
from envscout.server.pages.vulnerability import Prefix
from envscout.server.pagination import Cursor, page
from envscout.server.routes.common import Moment, Name
from envscout.store.counted import Ran, Recorded
from envscout.verbs.ask import ImageReport, Question, Report
from envscout.verbs.explain import Explanation
from envscout.verbs.stored import Stored

SECTION = "Images"
_AT_ONCE = 100


class Images(msgspec.Struct, frozen=True):
    """images: that were recorded last and begin as asked."""

    images: tuple[Recorded, ...]


class Asking(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which packages, and which page of findings and of packages."""

    q: Name = ""
    cursor: Cursor = ""
    packages: Cursor = ""


class Brought(msgspec.Struct, frozen=True):
    """A layer, how many packages it brought, and the vulnerabilities of those by severity."""

    layer: Layer
    packages: int
    findings: tuple[tuple[str, int], ...]


class Image(msgspec.Struct, frozen=True):
    """references: names it ran under. packages: of this page; holding: how many hold what was asked for."""

    stored: Stored
    references: tuple[str, ...]
    report: ImageReport
    findings: tuple[Finding, ...]
    next: str | None
    layers: tuple[Brought, ...]
    packages: tuple[Package, ...]
    holding: int
    next_packages: str | None
    ran: tuple[Ran, ...]
    organization: str = ""

    def about(self, vulnerability: str) -> Markup:
        """Return where to read on about a vulnerability of the image."""
        org = self.organization
        why = href("images", self.stored.image.digest, "explain", vulnerability=vulnerability, org=org)
        rest = el("a", "Where else", href=href("vulnerabilities", vulnerability, org=org))
        return el("span", el("a", "Why", href=why), " · ", rest, class_="small")


class Doubted(Moment, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which vulnerability is asked about."""

    vulnerability: Name = ""


class Explained(msgspec.Struct, frozen=True):
    """Why an image has a vulnerability, or not; found: None where none was named. answer: for the whole image."""

    name: str
    digest: str
    found: Explanation | None
    answer: str
    coverage: Coverage


def images(asked: Asked) -> Images:
    """Offer the images that there are."""
    found = asked.perform("expose.recorded", prefix=asked.query.q.strip(), organization=asked.query.org)
    return Images(tuple(found))


def image(asked: Asked) -> Image:
    """Tell everything of an image."""
    query: Asking = asked.query
    stored: Stored = asked.perform("stored.by_digest", digest=asked.path["digest"])
    ran: list[Ran] = asked.perform("expose.ran", digest=stored.image.digest, organization=query.org)
    references = tuple(dict.fromkeys(each.reference for each in ran))
    report = _report(asked, stored, references)
    inventory = _inventory(asked, stored)
    places = {finding: number for number, finding in enumerate(report.findings)}
    shown, following = page(report.findings, lambda each: (places[each],), query.cursor, _AT_ONCE)
    wanted = [each for each in inventory.packages if query.q.lower() in each.name.lower()]
    order = {id(each): number for number, each in enumerate(wanted)}
    packages, more = page(wanted, lambda each: (order[id(each)],), query.packages, _AT_ONCE)
    return Image(
        stored, references, report, shown, following, _layers(stored, inventory, report), packages, len(wanted), more,
        tuple(ran), query.org,
    )  # fmt: skip


def explain(asked: Asked) -> Explained:
    """Tell why an image has a vulnerability, or why not, or why nobody can tell."""
    stored: Stored = asked.perform("stored.by_digest", digest=asked.path["digest"])
    text = asked.query.vulnerability.strip()
    found: Explanation | None = None
    if text:
        names = asked.perform("explain.meant", query=text)
        found = asked.perform("explain.explain", image_id=stored.image_id, query=text, names=names)
    ran: list[Ran] = asked.perform("expose.ran", digest=stored.image.digest, organization=asked.query.org)
    report = _report(asked, stored, tuple(each.reference for each in ran[:1]))
    answer = found.answer(report.coverage) if found else "unknown"
    return Explained(report.reference, stored.image.digest, found, answer, report.coverage)


def _reasons(asked: Asked) -> Table:
    found = explain(asked).found
    head = ("answer", "package", "version", "purl", "advisory", "feed", "range", "fixed_version", "why")
    rows = (
        (each.answer, each.name, each.version, each.purl, each.advisory, each.feed, each.range, each.fixed_version,
         each.why)
        for each in (found.reasonings if found else ())
    )  # fmt: skip
    return Table(f"explain-{found.query if found else ''}", head, rows)


def _report(asked: Asked, stored: Stored, references: tuple[str, ...]) -> ImageReport:
    name = references[0] if references else stored.image.digest
    whole: Report = asked.perform("ask.of_image", image_id=stored.image_id, reference=name, question=Question())
    return whole.images[0]


def _inventory(asked: Asked, stored: Stored) -> Inventory:
    try:
        _, found = asked.perform("ask.inventory", image_id=stored.image_id)
    except NotFound:
        return Inventory()
    return found  # type: ignore[no-any-return]


def _layers(stored: Stored, inventory: Inventory, report: ImageReport) -> tuple[Brought, ...]:
    packages = Counter(each.layer for each in inventory.packages)
    worst: dict[str, Counter[str]] = {}
    for each in report.findings:
        worst.setdefault(each.layer, Counter())[each.severity] += 1
    return tuple(
        Brought(each, packages[each.diff_id], tuple(worst.get(each.diff_id, Counter()).items()))
        for each in stored.image.layers
    )


def _findings(asked: Asked) -> Table:
    stored: Stored = asked.perform("stored.by_digest", digest=asked.path["digest"])
    report = _report(asked, stored, ())
    head = ("severity", "vulnerability", "package", "version", "fixed_version", "epss", "kev", "layer", "purl")
    rows = (
        (each.severity, each.vulnerability, each.package.name, each.package.version, each.fixed_version,
         each.epss.score if each.epss else None, each.kev.added if each.kev else None, each.layer, each.package.purl)
        for each in report.findings
    )  # fmt: skip
    return Table(f"image-{stored.image.digest[7:19]}", head, rows)


PAGES = (
    Page("/images", "images", SECTION, images, Prefix),
    Page("/images/{digest}/explain", "explain", SECTION, explain, Doubted, table=_reasons),
    Page("/images/{digest}", "image", SECTION, image, Asking, table=_findings),
)
