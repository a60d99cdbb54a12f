"""What `compare` says of two images as wholes, in two columns."""

from collections.abc import Callable, Iterator

from envscout.cli.show.cves import base_image, counted, strip
from envscout.cli.show.pair import Pair
from envscout.cli.show.size import human
from envscout.cli.show.table import inert, pad, width
from envscout.errors import InvalidReference
from envscout.findings.merge import vulnerabilities
from envscout.model import Summary
from envscout.names.reference import parse
from envscout.policies.beside import Judged, met
from envscout.policies.policy import Health
from envscout.verbs.ask import ImageReport

Row = tuple[str, str, str]
_TAGS = 8
"""Other names of a base image that are shown."""


def rows(shown: Pair) -> Iterator[Row]:
    """Yield what is said of both: a label and two texts."""

    def both(label: str, say: Callable[[ImageReport], str]) -> Row:
        return label, say(shown.analyzed), say(shown.comparison)

    ours, theirs = shown.analyzed, shown.comparison
    yield both("Target", lambda each: each.reference)
    yield both("  digest", lambda each: each.image.digest.partition(":")[2][:12])
    yield both("  tag", lambda each: _tag(each.reference))
    yield both("  platform", lambda each: each.image.platform)
    yield both("  provenance", _provenance)
    yield both("  environment", lambda each: each.deployment.environment if each.deployment else "")
    yield both("  vulnerabilities", lambda each: counted(each.summary, each.coverage))
    yield "", _delta(ours.summary, theirs.summary), ""
    yield both("  suppressed", _suppressed)
    yield both("  coverage", lambda each: each.coverage.state)
    yield "  size", _with_delta(ours.image.size, theirs.image.size, human), human(theirs.image.size)
    yield "  packages", _with_delta(ours.packages, theirs.packages, str), str(theirs.packages)
    yield both("Base image", lambda each: base_image(each.base))
    one, other = (", ".join(each[:_TAGS]) for each in shown.base_tags)
    yield "  also known as", one, other
    yield both("  vulnerabilities", _of_base)
    if shown.judged and not shown.hide_policies:
        left, right = shown.judged
        yield "Policies met", _met(left), _met(right)
        yield "Health score", _score(left.health), _score(right.health)


def _met(said: Judged) -> str:
    return f"{met(said.verdicts)} of {len(said.verdicts)}"


def _tag(reference: str) -> str:
    """Return the tag that a reference names, "" for what has none."""
    try:
        return parse(reference).tag
    except InvalidReference:
        return ""


def _provenance(each: ImageReport) -> str:
    """Return where an image says that it was built from."""
    labels = dict(each.image.labels)
    commit = (each.deployment.commit if each.deployment else "") or labels.get("org.opencontainers.image.revision", "")
    return " ".join(filter(None, (labels.get("org.opencontainers.image.source", ""), commit[:12])))


def _suppressed(each: ImageReport) -> str:
    summary = vulnerabilities(each.suppressed)
    return strip(summary) if summary.total else ""


def _of_base(each: ImageReport) -> str:
    """Count what the base image brought, "" where that is not known."""
    if each.base is None or not each.base.layers:
        return ""
    return counted(vulnerabilities(found for found in each.findings if found.from_base), each.coverage)


def _score(found: Health) -> str:
    return f"{found.grade} ({found.percent}%)" if found.grade else ""


def _with_delta(ours: int, theirs: int, say: Callable[[int], str]) -> str:
    more = ours - theirs
    return say(ours) + (f" ({'+' if more > 0 else '-'}{say(abs(more))})" if more else "")


def _delta(ours: Summary, theirs: Summary) -> str:
    """Write the differences of two strips, each under its column; "" where there are none."""
    words = ("critical", "high", "medium", "low")
    more = [getattr(ours, word) - getattr(theirs, word) for word in words]
    if not any(more):
        return ""
    return "  ".join(f"{f'{each:+d}' if each else '':>4} " for each in more).rstrip()


def columns(head: tuple[str, str, str], rows: list[Row]) -> Iterator[str]:
    """Yield the lines of two columns with their labels."""
    cells = [tuple(map(inert, row)) for row in rows]
    sizes = [max(24, *(width(row[number]) for row in cells)) + 2 for number in range(3)]
    sizes[0] -= 4
    yield "│".join(
        pad(text, size)
        for text, size in zip(
            (head[0], *(each.center(size) for each, size in zip(head[1:], sizes[1:], strict=True))), sizes, strict=True
        )
    ).rstrip()
    yield "┼".join("─" * size for size in sizes)
    for row in cells:
        yield "│".join(pad(f" {text}", size) for text, size in zip(row, sizes, strict=True)).rstrip()
