"""OCI image layouts: index.json and blobs by digest, in a directory or in a tar file.

Rules: OCI image specification 1.1, image-layout.md.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from envscout.errors import NotFound, SourceError, UsageError
from envscout.images import digest as digests
from envscout.images import manifest as manifests
from envscout.images import referring
from envscout.images.manifest import Descriptor, Index
from envscout.images.oci import OciImage
from envscout.images.storage import DirectoryStorage, Storage, read_all
from envscout.names.reference import Reference

_FULL_NAME = "io.containerd.image.name"


class LayoutBlobs:
    """The blobs of a layout."""

    def __init__(self, storage: Storage, index: Index) -> None:
        self._storage = storage
        self._index = index
        self.side_by_side = storage.side_by_side

    def manifest(self, digest: str) -> bytes:
        """Return a manifest's bytes."""
        return read_all(self._storage, _place(digest), manifests.MAX_MANIFEST)

    def blob(self, digest: str) -> Iterator[bytes]:
        """Yield a blob's bytes."""
        return self._storage.pieces(_place(digest))

    def referrers(self, digest: str) -> list[Descriptor]:
        """Return what may refer to a manifest: artifacts that index.json lists, and those of the tag made for it."""
        found = [entry for entry in self._index.manifests if entry.artifact_type and not entry.ref_name]
        with suppress(NotFound):
            found += manifests.decode(self.tagged(referring.tag(digest)), Index, digest).manifests
        return found

    def tagged(self, name: str) -> bytes:
        """Return the bytes of the manifest that has a name, verified."""
        for entry in self._index.manifests:
            if entry.ref_name == name:
                return digests.verify(self.manifest(digests.checked(entry.digest)), entry.digest)
        raise NotFound(f"{self._storage.name} has no {name}.", "Copy it there.")

    def close(self) -> None:
        """Close the storage."""
        self._storage.close()


def open_oci_dir(reference: Reference, platform: str) -> OciImage:
    """Return an image of a layout directory. Raises SourceError, NotFound, UsageError."""
    path, tag = Path(reference.location), reference.tag
    if tag and not path.exists():
        path, tag = Path(f"{path}:{tag}"), ""
    if not path.is_dir():
        raise NotFound(
            f"There is no directory {reference.location}.", "Name a directory that holds index.json and blobs."
        )
    return open_layout(DirectoryStorage(path), tag, reference.digest, platform)


def open_layout(storage: Storage, tag: str, digest: str, platform: str) -> OciImage:
    """Return the image of a layout that a tag or digest names, or its only one."""
    if not storage.has("index.json"):
        raise SourceError(
            f"{storage.name} is no OCI layout: it has no index.json.", "Name the folder that holds index.json."
        )
    data = read_all(storage, "index.json", manifests.MAX_MANIFEST)
    index = manifests.decode(data, Index, f"index.json of {storage.name}")
    blobs = LayoutBlobs(storage, index)
    chosen = _chosen(storage.name, index, tag, digest)
    if chosen is None:
        return OciImage(blobs, data, Descriptor(manifests.OCI_INDEX), platform, storage.name)
    root = digests.verify(blobs.manifest(digests.checked(chosen.digest)), chosen.digest)
    beside = [entry for entry in index.manifests if entry.is_attestation]
    return OciImage(blobs, root, chosen, platform, storage.name, beside)


def root(reference: Reference) -> tuple[bytes, Descriptor]:
    """Return the manifest or index of a layout directory that a reference leads to, and its descriptor.

    Raises SourceError, NotFound; UsageError where it holds several images and none is named.
    """
    storage = DirectoryStorage(Path(reference.location))
    data = read_all(storage, "index.json", manifests.MAX_MANIFEST)
    index = manifests.decode(data, Index, f"index.json of {storage.name}")
    chosen = _chosen(storage.name, index, reference.tag, reference.digest)
    if chosen is None:
        raise UsageError(f"{storage.name} holds several images.", "Name one by its digest: oci-dir://PATH@sha256:...")
    data = digests.verify(read_all(storage, _place(chosen.digest), manifests.MAX_MANIFEST), chosen.digest)
    media_type = chosen.media_type or manifests.stated_type(data, chosen.digest)
    return data, Descriptor(media_type, chosen.digest, len(data))


def _chosen(name: str, index: Index, tag: str, digest: str) -> Descriptor | None:
    """Return the entry that is meant, None where the platform has to decide."""
    entries = [entry for entry in index.manifests if not entry.is_attestation]
    if digest:
        known = [entry for entry in entries if entry.digest == digest]
        return known[0] if known else Descriptor(digest=digest)
    if tag:
        entries = [entry for entry in entries if tag in _names(entry)]
        if not entries:
            raise NotFound(f"{name} has no image {tag!r}.", _listed(index))
    if not entries:
        raise NotFound(f"{name} lists no image.", "Copy an image into it first.")
    refs = {entry.ref_name for entry in entries}
    if not tag and len(refs) > 1:
        raise UsageError(f"{name} holds several images.", _listed(index))
    return entries[0] if len(entries) == 1 else None


def _names(entry: Descriptor) -> set[str]:
    return {entry.ref_name, (entry.annotations or {}).get(_FULL_NAME, "")} - {""}


def _listed(index: Index) -> str:
    names = sorted({entry.ref_name for entry in index.manifests if entry.ref_name})
    return f"Pick one, as oci-dir://PATH:TAG or with --ref: {', '.join(names[:20]) or 'none has a name'}."


def _place(digest: str) -> str:
    """Return where a digest lies; it is hexadecimal, so it cannot lead elsewhere."""
    algorithm, _, value = digests.checked(digest).partition(":")
    return f"blobs/{algorithm}/{value}"
