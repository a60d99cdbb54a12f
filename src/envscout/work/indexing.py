"""Looking into the images that the server was asked to look into, one at a time, and each of them once."""

import logging

from envscout import images
from envscout.errors import EnvscoutError, NotFound, StoreError
from envscout.model import Image
from envscout.names.reference import Reference, parse
from envscout.network.addresses import allowed
from envscout.network.guarded import Guard
from envscout.operations import indexing
from envscout.store import Database
from envscout.store.requests import Claim
from envscout.verbs import queue
from envscout.verbs.look import Layers
from envscout.work.task import Work

_log = logging.getLogger(__name__)
_LOCKS = 64
_lost: set[Claim] = set()
"""What this process had begun when the store failed: it is given back as soon as the store answers."""


def index(work: Work) -> bool:
    """Look into the next image; return whether there was one."""
    for lost in tuple(_lost):
        queue.give_back(work.database, lost)
        _lost.discard(lost)
    claim = queue.take(work.database, work.worker)
    if claim is None:
        return False
    try:
        _do(work, claim)
    except StoreError:
        _lost.add(claim)
        raise
    return True


def _do(work: Work, claim: Claim) -> None:
    """Look into an image and note what became of that. Raise StoreError."""
    try:
        digest = _look(work, claim)
    except StoreError:
        raise
    except EnvscoutError as error:
        queue.failed(work.database, claim, error)
    except Exception as error:
        # One image that shows a mistake of ours must not hold up all others.
        _log.exception("index failed", extra={"reference": claim.reference})
        queue.failed(work.database, claim, EnvscoutError(f"a mistake of envscout: {error!r}"))
    else:
        queue.done(work.database, claim, digest)


def _look(work: Work, claim: Claim) -> str:
    """Index an image for whoever asked; return its digest."""
    reference = _of_a_registry(parse(claim.reference))
    # Who asks a server must not have it look into what only the server can reach.
    with images.guarded(Guard(allowed(work.settings.text("allow_private_addresses")))):
        return _read(work, claim, reference)


def _read(work: Work, claim: Claim, reference: Reference) -> str:
    found, platform = _found(reference, claim.platform)
    bound = int(work.settings.get("layer_cache_mb")) << 20
    with Database(work.database.place, claim.tenant) as database, database.alone(_lock(found.digest)):
        # Whoever waited finds what the other one stored.
        kept = Layers(database, bound) if bound else None
        return indexing.index(indexing.within(database), reference, platform=platform, kept=kept).image.digest


def _found(reference: Reference, platform: str) -> tuple[Image, str]:
    """Return an image, and the platform that it has to be asked for by, "" where its digest leaves no choice.

    A node runs what it is told to: the configuration of that may say another platform than that of the node.
    """
    try:
        return images.resolve(reference, platform=platform), platform
    except NotFound:
        if not (reference.digest and platform):
            raise
        found = images.resolve(reference)
        if found.digest != reference.digest:
            raise
        return found, ""


def _of_a_registry(reference: Reference) -> Reference:
    """Return the image as the registry has it, whatever engine is on this machine."""
    from msgspec.structs import replace

    return replace(reference, prefix="registry")


def _lock(digest: str) -> str:
    """Return the name of a lock that all who index this digest share, and few others."""
    return f"index-{int(digest[-8:], 16) % _LOCKS}"
