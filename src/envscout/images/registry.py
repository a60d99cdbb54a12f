"""Images in a registry: manifests and blobs over HTTP."""

import re
from collections.abc import Iterator

from envscout.errors import DigestMismatch, LimitExceeded, SourceError
from envscout.images import digest as digests
from envscout.images import manifest as manifests
from envscout.images.credentials import Credentials
from envscout.images.manifest import ACCEPTED, MAX_MANIFEST, OCI_INDEX, Descriptor, Index
from envscout.images.oci import OciImage
from envscout.images.transport import Transport, led
from envscout.names.reference import DEFAULT_HOST, Reference

# Docker's own registry answers to another name than its images carry.
_ENDPOINTS = {DEFAULT_HOST: "registry-1.docker.io"}
_ACCEPT = ", ".join(ACCEPTED)
MAX_PAGES = 20
MAX_REFERRERS = 20_000
"""Of one manifest; most are signatures."""
NEXT = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?', re.ASCII | re.IGNORECASE)


def endpoint(host: str) -> str:
    """Return the host that answers for the images of a registry."""
    return _ENDPOINTS.get(host, host)


class RegistryBlobs:
    """The blobs of one repository."""

    side_by_side = True

    def __init__(self, reference: Reference, credentials: Credentials | None = None) -> None:
        self.transport = Transport(endpoint(reference.host), credentials, login=reference.host)
        self.base = f"{self.transport.base}/v2/{reference.path}"

    def root(self, reference: Reference) -> tuple[bytes, Descriptor]:
        """Return the bytes a reference leads to and their descriptor. Raises DigestMismatch, SourceError, NotFound."""
        name = reference.digest or reference.tag
        data, headers = self.transport.get(f"{self.base}/manifests/{name}", MAX_MANIFEST, _ACCEPT)
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
        return self.transport.get(f"{self.base}/manifests/{digest}", MAX_MANIFEST, _ACCEPT)[0]

    def blob(self, digest: str) -> Iterator[bytes]:
        """Yield a blob's bytes."""
        return self.transport.stream(f"{self.base}/blobs/{digest}")

    def referrers(self, digest: str) -> list[Descriptor]:
        """Return what refers to a manifest, from all pages. Raises NotFound where the registry does not tell."""
        found: list[Descriptor] = []
        url = f"{self.base}/referrers/{digest}"
        for _ in range(MAX_PAGES):
            data, headers = self.transport.get(url, MAX_MANIFEST, OCI_INDEX)
            found += manifests.decode(data, Index, f"the list of what refers to {digest}").manifests
            if len(found) > MAX_REFERRERS:
                raise LimitExceeded(f"More than {MAX_REFERRERS:,} artifacts refer to {digest}.", "Delete some.")
            following = NEXT.search(headers.get("Link", ""))
            if not following:
                return found
            url = led(url, following[1])
            if not url.startswith(f"{self.transport.base}/"):
                raise SourceError(
                    f"The list of what refers to {digest} goes on at another host.", "Ask who runs the registry."
                )
        raise LimitExceeded(f"The list of what refers to {digest} has more than {MAX_PAGES} pages.", "Delete some.")

    def tagged(self, name: str) -> bytes:
        """Return the manifest of a tag."""
        return self.transport.get(f"{self.base}/manifests/{name}", MAX_MANIFEST, _ACCEPT)[0]

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()


def open_registry(reference: Reference, platform: str, credentials: Credentials | None = None) -> OciImage:
    """Return an image of a registry. Raises SourceError, AccessDenied, NotFound."""
    blobs = RegistryBlobs(reference, credentials)
    try:
        data, descriptor = blobs.root(reference)
        return OciImage(blobs, data, descriptor, platform, reference.canonical)
    except BaseException:
        blobs.close()
        raise
