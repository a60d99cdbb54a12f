"""Indexing with a voice: progress while an image is read, a line when it is done, and what could not be read."""

import os
from typing import TYPE_CHECKING

from envscout.cli.session import Session
from envscout.model import Indexed
from envscout.operations.indexing import index

if TYPE_CHECKING:
    from envscout.names.reference import Reference
    from envscout.verbs.embedded import Searched


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
    is_named: bool = True,
) -> Indexed:
    """Index an image, telling a person what happens. is_named: by the user, not by what another image says."""
    from envscout import images

    no_cache = os.environ.get("DOCKER_SCOUT_NO_CACHE", "").lower() not in ("", "0", "false")
    indexed = index(
        session.call,
        reference,
        platform=platform,
        archive_ref=archive_ref,
        on_progress=session.progress(f"Reading {reference.familiar}"),
        kept=session.layers(0 if no_cache else int(session.settings.get("layer_cache_mb"))),
        sbom_source=sbom_source,
        credentials=images.given(reference.host) if is_named and reference.host else None,
    )
    how = _HOW[sbom_source] if indexed.fresh else "SBOM of image already known,"
    session.say(f"{how} {indexed.packages} packages")
    for problem in indexed.problems:
        session.warn(f"VEX: {problem.message}")
    return indexed


def search_shown(
    session: Session, reference: "Reference", indexed: Indexed, *, platform: str = "", archive_ref: str = ""
) -> "Searched":
    """Search an image that was indexed for secrets, telling a person what happens and what could not be searched."""
    from envscout import images
    from envscout.cli.show.embedded import summary
    from envscout.verbs.embedded import search

    searched = search(
        reference,
        platform=platform,
        archive_ref=archive_ref,
        digest="" if reference.prefix == "fs" else indexed.image.digest,
        on_progress=session.progress(f"Searching {reference.familiar} for secrets"),
        credentials=images.given(reference.host) if reference.host else None,
    )
    (session.warn if searched.secrets else session.say)(summary(searched))
    for problem in searched.problems:
        session.warn(f"{problem.code}: {problem.message}{f' ({problem.where})' if problem.where else ''}")
    return searched
