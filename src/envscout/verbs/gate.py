"""Gather what policies judge an image by."""

import msgspec

from envscout import images
from envscout.errors import InvalidReference, NotFound, SourceError
from envscout.images.attestations import PROVENANCE, SBOM
from envscout.model import BaseImage, Coverage, Finding
from envscout.names.reference import Reference, parse
from envscout.policies.facts import Facts
from envscout.store import Connection, Database, deployments, feeds, now
from envscout.store import images as stored_images


class Answered(msgspec.Struct, frozen=True):
    """What is known of one image already. advisories_of: microseconds, None where the answer rests on none."""

    image_id: int
    findings: tuple[Finding, ...]
    coverage: Coverage
    base: BaseImage | None
    advisories_of: int | None


def attestations(reference: Reference, *, platform: str = "", archive_ref: str = "") -> tuple[str, ...] | None:
    """Return kinds and predicate types of what hangs on an image, None where that cannot be told."""
    if reference.location and reference.prefix != "oci-dir":
        return None
    try:
        with images.open_image(reference, platform=platform, archive_ref=archive_ref) as opened:
            if not opened.keeps_attestations:
                return None
            there = opened.attached((SBOM, PROVENANCE))
    except (SourceError, NotFound):
        return None
    if there.problems:
        return None
    return tuple(dict.fromkeys(word for each in there.documents for word in (each.kind, each.type)))


def facts(
    database: Database, answered: Answered, running: tuple[Finding, ...] | None, attestations: tuple[str, ...] | None
) -> Facts:
    """Return the facts about an image. running: findings of what runs in the target, None where nothing does."""
    with database.read() as connection:
        stored = stored_images.get(connection, answered.image_id)
        return Facts(
            image=stored.image,
            findings=answered.findings,
            packages=stored_images.inventory_of(connection, stored).packages,
            coverage=answered.coverage,
            now=now(),
            base=answered.base,
            newest_base=_newest(connection, answered.base),
            running=running,
            attestations=attestations,
            kinds=frozenset(feeds.kinds(connection)),
            advisories_of=answered.advisories_of,
            is_indexed=stored.indexed_at is not None,
        )


def _newest(connection: Connection, base: BaseImage | None) -> tuple[str, ...]:
    """Return the digests of the image that the base image's name stood for when somebody recorded it last."""
    if base is None or not base.name:
        return ()
    try:
        reference = parse(base.name.partition("@")[0])
    except InvalidReference:
        return ()
    return deployments.named_last(connection, reference.familiar, reference.canonical)
