"""Gather what policies judge an image by, and tell of what they kept out."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from envscout import images
from envscout.errors import InvalidReference, NotFound, SourceError
from envscout.findings.base import moved
from envscout.images.attestations import PROVENANCE, SBOM
from envscout.model import BaseImage, Coverage, Finding, Image, News, NewsFacts, Package
from envscout.names.reference import Reference, parse
from envscout.policies.facts import Facts, Running
from envscout.store import Connection, Database, deployments, feeds, news, now, policies, repositories
from envscout.store import images as stored_images

MAX_TOLD = 500


class Answered(msgspec.Struct, frozen=True):
    """What is known of one image already. advisories_of: microseconds, None where the answer rests on none.

    environment: where it is to go, "" where nobody said. running: what runs there, None where nothing does. at: the
    moment of the answer, None for now.
    """

    image_id: int
    findings: tuple[Finding, ...]
    coverage: Coverage
    base: BaseImage | None
    advisories_of: int | None
    reference: str = ""
    organization: str = ""
    service: str = ""
    environment: str = ""
    running: Running | None = None
    at: int | None = None


class Refused(msgspec.Struct, frozen=True):
    """An image that policies kept out of an environment. names: ids of those policies."""

    organization: str
    environment: str
    service: str
    reference: str
    digest: str
    names: tuple[str, ...]


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


def seen(database: Database, image_id: int, at: int | None = None) -> tuple[str, ...] | None:
    """Return what was attached to an image when somebody looked last, up to a moment; None where nobody did."""
    with database.read() as connection:
        return policies.last_look(connection, image_id, at)


def keep(database: Database, image_id: int, found: tuple[str, ...]) -> tuple[str, ...]:
    """Remember what is attached to an image, for the day when its registry is out of reach; return it."""
    with database.read() as connection:
        known = policies.last_look(connection, image_id) == found
    if not known:
        with database.write() as connection:
            policies.put_look(connection, image_id, now(), found)
    return found


def refuse(database: Database, refused: Refused) -> None:
    """Tell whoever listens that policies kept an image out."""
    told = ", ".join(refused.names)
    happened = News(
        kind="gate-failed",
        at=now(),
        organization=refused.organization,
        environment=refused.environment,
        service=refused.service,
        digest=refused.digest,
        reference=refused.reference,
        cause="policy",
        facts=NewsFacts(about=told[:MAX_TOLD], text=f"not met, or not known to be: {told}"[:MAX_TOLD]),
    )
    with database.write() as connection:
        news.append(connection, [happened])


def facts(database: Database, answered: Answered, attestations: tuple[str, ...] | None) -> Facts:
    """Return the facts about an image, as they were known at the moment of the answer.

    EPSS scores are those of today: their past is not kept.
    """
    with database.read() as connection:
        stored = stored_images.get(connection, answered.image_id)
        packages = stored_images.inventory_of(connection, stored).packages
        return _gathered(connection, stored, answered, attestations, packages)


def outlines(database: Database, answered: Sequence[Answered]) -> list[Facts]:
    """Return the facts about images but for their packages, with what was seen last of what is attached to them."""
    with database.read() as connection:
        return [
            _gathered(
                connection,
                stored_images.get(connection, each.image_id),
                each,
                policies.last_look(connection, each.image_id, each.at),
            )
            for each in answered
        ]


def _gathered(
    connection: Connection,
    stored: stored_images.StoredImage,
    answered: Answered,
    attestations: tuple[str, ...] | None,
    packages: tuple[Package, ...] = (),
) -> Facts:
    return Facts(
        image=stored.image,
        findings=_known_then(answered.findings, answered.at),
        packages=packages,
        coverage=answered.coverage,
        now=now() if answered.at is None else answered.at,
        base=answered.base,
        newest_base=_newest(connection, stored.image, answered.base, answered.at),
        running=answered.running,
        attestations=attestations,
        kinds=frozenset(feeds.kinds(connection, answered.at)),
        advisories_of=answered.advisories_of,
        is_indexed=stored.indexed_at is not None,
        distribution=stored.distribution,
        environment=answered.environment,
        reference=answered.reference,
        organization=answered.organization,
        service=answered.service,
    )


def _known_then(findings: tuple[Finding, ...], at: int | None) -> tuple[Finding, ...]:
    """Return findings without what the catalog of exploited vulnerabilities took up later."""
    if at is None:
        return findings
    day = datetime.fromtimestamp(at / 1_000_000, UTC).date().isoformat()
    return tuple(
        msgspec.structs.replace(each, kev=None) if each.kev and each.kev.added > day else each for each in findings
    )


def _newest(connection: Connection, image: Image, base: BaseImage | None, at: int | None) -> tuple[str, ...]:
    """Return the digests of the image that the base image's name stands for, () where that is not known.

    What the name stood for before the image was built may be older than what it was built on: that is no answer.
    """
    if base is None or not base.name:
        return ()
    try:
        reference = parse(base.name.partition("@")[0])
    except InvalidReference:
        return ()
    seen = repositories.stood_for(connection, reference.repository, reference.tag, image.platform, at)
    if seen is None:
        return deployments.service_last(connection, reference, at=at)
    newest, seen_at = seen
    digests = tuple(filter(None, (newest.digest, newest.index_digest)))
    built_on = [each.image.created for each in stored_images.known_as(connection, base.digest)] if base.digest else []
    is_newer = moved(built_on[0] if built_on else "", newest.created, seen_at, image.created)
    return digests if base.digest in digests or is_newer else ()
