"""Archives as `docker save` writes them: manifest.json, configurations and layers in a tar file.

Rules: Docker image specification 1.2, "Combined Image JSON + Filesystem Changeset Format"
(https://github.com/moby/docker-image-spec/blob/main/spec.md). An archive without manifest.json may be an OCI layout.
"""

from collections.abc import Collection
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from envscout.errors import DigestMismatch, InvalidReference, NotFound, SourceError, UsageError
from envscout.images import digest as digests
from envscout.images import manifest as manifests
from envscout.images import platform as platforms
from envscout.images.layout import open_layout
from envscout.images.oci import OciImage
from envscout.images.paths import PathEscapeError, normalised
from envscout.images.storage import Storage, read_all
from envscout.images.tar_storage import TarStorage
from envscout.model import Image, Layer, Problem
from envscout.names.reference import Reference, parse, valid_digest

if TYPE_CHECKING:
    from threading import Event

    from envscout.images.configuration import Configuration
    from envscout.images.layer import LayerContents
    from envscout.images.reading import Scan

MEDIA_TYPE = "application/vnd.docker.image.rootfs.diff.tar"
MAX_IMAGES = 1_000

_SAVE_AGAIN = "Write it again with `docker save -o FILE IMAGE`."
_SHORTEST_ID = 12


class Saved(msgspec.Struct, frozen=True):
    """One image of manifest.json."""

    config: str = msgspec.field(name="Config")
    layers: tuple[str, ...] = msgspec.field(name="Layers")
    tags: tuple[str, ...] | None = msgspec.field(name="RepoTags", default=None)

    @property
    def id(self) -> str:
        """Return the hexadecimal digest that the configuration's name is, or "" where it is none."""
        stem = PurePosixPath(self.config).name.removesuffix(".json")
        return stem if valid_digest(f"sha256:{stem}") else ""


class SavedImage:
    """One image of a `docker save` archive. Its configuration names the digests of the plain layers."""

    problems: tuple[Problem, ...] = ()

    def __init__(self, storage: Storage, saved: Saved, platform: str) -> None:
        self._storage = storage
        self._names = [_safe(name) for name in saved.layers]
        self._config_name = _safe(saved.config)
        data = read_all(storage, self._config_name, manifests.MAX_MANIFEST)
        config_digest = digests.of(data)
        if saved.id:
            digests.verify(data, f"sha256:{saved.id}")
        config = manifests.parse_config(data, saved.config)
        if len(config.diff_ids) != len(self._names) or len(self._names) > manifests.MAX_LAYERS:
            raise SourceError(
                f"{storage.name} lists {len(self._names)} layers, its configuration {len(config.diff_ids)}.",
                _SAVE_AGAIN,
            )
        if platform and config.platform_name and not platforms.matches(platform, config.platform_name):
            raise NotFound(f"{storage.name} has no image for {platform}.", f"It has only {config.platform_name}.")
        layers = tuple(
            Layer(_stored_digest(name, diff_id), diff_id, MEDIA_TYPE, self._size(name), command)
            for name, diff_id, command in zip(self._names, config.diff_ids, config.created_by(), strict=True)
        )
        self.image: Image = manifests.described(config_digest, config, layers, config_digest=config_digest)

    def configuration(self) -> "Configuration":
        """Return the texts of the image's configuration."""
        from envscout.images.configuration import parse

        return parse(read_all(self._storage, self._config_name, manifests.MAX_MANIFEST), self._config_name)

    def proof(self, number: int) -> str:
        """Return the digest of a layer's plain bytes: the configuration names it, and `scan` compares it."""
        return self.image.layers[number].diff_id

    def scan(self, numbers: Collection[int], scan: "Scan", stop: "Event") -> "dict[int, LayerContents]":
        """Hand each layer's stored bytes to `scan`, in the order they lie. Raises DigestMismatch."""
        from envscout.images.side_by_side import cores, run

        layers = self.image.layers
        present = [number for number in numbers if self._storage.has(self._names[number])]
        names = {layers[number].diff_id: self._names[number] for number in present}
        order = sorted(names, key=lambda diff_id: self._storage.place(names[diff_id]))
        found = run(
            [partial(self._scan, diff_id, names[diff_id], scan) for diff_id in order],
            stop,
            cores() if self._storage.side_by_side else 1,
        )
        same = dict(zip(order, found, strict=True))
        return {number: same[layers[number].diff_id] for number in present}

    def _scan(self, diff_id: str, name: str, scan: "Scan") -> "LayerContents":
        contents = scan(self._storage.pieces(name), where=digests.checked(diff_id), with_diff_id=True)
        if contents.diff_id not in ("", diff_id):
            raise DigestMismatch(f"{name} is {contents.diff_id}, not {diff_id}.", _SAVE_AGAIN)
        return contents

    def close(self) -> None:
        """Close the archive."""
        self._storage.close()

    def _size(self, name: str) -> int:
        return self._storage.size(name) if self._storage.has(name) else 0


def open_archive(reference: Reference, platform: str, archive_ref: str) -> SavedImage | OciImage:
    """Return the image of an archive that `archive_ref` names, or its only one.

    archive_ref: a tag as `docker save` wrote it, or at least 12 digits of an image's id. Raises SourceError, NotFound,
    UsageError.
    """
    storage = TarStorage(Path(reference.location))
    try:
        if not storage.has("manifest.json"):
            return open_layout(storage, archive_ref, "", platform)
        data = read_all(storage, "manifest.json", manifests.MAX_MANIFEST)
        images = manifests.decode(data, tuple[Saved, ...], f"manifest.json of {storage.name}")
        return SavedImage(storage, _chosen(storage.name, images, archive_ref), platform)
    except BaseException:
        storage.close()
        raise


def _chosen(name: str, images: tuple[Saved, ...], archive_ref: str) -> Saved:
    if not images or len(images) > MAX_IMAGES:
        raise SourceError(f"{name} lists {len(images)} images.", _SAVE_AGAIN)
    if not archive_ref:
        if len(images) > 1:
            raise UsageError(f"{name} holds several images.", _listed(images))
        return images[0]
    for image in images:
        if _is_meant(image, archive_ref):
            return image
    raise NotFound(f"{name} has no image {archive_ref!r}.", _listed(images))


def _is_meant(image: Saved, archive_ref: str) -> bool:
    short = archive_ref.removeprefix("sha256:")
    if len(short) >= _SHORTEST_ID and image.id.startswith(short):
        return True
    return archive_ref in (image.tags or ()) or _canonical(archive_ref) in {_canonical(tag) for tag in image.tags or ()}


def _canonical(tag: str) -> str:
    try:
        return parse(tag).canonical
    except InvalidReference:
        return tag


def _listed(images: tuple[Saved, ...]) -> str:
    names = [(image.tags or (image.id[:_SHORTEST_ID],))[0] for image in images]
    return f"Pick one with --ref: {', '.join(names[:20])}."


def _safe(name: str) -> str:
    try:
        return normalised(name)
    except PathEscapeError:
        raise SourceError(f"{name[:200]!r} leads out of the archive.", _SAVE_AGAIN) from None


def _stored_digest(name: str, diff_id: str) -> str:
    """Return the digest a layer's name states (`blobs/sha256/...`), else that of the plain layer."""
    algorithm, _, value = name.removeprefix("blobs/").partition("/")
    return f"{algorithm}:{value}" if valid_digest(f"{algorithm}:{value}") else diff_id
