"""Artifacts: documents of any kind in a registry or an OCI layout, alone or hung on an image.

An artifact is an image manifest with an artifact type, an empty configuration and its documents as layers; `subject`
names what it hangs on. Rules: OCI image specification 1.1, manifest.md, "Guidelines for Artifact Usage".
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import IO, Any

import msgspec

from envscout.errors import LimitExceeded, SourceError, UsageError
from envscout.images import digest as digests
from envscout.images import manifest as manifests
from envscout.images import referring
from envscout.images.attestations import MAX_DOCUMENT
from envscout.images.credentials import Credentials
from envscout.images.manifest import MAX_MANIFEST, OCI_MANIFEST, Descriptor
from envscout.names.reference import Reference

EMPTY = "application/vnd.oci.empty.v1+json"
_NOTHING = b"{}"


class Part(msgspec.Struct, frozen=True):
    """One document of an artifact. annotations: what its descriptor says of it."""

    media_type: str
    data: bytes
    annotations: Mapping[str, str] = {}


class Artifact(msgspec.Struct, frozen=True):
    """An artifact as it was read, each byte verified; digest: of its manifest."""

    digest: str
    parts: tuple[Part, ...]
    annotations: Mapping[str, str] = {}


class Limits(msgspec.Struct, frozen=True):
    """How much of an artifact is read. size: bytes of all documents."""

    parts: int = 64
    size: int = MAX_DOCUMENT


class _Manifest(msgspec.Struct, frozen=True, rename="camel"):
    layers: tuple[Descriptor, ...] = ()
    config: Descriptor = Descriptor()
    artifact_type: str = ""
    annotations: dict[str, str] | None = None

    @property
    def kind(self) -> str:
        """Return the artifact's type; before OCI 1.1, its configuration's media type said it."""
        return self.artifact_type or self.config.media_type


class _Index(msgspec.Struct, frozen=True):
    manifests: tuple[Descriptor, ...] = ()


def push_artifact(
    reference: Reference,
    artifact_type: str,
    parts: Sequence[Part],
    *,
    subject: Descriptor | None = None,
    annotations: Mapping[str, str] | None = None,
    credentials: Credentials | None = None,
) -> str:
    """Store an artifact and return its manifest's digest. Storing the same again changes nothing.

    reference: `registry://`, `image://` (always a registry) or `oci-dir://`; its tag, if typed, leads to the artifact,
    else only its digest, or its subject, does. subject: the manifest or index that it hangs on, in the same repository;
    `described` gives it. Raises SourceError, AccessDenied, NotFound, UsageError.
    """
    data = _manifest(artifact_type, parts, subject, annotations or {})
    entry = Descriptor(OCI_MANIFEST, digests.of(data), len(data), None, dict(annotations or {}), artifact_type)
    blobs = [_NOTHING, *(part.data for part in parts)]
    if reference.prefix == "oci-dir":
        from envscout.images.layout_writing import store

        store(reference, blobs, data, entry)
    elif reference.prefix in ("image", "registry"):
        _push(reference, blobs, data, entry, subject, credentials)
    else:
        raise _unwritable(reference)
    return entry.digest


def pull_artifact(
    reference: Reference,
    artifact_type: str,
    limits: Limits = Limits(),  # noqa: B008
    *,
    credentials: Credentials | None = None,
) -> Artifact:
    """Return the artifact a reference leads to. Raises SourceError, DigestMismatch, AccessDenied, NotFound.

    artifact_type: what it has to be, "" for any.
    """
    if reference.prefix not in ("image", "registry"):
        raise _unwritable(reference)
    from envscout.images.registry import RegistryBlobs

    with closing(RegistryBlobs(reference, credentials)) as blobs:
        data, descriptor = blobs.root(reference)
        manifest = manifests.decode(data, _Manifest, reference.canonical)
        if artifact_type and manifest.kind != artifact_type:
            raise SourceError(
                f"{reference.canonical} is no {artifact_type} but {manifest.kind[:100] or 'something else'!r}.",
                "Check the name and tag.",
            )
        return Artifact(descriptor.digest, tuple(_read(blobs, manifest, limits)), manifest.annotations or {})


def pull_file(
    reference: Reference, artifact_type: str, into: IO[bytes], limit: int, *, credentials: Credentials | None = None
) -> str:
    """Write the one document of an artifact into a file as it comes, verified; return its manifest's digest.

    limit: bytes. Raises as `pull_artifact`, and LimitExceeded.
    """
    if reference.prefix not in ("image", "registry"):
        raise _unwritable(reference)
    from envscout.images.registry import RegistryBlobs

    with closing(RegistryBlobs(reference, credentials)) as blobs:
        data, descriptor = blobs.root(reference)
        manifest = manifests.decode(data, _Manifest, reference.canonical)
        if manifest.kind != artifact_type or len(manifest.layers) != 1:
            raise SourceError(f"{reference.canonical} is no {artifact_type}.", "Check the name and tag.")
        layer = manifest.layers[0]
        if not 0 <= layer.size <= limit:
            raise LimitExceeded(f"{reference.canonical} has more than {limit:,} bytes.", "Push a smaller one.")
        for chunk in digests.verified(blobs.blob(digests.checked(layer.digest)), layer.digest, layer.size):
            into.write(chunk)
        return descriptor.digest


def described(reference: Reference, credentials: Credentials | None = None) -> Descriptor:
    """Return the manifest or index that a reference leads to, as the subject of artifacts. Raises as `push_artifact`.

    An index is given itself, whatever platforms are in it.
    """
    if reference.prefix == "oci-dir":
        from envscout.images import layout

        return layout.root(reference)[1]
    if reference.prefix not in ("image", "registry"):
        raise _unwritable(reference)
    from envscout.images.registry import RegistryBlobs

    with closing(RegistryBlobs(reference, credentials)) as blobs:
        data, descriptor = blobs.root(reference)
        stated = manifests.stated_type(data, reference.canonical)
        return msgspec.structs.replace(descriptor, media_type=stated)


def members(reference: Reference, credentials: Credentials | None = None) -> tuple[str, ...]:
    """Return the digests that an index lists, () for a manifest. Raises as `push_artifact`."""
    from envscout.images.registry import RegistryBlobs

    if reference.prefix == "oci-dir":
        from envscout.images import layout

        data = layout.root(reference)[0]
    else:
        with closing(RegistryBlobs(reference, credentials)) as blobs:
            data = blobs.root(reference)[0]
    found = manifests.decode(data, _Index, reference.canonical).manifests
    return tuple(entry.digest for entry in found[: manifests.MAX_MANIFESTS])


def _push(
    reference: Reference,
    blobs: Sequence[bytes],
    data: bytes,
    entry: Descriptor,
    subject: Descriptor | None,
    credentials: Credentials | None,
) -> None:
    from envscout.images.upload import Upload

    with closing(Upload(reference, credentials)) as upload:
        for blob in dict.fromkeys(blobs):
            upload.blob(blob)
        noted = upload.manifest(data, OCI_MANIFEST, reference.tag if reference.tag_typed else "")
        if subject and not noted:
            upload.refer(subject.digest, entry)


def _manifest(
    artifact_type: str, parts: Sequence[Part], subject: Descriptor | None, annotations: Mapping[str, str]
) -> bytes:
    nothing = Descriptor(EMPTY, digests.of(_NOTHING), len(_NOTHING))
    layers = [
        Descriptor(part.media_type, digests.of(part.data), len(part.data), None, dict(part.annotations))
        for part in parts
    ] or [nothing]
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": referring.written(nothing),
        "layers": [referring.written(layer) for layer in layers],
    }
    if subject:
        bare = Descriptor(subject.media_type, digests.checked(subject.digest), subject.size)
        document["subject"] = referring.written(bare)
    if annotations:
        document["annotations"] = dict(annotations)
    data = msgspec.json.encode(document)
    if len(data) > MAX_MANIFEST:
        raise LimitExceeded(f"The artifact's manifest would have {len(data):,} bytes.", "Give it fewer parts.")
    return data


def _read(blobs: Any, manifest: _Manifest, limits: Limits) -> Iterator[Part]:
    if len(manifest.layers) > limits.parts:
        raise LimitExceeded(f"The artifact has more than {limits.parts} parts.", "Push a smaller one.")
    left = limits.size
    for layer in manifest.layers:
        digest = digests.checked(layer.digest)
        data = manifests.joined(digests.verified(blobs.blob(digest), digest, layer.size), left, digest)
        left -= len(data)
        if layer.media_type != EMPTY:
            yield Part(layer.media_type, data, layer.annotations or {})


def _unwritable(reference: Reference) -> UsageError:
    return UsageError(
        f"{reference.prefix}:// holds no artifacts.", "Name a repository of a registry: registry://HOST/REPOSITORY."
    )
