"""Writing to a registry: blobs and manifests, and the account of what refers to an image.

Rules: OCI distribution specification 1.1, "Pushing a blob monolithically" (POST, then PUT), "Pushing Manifests",
"Pushing Manifests with Subject" and "Referrers Tag Schema". What is pushed last leads to what was pushed before it: who
is interrupted leaves parts that nothing names.
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit

from envscout.errors import AccessDenied, DigestMismatch, NotFound, SourceError
from envscout.images import digest as digests
from envscout.images import referring
from envscout.images.credentials import Credentials
from envscout.images.manifest import OCI_INDEX, Descriptor
from envscout.images.registry import RegistryBlobs
from envscout.names.reference import Reference

ATTEMPTS = 4
MAX_TURNS = 12
"""How often an entry is written into a list that others write, too, before that is called too much."""

_BACK_OFF = 0.25
_BLOB = "application/octet-stream"
# Trying these again would end the same.
_FINAL = (AccessDenied, DigestMismatch)

T = TypeVar("T")


class Upload:
    """One repository of a registry that is written to. Close it."""

    def __init__(self, reference: Reference, credentials: Credentials | None = None) -> None:
        self.blobs = RegistryBlobs(reference, credentials)
        self._transport = self.blobs.transport
        self._base = self.blobs.base
        self._name = reference.repository

    def close(self) -> None:
        """Close the connections."""
        self.blobs.close()

    def blob(self, data: bytes) -> str:
        """Store a blob unless it is there already; return its digest. Raises SourceError, AccessDenied, NotFound."""
        digest = digests.of(data)

        def send() -> None:
            if not self._transport.has(f"{self._base}/blobs/{digest}", _BLOB):
                self._send(data, digest)

        _again(send)
        return digest

    def manifest(self, data: bytes, media_type: str, tag: str = "") -> bool:
        """Store a manifest under a tag, "" for its digest alone. Raises SourceError, AccessDenied, NotFound.

        Returns whether the registry took note of the manifest's subject.
        """
        digest = digests.of(data)
        place = f"{self._base}/manifests/{tag or digest}"
        answer = _again(lambda: self._transport.put(place, data, {"Content-Type": media_type}))
        self._agreed(digest, answer)
        return "OCI-Subject" in answer

    def refer(self, subject: str, entry: Descriptor) -> None:
        """Add an artifact to the list under the tag that stands in for the referrers of a manifest.

        The protocol has no way to write only where nobody else did meanwhile. So each turn ends with another look,
        after twice the time that the turn took: who had read the list before we wrote has written by then. Raises
        SourceError, LimitExceeded.
        """
        for _ in range(MAX_TURNS):
            began = time.monotonic()
            data = self._list(subject)
            if referring.lists(data, entry.digest, subject):
                return
            self.manifest(referring.added(data, entry, subject), OCI_INDEX, referring.tag(subject))
            time.sleep((time.monotonic() - began) * (2 + random.random()))  # noqa: S311
        if not referring.lists(self._list(subject), entry.digest, subject):
            raise SourceError(
                f"Others write over the list of what refers to {subject} in {self._name}.", "Try again in a while."
            )

    def _send(self, data: bytes, digest: str) -> None:
        begin = f"{self._base}/blobs/uploads/"
        parts = urlsplit(self._transport.location(begin, self._transport.post(begin)))
        query = f"{parts.query}&{urlencode({'digest': digest})}".lstrip("&")
        place = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
        self._agreed(digest, self._transport.put(place, data, {"Content-Type": _BLOB}))

    def _list(self, subject: str) -> bytes:
        try:
            return self.blobs.tagged(referring.tag(subject))
        except NotFound:
            return b""

    def _agreed(self, digest: str, headers: Mapping[str, str]) -> None:
        """Compare with what the registry says it stored. Raises DigestMismatch."""
        stated = headers.get("Docker-Content-Digest", "")
        if stated.startswith("sha256:") and stated != digest:
            raise DigestMismatch(
                f"{self._name} stored {digest} as {stated[:100]!r}.", "Do not trust this registry; ask who runs it."
            )


def _again(send: Callable[[], T]) -> T:
    """Return what `send` returns, trying again where a connection broke or the registry failed."""
    for attempt in range(ATTEMPTS):
        try:
            return send()
        except SourceError as error:
            if isinstance(error, _FINAL) or attempt == ATTEMPTS - 1:
                raise
            time.sleep(_BACK_OFF * 2**attempt)
    raise AssertionError("unreachable")
