"""What runs and cannot be answered for."""

from collections.abc import Iterable

import msgspec

from envscout.findings import coverage
from envscout.model import Distribution, Problem
from envscout.store import Connection, feeds, findings, summaries

_GRAVE = frozenset({
    "not-indexed", "no-package-database", "unread-package-database", "no-source-package", "unknown-distribution",
    "unsupported-distribution", "end-of-life", "no-feed",
})  # fmt: skip


def unknown(connection: Connection, image_ids: Iterable[int], at: int) -> dict[int, str]:
    """Return why nothing can be said of images, as codes parted by spaces; those that are not unknown are left out."""
    known = summaries.images(connection, image_ids)
    counts = findings.counts(connection, known)
    served = feeds.coverage(connection)
    found: dict[int, str] = {}
    for number, image in known.items():
        told = coverage.assess(
            image.indexed,
            msgspec.json.decode(image.distribution, type=Distribution) if image.distribution else None,
            msgspec.json.decode(image.problems, type=tuple[Problem, ...]),
            counts.get(number, ()),
            served,
            at,
        )
        if told.state == "unknown":
            found[number] = " ".join(sorted({reason.code for reason in told.reasons} & _GRAVE))
    return found
