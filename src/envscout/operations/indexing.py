"""Look into an image where it is, and have what was found kept: in this process, or by a server.

A digest that is known is not read again. Nothing of an image travels but its inventory, and what is said of it.
"""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from envscout import images
from envscout.errors import NotAllowed
from envscout.model import Hung, Indexed, Looked
from envscout.names.reference import OFFICIAL, Reference
from envscout.store import Database
from envscout.verbs import index as keeping
from envscout.verbs import look

Call = Callable[..., Any]
"""Has a verb done with some arguments, wherever its store is."""

# What `sha256:0123...`, the id of an image of an engine, is read as.
_BY_ID = f"{OFFICIAL}/sha256"


def within(database: Database) -> Call:
    """Return what has verbs done in this process."""
    return partial(_do, database)


def _do(database: Database, verb: Callable[..., Any], *positional: Any, **named: Any) -> Any:
    return verb(database, *positional, **named)


def index(
    call: Call,
    reference: Reference,
    *,
    platform: str = "",
    archive_ref: str = "",
    on_progress: look.Progress | None = None,
    kept: look.Layers | None = None,
    sbom_source: str = "index",
    credentials: images.Credentials | None = None,
) -> Indexed:
    """Return the stored image a reference names, reading it first if its digest is new. Raise SourceError, NotFound.

    kept: of layers that were read before. sbom_source: one of SBOM_SOURCES; an image known from another source is read
    anew. NotFound is raised, too, where an attached SBOM is asked for in vain. credentials: for a registry, instead of
    what `docker login` left.
    """
    if reference.prefix == "sbom":
        return _indexed(_kept(call, look.of_sbom(reference), reference))
    with images.open_image(reference, platform=platform, archive_ref=archive_ref, credentials=credentials) as opened:
        hung = look.hung(opened)
        digest = opened.image.digest
        found = call(keeping.known, digest, sbom_source, look.tools(sbom_source)) if digest else None
        if found is None:
            looked = look.look(opened, reference, sbom_source=sbom_source, kept=kept, on_progress=on_progress)
            found = _kept(call, looked, reference)
            if kept:
                kept.write()
        copied, index_digest = not opened.keeps_attestations, opened.image.index_digest
    is_tagged = reference.repository and reference.tag and not reference.digest and reference.path != _BY_ID
    is_led_anew = index_digest not in ("", found.image.index_digest)
    if is_tagged or is_led_anew or hung != Hung():
        tag = (reference.repository, reference.tag) if is_tagged else ()
        # Who may only ask is answered all the same, by what others brought.
        with contextlib.suppress(NotAllowed):
            call(keeping.renew, found.image_id, hung, *tag, copied=copied, index_digest=index_digest)
    return msgspec.structs.replace(_indexed(found), problems=hung.problems)


def _kept(call: Call, looked: Looked, reference: Reference) -> Any:
    try:
        return call(keeping.keep, looked)
    except NotAllowed as error:
        raise NotAllowed(
            f"the server does not know {reference.familiar} yet, and has nothing kept for a viewer",
            "have somebody record it, or ask an owner for the role recorder",
        ) from error


def _indexed(found: Any) -> Indexed:
    assert isinstance(found, Indexed)
    return found


def stages(
    call: Call,
    reference: Reference,
    *,
    platform: str = "",
    archive_ref: str = "",
    credentials: images.Credentials | None = None,
) -> dict[str, Indexed]:
    """Return what the builder attached of the stages that an image was built in, by their names; {} for nothing.

    Each is kept as an inventory of its own. Raise SourceError, NotFound.
    """
    with images.open_image(reference, platform=platform, archive_ref=archive_ref, credentials=credentials) as opened:
        found = look.stages(opened)
    return {name: _indexed(_kept(call, each, reference)) for name, each in found.items()}
