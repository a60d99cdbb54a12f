"""The answer of `recommendations`: text laid out as Docker Scout does, Markdown, JSON."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
import msgspec

from envscout.cli.advising import Advice
from envscout.cli.session import CHECK, NOTE
from envscout.cli.show import documents
from envscout.cli.show.columns import columns
from envscout.cli.show.cves import coverage, strip
from envscout.cli.show.markdown import escaped, grid
from envscout.cli.show.size import human, many
from envscout.cli.show.table import inert, table
from envscout.findings.rebase import Image, Offer
from envscout.findings.upgrades import Plan, Upgrade
from envscout.model import Summary
from envscout.verbs.ask import ImageReport

_UNKNOWN = "unknown"
_SHOWN = 20
"""Rows of a table that are shown; the rest is counted."""


class Recommended(msgspec.Struct, frozen=True):
    """What there is to do about an image. advice, plan: None where it was not asked for."""

    report: ImageReport
    environment: str
    advice: Advice
    plan: Plan | None
    shows_refresh: bool = True
    shows_updates: bool = True

    @property
    def updates(self) -> tuple[Offer, ...]:
        """Return the other tags, where they were asked for."""
        return self.advice.updates if self.shows_updates else ()

    @property
    def refresh(self) -> Offer | None:
        """Return the newer image of the same tag, where it was asked for."""
        return self.advice.refresh if self.shows_refresh else None


def document(shown: Recommended) -> dict[str, Any]:
    """Return the document of `recommendations --format json`."""
    advice = shown.advice
    return {
        "schema": "envscout/recommendations/1",
        "environment": shown.environment or None,
        "image": documents.image(shown.report),
        "base": {
            "name": advice.name or None,
            "digest": (advice.base.digest if advice.base else "") or None,
            "is_current": advice.is_current,
            "summary": _counts(advice.current),
        },
        "refresh": _offer(shown.refresh) if shown.refresh else None,
        "updates": [_offer(each) for each in shown.updates],
        "notes": advice.notes,
        "upgrades": [_upgrade(each) for each in shown.plan.upgrades] if shown.plan else [],
        "left": [msgspec.structs.asdict(each) | {"summary": _asdict(each.summary)} for each in shown.plan.left]
        if shown.plan
        else [],
        "risk": shown.plan.risk if shown.plan else None,
        "removable": shown.plan.removable if shown.plan else None,
    }


def _asdict(summary: Summary) -> dict[str, Any]:
    return msgspec.structs.asdict(summary)


def _counts(image: Image | None) -> dict[str, Any] | None:
    return _asdict(image.summary) if image and image.summary else None


def _offer(offer: Offer) -> dict[str, Any]:
    image = offer.image
    return {
        "tag": image.tag,
        "tags": image.tags,
        "digest": image.digest or None,
        "created": image.created or None,
        "size": image.size or None,
        "packages": image.packages if image.summary else None,
        "summary": _counts(image),
        "benefits": offer.benefits,
    }


def _upgrade(each: Upgrade) -> dict[str, Any]:
    fields = msgspec.structs.asdict(each)
    fields["summary"] = _asdict(each.summary)
    fields["packages"] = [package.purl for package in each.packages]
    fields["steps"] = [msgspec.structs.asdict(step) for step in each.steps]
    return fields


def text(shown: Recommended) -> Iterator[str]:
    """Return the lines of the answer for a terminal."""
    yield from ("", "## Recommended fixes", "", inert(f"  for {shown.report.reference}"))
    yield from _base(shown.advice)
    if shown.shows_refresh:
        yield from _refresh(shown.advice)
    if shown.shows_updates:
        yield from _updates(shown.advice)
    yield from ("", *(f"  {click.style(NOTE, fg='yellow')} {inert(note)}" for note in shown.advice.notes))
    if shown.plan:
        yield from _plan(shown.plan)
        yield from coverage(shown.report.coverage, "There may be more to do")


def _base(advice: Advice) -> Iterator[str]:
    if not advice.name:
        return
    yield from ("", inert(f"  Base image is  {advice.name}"), "")
    image = advice.current or Image("")
    system = image.distribution
    rows = [
        ("Name", image.tag),
        ("Digest", (advice.base.digest if advice.base else "") or image.digest),
        ("Vulnerabilities", strip(image.summary) if image.summary else _UNKNOWN),
        ("Created", image.created),
        ("Size", human(image.size) if image.size else ""),
        ("Packages", str(image.packages) if image.summary else ""),
        ("OS", f"{system.id} {system.version}".strip() if system else ""),
    ]
    yield from (f" {line}" for line in columns([row for row in rows if row[1]]))


def _refresh(advice: Advice) -> Iterator[str]:
    yield from ("", "Refresh base image")
    if advice.is_current:
        yield f"  {click.style(CHECK, fg='green')} This image version is up to date."
    elif advice.refresh:
        yield "  Rebuild the image: its base image's tag stands for a newer image by now."
        yield from ("", *_table(advice, [advice.refresh]))
    else:
        yield "  Not known."


def _updates(advice: Advice) -> Iterator[str]:
    yield from ("", "Change base image")
    if not advice.updates:
        yield "  No other tag that fits is known." if advice.name else "  Not known."
        return
    yield "  Other tags, the most suitable first. Changing may break what is built on it."
    yield from ("", *_table(advice, advice.updates))


def _table(advice: Advice, offers: Sequence[Offer]) -> list[str]:
    rows = [(_tags(each), _details(each), each.image.created[:10], _delta(advice, each.image)) for each in offers]
    return columns(rows, ("Tag", "Details", "Created", "Vulnerabilities"))


def _tags(offer: Offer) -> str:
    also = [f"• {tag}" for tag in offer.image.tags]
    return "\n".join([offer.image.tag, *(["Also known as:", *also] if also else [])])


def _details(offer: Offer) -> str:
    size = [f"• Size: {human(offer.image.size)}"] if offer.image.size else []
    return "\n".join(
        ["Benefits:", *(f"• {each}" for each in offer.benefits), *(["Image details:", *size] if size else [])]
    )


def _delta(advice: Advice, image: Image) -> str:
    if image.summary is None:
        return _UNKNOWN
    before = advice.current.summary if advice.current else None
    return strip(image.summary) + (f"\n{difference(before, image.summary)}" if before else "")


def difference(before: Summary, after: Summary) -> str:
    """Write by how much counts change, under the columns of `strip`."""
    words = ("critical", "high", "medium", "low")
    changes = [getattr(after, word) - getattr(before, word) for word in words]
    cells = "  ".join(f"{change:+4} " if change else "     " for change in changes)
    rest = after.unspecified - before.unspecified
    return (f"{cells}  {rest:+4}" if rest else cells).rstrip()


def _plan(found: Plan) -> Iterator[str]:
    yield from ("", "## Package upgrades", "")
    if found.upgrades:
        few = _few(found)
        share = found.upgrades[few - 1].together
        verb = "removes" if few == 1 else "remove"
        yield f"  {_of(few, len(found.upgrades))} {verb} {share:.0%} of the weighted risk in the image."
        yield ""
        rows = [_row(number, each) for number, each in enumerate(found.upgrades[:_SHOWN], 1)]
        yield from table(("", *_UPGRADES, "From"), rows)
        if len(found.upgrades) > _SHOWN:
            yield f"  and {many(len(found.upgrades) - _SHOWN, 'other', 'others')}; --format json lists all"
        yield from _remarks(found.upgrades)
    elif not found.left:
        yield "  No vulnerable package is known."
    if found.left:
        yield from ("", "  No upgrade removes:")
        rows = [(each.name, each.type, each.installed, strip(each.summary)) for each in found.left[:_SHOWN]]
        yield from table(("Package", "Type", "Installed", "Vulnerabilities"), rows)
        if len(found.left) > _SHOWN:
            yield f"  and {many(len(found.left) - _SHOWN, 'other package', 'other packages')}"


def _few(found: Plan) -> int:
    """Return how many upgrades remove nine tenths of what upgrades can remove."""
    enough = 0.9 * found.removable
    return next(number for number, each in enumerate(found.upgrades, 1) if each.together >= enough)


def _of(few: int, all_: int) -> str:
    return f"{few} of {all_} upgrades" if all_ > 1 else "1 upgrade"


_UPGRADES = ("Package", "Type", "Installed", "Upgrade to", "Fixes", "Removes", "Together")
_FROM = {True: "base image", False: "image", None: ""}


def _row(number: int, each: Upgrade) -> tuple[str, ...]:
    shares = (f"{each.share:.0%}", f"{each.together:.0%}")
    return (
        str(number),
        each.name,
        each.type,
        each.installed,
        each.to,
        strip(each.summary).strip(),
        *shares,
        _FROM[each.from_base],
    )


def _remarks(upgrades: Iterable[Upgrade]) -> Iterator[str]:
    for each in upgrades:
        if each.brings:
            yield inert(f"  {NOTE} {each.name} {each.to} brings {', '.join(each.brings)}, and nothing newer is known")
        if each.remains:
            yield inert(f"  {NOTE} {each.name} {each.to} still has {', '.join(each.remains)}")


def markdown(shown: Recommended) -> Iterator[str]:
    """Return the lines of a comment for a review."""
    advice = shown.advice
    yield from (f"## Recommended fixes: {escaped(shown.report.reference)}", "")
    if advice.name:
        yield from (f"Base image: **{escaped(advice.name)}**", "")
    offers = [*([shown.refresh] if shown.refresh else []), *shown.updates]
    if offers:
        rows = [(each.image.tag, "; ".join(each.benefits), _delta(Advice(None), each.image)) for each in offers]
        yield from (*grid(("Tag", "Benefits", "Vulnerabilities"), rows), "")
    elif advice.is_current:
        yield from (f"{CHECK} The base image is up to date.", "")
    yield from (f"- {escaped(note)}" for note in advice.notes)
    if shown.plan and shown.plan.upgrades:
        lines = [_row(number, each)[1:8] for number, each in enumerate(shown.plan.upgrades[:_SHOWN], 1)]
        yield from ("", "### Package upgrades", "", *grid(_UPGRADES, lines))
    if shown.plan and shown.plan.left:
        left = [(each.name, each.installed, strip(each.summary)) for each in shown.plan.left[:_SHOWN]]
        yield from ("", "### No upgrade removes", "", *grid(("Package", "Installed", "Vulnerabilities"), left))
