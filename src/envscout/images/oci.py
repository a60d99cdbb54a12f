"""An image whose manifests and layers are blobs named by digest, wherever those blobs lie."""

from collections.abc import Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from envscout.errors import LimitExceeded, NotFound, SourceError
from envscout.images import digest as digests
from envscout.images import manifest as manifests
from envscout.images import platform as platforms
from envscout.images.manifest import Config, Descriptor, Index, Manifest
from envscout.model import Image, Problem

if TYPE_CHECKING:
    from threading import Event

    from envscout.images.attestation_list import Listing
    from envscout.images.attestations import Attached
    from envscout.images.configuration import Configuration
    from envscout.images.layer import LayerContents
    from envscout.images.reading import Scan

# Indexes and manifests read on the way to one image; an index of indexes of indexes must come to an end.
MAX_FETCHES = 64


class Blobs(Protocol):
    """A place that gives bytes for a digest. It need not verify them. side_by_side: it gives several at once."""

    side_by_side: bool

    def manifest(self, digest: str) -> bytes:
        """Return a manifest, at most manifests.MAX_MANIFEST bytes. Raises SourceError, NotFound."""

    def blob(self, digest: str) -> Iterator[bytes]:
        """Yield a blob's stored bytes. Raises SourceError; NotFound where there is no such blob."""

    def referrers(self, digest: str) -> list[Descriptor]:
        """Return what refers to a manifest. Raises NotFound where nobody keeps account of that, SourceError."""

    def tagged(self, name: str) -> bytes:
        """Return the manifest of a tag, at most manifests.MAX_MANIFEST bytes. Raises SourceError, NotFound."""

    def close(self) -> None:
        """Let go of files and connections."""


class OciImage:
    """One image behind a root: an index or a manifest whose bytes are verified already.

    beside: attestation manifests that lie beside the root.
    """

    def __init__(
        self,
        blobs: Blobs,
        root: bytes,
        descriptor: Descriptor,
        platform: str,
        name: str,
        beside: Collection[Descriptor] = (),
    ) -> None:
        self._blobs = blobs
        self._name = name
        self._fetches = 0
        self._problems: list[Problem] = []
        self._attestations = list(beside)
        self.image = self._resolve(root, descriptor, platform)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what was noticed on the way to the image."""
        return tuple(self._problems)

    def attached(self, kinds: Collection[str], everywhere: bool) -> "Attached":
        """Return the documents of these kinds that hang on the image, or on the index that led to it."""
        from envscout.images.attestations import attached

        subjects = [digest for digest in (self.image.digest, self.image.index_digest) if digest]
        return attached(self._blobs, subjects, self._attestations, kinds, everywhere)

    def hung(self, elsewhere: "Blobs | None" = None) -> "Listing":
        """Return the list of all that hangs on the image and its index. elsewhere: another place that holds it."""
        from envscout.images.attestation_list import hung

        subjects = [digest for digest in (self.image.digest, self.image.index_digest) if digest]
        return hung(elsewhere or self._blobs, subjects, () if elsewhere else self._attestations)

    def document(self, digest: str, size: int, limit: int, elsewhere: "Blobs | None" = None) -> bytes:
        """Return an attached document, verified. Raises DigestMismatch, LimitExceeded, SourceError, NotFound."""
        checked = digests.checked(digest)
        blobs = elsewhere or self._blobs
        return manifests.joined(digests.verified(blobs.blob(checked), checked, size), limit, digest)

    def close(self) -> None:
        """Close the blobs."""
        self._blobs.close()

    def configuration(self) -> "Configuration":
        """Return the texts of the image's configuration, verified."""
        from envscout.images.configuration import parse

        digest = self.image.config_digest
        return parse(self._config_bytes(digest), digest)

    def proof(self, number: int) -> str:
        """Return the digest of a layer's stored bytes: the manifest names it, and `scan` compares it."""
        return self.image.layers[number].digest

    def scan(self, numbers: Collection[int], scan: "Scan", stop: "Event") -> "dict[int, LayerContents]":
        """Hand each layer's stored bytes, verified, to `scan`, the largest first."""
        from envscout.images.side_by_side import cores, run

        layers = self.image.layers
        sizes = {layers[number].digest: layers[number].size for number in numbers}
        order = sorted(sizes, key=lambda digest: -sizes[digest])
        found = run(
            [partial(self._scan, digest, sizes[digest], scan) for digest in order],
            stop,
            cores() if self._blobs.side_by_side else 1,
        )
        same = {digest: contents for digest, contents in zip(order, found, strict=True) if contents}
        return {number: same[layers[number].digest] for number in numbers if layers[number].digest in same}

    def _scan(self, digest: str, size: int, scan: "Scan") -> "LayerContents | None":
        try:
            return scan(digests.verified(self._blobs.blob(digest), digest, size), where=digest)
        except NotFound:
            return None

    def _resolve(self, root: bytes, descriptor: Descriptor, platform: str) -> Image:
        parsed = manifests.parse(root, descriptor.media_type, self._name)
        if isinstance(parsed, Manifest):
            config = self._config(parsed)
            self._check_platform(platform, config)
            return manifests.image_of(descriptor.digest, "", parsed, config)
        chosen = self._choose(self._expand(parsed, 1), platform)
        manifest = manifests.parse(self._load(chosen), chosen.media_type, chosen.digest)
        if isinstance(manifest, Index):
            raise SourceError(f"{chosen.digest} says it is a manifest but is an index.", "Push the image again.")
        config = self._config(manifest)
        return manifests.image_of(chosen.digest, descriptor.digest, manifest, config, chosen.platform_name)

    def _expand(self, index: Index, depth: int) -> list[Descriptor]:
        """Return the image manifests of an index and of the indexes in it."""
        if depth > manifests.MAX_DEPTH:
            raise LimitExceeded(
                f"{self._name} nests indexes deeper than {manifests.MAX_DEPTH}.", "Push the image itself."
            )
        found: list[Descriptor] = []
        for entry in index.manifests:
            if entry.is_attestation:
                self._attestations.append(entry)
            elif entry.media_type in manifests.INDEXES:
                inner = manifests.parse(self._load(entry), entry.media_type, entry.digest)
                found += self._expand(inner, depth + 1) if isinstance(inner, Index) else [entry]
            elif entry.media_type in manifests.MANIFESTS or not entry.media_type:
                found.append(entry)
        return found

    def _choose(self, candidates: list[Descriptor], platform: str) -> Descriptor:
        if not candidates:
            raise NotFound(f"{self._name} lists no image.", "Name an image that was pushed with one.")
        if len(candidates) > 1 or platform:
            candidates = [self._with_platform(candidate) for candidate in candidates]
        if platform:
            chosen = manifests.choose(candidates, platform)
            if not chosen:
                raise NotFound(f"{self._name} has no image for {platform}.", f"It has: {_listed(candidates)}.")
            return chosen
        return manifests.choose(candidates, platforms.local()) or self._fallback(candidates)

    def _fallback(self, candidates: list[Descriptor]) -> Descriptor:
        linux = [candidate for candidate in candidates if candidate.platform_name.startswith("linux/")]
        chosen = (linux or candidates)[0]
        if len(candidates) > 1:
            message = f"There is no image for {platforms.local()}; {chosen.platform_name or 'the first one'} was taken."
            self._problems.append(Problem("platform-fallback", message, self._name))
        return chosen

    def _with_platform(self, candidate: Descriptor) -> Descriptor:
        """Return a candidate with the platform its configuration gives, where the index gives none."""
        if candidate.platform_name:
            return candidate
        manifest = manifests.parse(self._load(candidate), candidate.media_type, candidate.digest)
        if isinstance(manifest, Index):
            return candidate
        config = self._config(manifest)
        given = manifests.Platform(config.os, config.architecture, config.variant)
        return msgspec.structs.replace(candidate, platform=given)

    def _check_platform(self, platform: str, config: Config) -> None:
        if platform and config.platform_name and not platforms.matches(platform, config.platform_name):
            raise NotFound(f"{self._name} has no image for {platform}.", f"It has only {config.platform_name}.")

    def _load(self, descriptor: Descriptor) -> bytes:
        self._fetches += 1
        if self._fetches > MAX_FETCHES:
            raise LimitExceeded(
                f"{self._name} leads through more than {MAX_FETCHES} manifests.", "Name a platform's digest."
            )
        digest = digests.checked(descriptor.digest)
        return digests.verify(self._blobs.manifest(digest), digest)

    def _config(self, manifest: Manifest) -> Config:
        digest = digests.checked(manifest.config.digest)
        return manifests.parse_config(self._config_bytes(digest), digest)

    def _config_bytes(self, digest: str) -> bytes:
        data = manifests.joined(self._blobs.blob(digest), manifests.MAX_MANIFEST, digest)
        return digests.verify(data, digest)


def _listed(candidates: list[Descriptor]) -> str:
    return ", ".join(sorted({candidate.platform_name or "unknown" for candidate in candidates}))
