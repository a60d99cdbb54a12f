"""The tags of a repository, as its registry lists them.

OCI distribution specification 1.1, "Content Discovery": `GET /v2/<name>/tags/list`, followed by its `Link` headers.
"""

from typing import TYPE_CHECKING

import msgspec

from envscout.errors import LimitExceeded
from envscout.images.credentials import Credentials
from envscout.images.manifest import decode
from envscout.names.reference import Reference, valid_tag

if TYPE_CHECKING:
    from envscout.images.registry import RegistryBlobs

PAGE = 1_000
MAX_TAGS = 20_000


class Tags(msgspec.Struct, frozen=True):
    """names: in the registry's order. is_cut: there are more."""

    names: tuple[str, ...]
    is_cut: bool


class _Page(msgspec.Struct, frozen=True):
    tags: tuple[str, ...] | None = None


def tags(reference: Reference, credentials: Credentials | None = None) -> Tags:
    """Return the tags of a reference's repository. Raises SourceError, AccessDenied, NotFound."""
    from envscout.images.registry import RegistryBlobs

    blobs = RegistryBlobs(reference, credentials)
    try:
        return _all(blobs, reference)
    finally:
        blobs.close()


def _all(blobs: "RegistryBlobs", reference: Reference) -> Tags:
    found: dict[str, None] = {}
    try:
        for data in blobs.tags(PAGE):
            page = decode(data, _Page, f"the list of tags of {reference.repository}")
            found |= dict.fromkeys(name for name in page.tags or () if valid_tag(name))
            if len(found) > MAX_TAGS:
                break
        else:
            return Tags(tuple(found), is_cut=False)
    except LimitExceeded:
        if not found:
            raise
    return Tags(tuple(found)[:MAX_TAGS], is_cut=True)
