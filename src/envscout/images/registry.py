"""Images in a registry: manifests and blobs over HTTP."""

from collections.abc import Iterator

from envscout.errors import DigestMismatch
from envscout.images import digest as digests
from envscout.images.credentials import Credentials
from envscout.images.manifest import ACCEPTED, MAX_MANIFEST, Descriptor
from envscout.images.oci import OciImage
from envscout.images.transport import Transport
from envscout.names.reference import DEFAULT_HOST, Reference

# Docker's own registry answers to another name than its images carry.
_ENDPOINTS = {DEFAULT_HOST: "registry-1.docker.io"}
_ACCEPT = ", ".join(ACCEPTED)


class RegistryBlobs:
    """The blobs of one repository."""

    side_by_side = True

    def __init__(self, reference: Reference, credentials: Credentials | None = None) -> None:
        host = _ENDPOINTS.get(reference.host, reference.host)
        self._transport = Transport(host, credentials, login=reference.host)
        self._base = f"{self._transport.base}/v2/{reference.path}"

    def root(self, reference: Reference) -> tuple[bytes, Descriptor]:
        """Return the bytes a reference leads to and their descriptor. Raises DigestMismatch, SourceError, NotFound."""
        name = reference.digest or reference.tag
        data, headers = self._transport.get(f"{self._base}/manifests/{name}", MAX_MANIFEST, _ACCEPT)
        stated = headers.get("Docker-Content-Digest", "")
        digest = digests.of(data, reference.digest or "sha256:")
        if reference.digest and digest != reference.digest:
            raise DigestMismatch(
                f"{reference.canonical} leads to {digest}.", "Do not trust this registry; ask who runs it."
            )
        if stated.startswith("sha256:") and stated != digests.of(data):
            raise DigestMismatch(f"{reference.canonical} is {digest}, not {stated} as the registry says.", "Try again.")
        return data, Descriptor(headers.get("Content-Type", "").partition(";")[0].strip(), digest, len(data))

    def manifest(self, digest: str) -> bytes:
        """Return a manifest's bytes."""
        return self._transport.get(f"{self._base}/manifests/{digest}", MAX_MANIFEST, _ACCEPT)[0]

    def blob(self, digest: str) -> Iterator[bytes]:
        """Yield a blob's bytes."""
        return self._transport.stream(f"{self._base}/blobs/{digest}")

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


def open_registry(reference: Reference, platform: str, credentials: Credentials | None = None) -> OciImage:
    """Return an image of a registry. Raises SourceError, AccessDenied, NotFound."""
    blobs = RegistryBlobs(reference, credentials)
    try:
        data, descriptor = blobs.root(reference)
        return OciImage(blobs, data, descriptor, platform, reference.canonical)
    except BaseException:
        blobs.close()
        raise
