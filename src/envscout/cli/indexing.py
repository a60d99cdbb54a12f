"""Indexing with a voice: progress while an image is read, a line when it is done, and what could not be read."""

from typing import TYPE_CHECKING

from envscout.cli.session import Session
from envscout.verbs.index import Indexed, index

if TYPE_CHECKING:
    from envscout.names.reference import Reference


_HOW = {
    "index": "Indexed",
    "attached": "SBOM obtained from attestation, not verified,",
    "both": "Indexed, and SBOM of attestation read,",
}


def index_shown(
    session: Session,
    reference: "Reference",
    *,
    platform: str = "",
    archive_ref: str = "",
    sbom_source: str = "index",
) -> Indexed:
    """Index an image, telling a person what happens."""
    indexed = index(
        session.database,
        reference,
        platform=platform,
        archive_ref=archive_ref,
        on_progress=session.progress(f"Reading {reference.familiar}"),
        layer_cache_mb=int(session.settings.get("layer_cache_mb")),
        sbom_source=sbom_source,
    )
    how = _HOW[sbom_source] if indexed.fresh else "SBOM of image already known,"
    session.say(f"{how} {indexed.packages} packages")
    return indexed
