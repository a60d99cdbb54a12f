"""An image together with all that is attached to it: listed first, read one by one."""

from typing import Self

import msgspec

from envscout.errors import UsageError
from envscout.images.attestation_list import Hung, Listing
from envscout.images.attestations import MAX_DOCUMENT
from envscout.images.oci import OciImage
from envscout.images.opening import open_source
from envscout.model import Image
from envscout.names.reference import Reference, parse


class Attachments:
    """An image and all that is attached to it, open. Use as a context manager.

    repository: another repository of a registry that holds it (`attestation add --referrer-repository`), "" for the
    image's own. Raises SourceError, AccessDenied, NotFound; UsageError where the image's place has no attachments.
    """

    def __init__(self, reference: Reference, platform: str = "", archive_ref: str = "", repository: str = "") -> None:
        from envscout.images.registry import RegistryBlobs

        where = parse(repository) if repository else None
        # An engine keeps no attestations: what it pulled them with is the registry.
        prefix = "registry" if reference.prefix == "image" else reference.prefix
        source = open_source(msgspec.structs.replace(reference, prefix=prefix), platform, archive_ref)
        if not isinstance(source, OciImage):
            source.close()
            raise UsageError(
                f"{reference.prefix}:// keeps nothing that is attached to an image.", "Use registry:// or oci-dir://."
            )
        self._source = source
        self._elsewhere = RegistryBlobs(where) if where else None

    @property
    def image(self) -> Image:
        """Return the image."""
        return self._source.image

    def listing(self) -> Listing:
        """Return what is attached."""
        return self._source.hung(self._elsewhere)

    def read(self, one: Hung, limit: int = MAX_DOCUMENT) -> bytes:
        """Return a document of at most `limit` bytes, verified. Raises SourceError, NotFound."""
        return self._source.document(one.digest, one.size, limit, self._elsewhere)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self._source.close()
        if self._elsewhere:
            self._elsewhere.close()
