"""Manifests, indexes and configurations: JSON read into precise types, and choosing among several. Pure.

Rules: OCI image specification 1.1 (image-index.md, manifest.md, config.md); Docker's "Image Manifest Version 2, Schema
2". Sizes, counts and nesting are bounded before anything is believed.
"""

import re
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from envscout.errors import LimitExceeded, SourceError
from envscout.images import base
from envscout.images import platform as platforms
from envscout.model import BaseImage, Image, Layer

MAX_MANIFEST = 4 << 20
MAX_MANIFESTS = 1_000
MAX_LAYERS = 1_000
MAX_DEPTH = 5
MAX_LAYER = 64 << 30

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
ACCEPTED = (OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST)

REF_NAME = "org.opencontainers.image.ref.name"
_ATTESTATION = "vnd.docker.reference.type"
_CONFIGS = frozenset({
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.oci.empty.v1+json",
    "",
})  # fmt: skip
# Tags under which registries without the referrers API keep what speaks of a manifest.
_BESIDE = re.compile(r"sha256-[0-9a-f]{64}(\.\w+)?", re.ASCII)
_REBUILD = "Push the image again, or take another tag."

T = TypeVar("T")


class Platform(msgspec.Struct, frozen=True):
    """The platform an index gives for one of its manifests."""

    os: str = ""
    architecture: str = ""
    variant: str | None = None


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A pointer to a blob: what it is, how large, and its digest."""

    media_type: str = ""
    digest: str = ""
    size: int = -1
    platform: Platform | None = None
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None

    @property
    def ref_name(self) -> str:
        """Return the tag an OCI layout gives this, "" if none."""
        return (self.annotations or {}).get(REF_NAME, "")

    @property
    def platform_name(self) -> str:
        """Return `linux/amd64`, "" where the index does not say."""
        given = self.platform
        return platforms.named(given.os, given.architecture, given.variant or "") if given else ""

    @property
    def is_attestation(self) -> bool:
        """Return whether this is a statement about an image instead of an image."""
        return (
            _ATTESTATION in (self.annotations or {})
            or self.platform_name == "unknown/unknown"
            or (self.artifact_type or "") not in _CONFIGS
            or _BESIDE.fullmatch(self.ref_name) is not None
        )


class Index(msgspec.Struct, frozen=True, rename="camel"):
    """An OCI index or a Docker manifest list."""

    manifests: tuple[Descriptor, ...]
    media_type: str = ""


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """An OCI or Docker schema 2 image manifest."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = ""
    annotations: dict[str, str] | None = None


class _Runtime(msgspec.Struct, frozen=True):
    user: str = msgspec.field(name="User", default="")
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)


class _History(msgspec.Struct, frozen=True):
    created: str | None = None
    created_by: str = ""
    comment: str = ""
    empty_layer: bool = False


class _RootFs(msgspec.Struct, frozen=True):
    diff_ids: tuple[str, ...] | None = ()


class Config(msgspec.Struct, frozen=True):
    """What an image's configuration says beside its layers."""

    os: str = ""
    architecture: str = ""
    variant: str | None = None
    created: str | None = None
    config: _Runtime | None = None
    rootfs: _RootFs | None = None
    history: tuple[_History, ...] | None = None

    @property
    def platform_name(self) -> str:
        """Return `linux/amd64`, "" where the configuration does not say."""
        return platforms.named(self.os, self.architecture, self.variant or "")

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Return the digests of the plain layers, lowest first."""
        return (self.rootfs.diff_ids or ()) if self.rootfs else ()

    def created_by(self) -> tuple[str, ...]:
        """Return the command of each layer; all "" where history and layers do not agree."""
        commands = tuple(step.created_by for step in self.history or () if not step.empty_layer)
        return commands if len(commands) == len(self.diff_ids) else ("",) * len(self.diff_ids)

    def bases(self, annotations: dict[str, str] | None = None) -> tuple[BaseImage, ...]:
        """Return what is said of the image that this one was built on. annotations: of its manifest."""
        steps = [
            base.Step(step.created or "", step.created_by, step.comment, step.empty_layer)
            for step in self.history or ()
        ]
        labels = (self.config.labels or {}) if self.config else {}
        return base.told(labels, annotations or {}, steps, len(self.diff_ids))


class _Kind(msgspec.Struct, frozen=True, rename="camel"):
    schema_version: int = 0
    media_type: str = ""
    manifests: msgspec.Raw = msgspec.Raw(b"")
    layers: msgspec.Raw = msgspec.Raw(b"")


def is_beside(tag: str) -> bool:
    """Return whether a tag holds no image, but what speaks of one: referrers, or what cosign made."""
    return _BESIDE.fullmatch(tag) is not None


def parse(data: bytes, media_type: str, where: str) -> Index | Manifest:
    """Return an index or a manifest. Raises SourceError for anything else, with the reason."""
    kind = decode(data, _Kind, where)
    stated = kind.media_type or media_type
    if kind.schema_version == 1:
        raise SourceError(
            f"{where} is in Docker's schema 1, which carries no usable digests.",
            "Pull and push it again with a current Docker; that writes schema 2.",
        )
    if stated in INDEXES or (stated not in MANIFESTS and kind.manifests):
        index = decode(data, Index, where)
        if len(index.manifests) > MAX_MANIFESTS:
            raise LimitExceeded(f"{where} lists more than {MAX_MANIFESTS:,} manifests.", _REBUILD)
        return index
    if not kind.layers:
        raise SourceError(f"{where} is neither an image manifest nor an index ({stated or 'no media type'}).", _REBUILD)
    manifest = decode(data, Manifest, where)
    _check(manifest, where)
    return manifest


def stated_type(data: bytes, where: str) -> str:
    """Return the media type that a manifest says it has, else the one its content shows. Raises SourceError."""
    return decode(data, _Kind, where).media_type or (
        OCI_INDEX if isinstance(parse(data, "", where), Index) else OCI_MANIFEST
    )


def parse_config(data: bytes, where: str) -> Config:
    """Return a configuration. Raises SourceError."""
    return decode(data, Config, where)


def decode(data: bytes, into: type[T], where: str) -> T:
    """Return JSON as a type. Raises SourceError, LimitExceeded."""
    if len(data) > MAX_MANIFEST:
        raise LimitExceeded(f"{where} is larger than {MAX_MANIFEST:,} bytes.", _REBUILD)
    try:
        return msgspec.json.decode(data, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{where} is damaged: {error}.", _REBUILD) from error


def joined(chunks: Iterable[bytes], limit: int, where: str) -> bytes:
    """Return all bytes of a stream. Raises LimitExceeded where there are more than `limit`."""
    parts: list[bytes] = []
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit:
            raise LimitExceeded(f"{where} is larger than {limit:,} bytes.", _REBUILD)
        parts.append(chunk)
    return b"".join(parts)


def choose(candidates: list[Descriptor], platform: str) -> Descriptor | None:
    """Return the manifest of a platform, None where there is none."""
    for candidate in candidates:
        if platforms.matches(platform, candidate.platform_name):
            return candidate
    return None


def image_of(digest: str, index_digest: str, manifest: Manifest, config: Config, fallback: str = "") -> Image:
    """Return the image that a manifest and its configuration describe.

    fallback: the platform an index gave, for configurations that give none. Raises SourceError.
    """
    if len(config.diff_ids) != len(manifest.layers):
        raise SourceError(
            f"{digest} has {len(manifest.layers)} layers, but its configuration names {len(config.diff_ids)}.", _REBUILD
        )
    layers = tuple(
        Layer(stored.digest, diff_id, stored.media_type, stored.size, command)
        for stored, diff_id, command in zip(manifest.layers, config.diff_ids, config.created_by(), strict=True)
    )
    image = described(
        digest, config, layers, index_digest=index_digest, config_digest=manifest.config.digest, fallback=fallback
    )
    return msgspec.structs.replace(image, bases=config.bases(manifest.annotations))


def described(
    digest: str,
    config: Config,
    layers: tuple[Layer, ...],
    *,
    index_digest: str = "",
    config_digest: str = "",
    fallback: str = "",
) -> Image:
    """Return the image of a configuration and its layers."""
    runtime = config.config or _Runtime()
    return Image(
        digest=digest,
        platform=config.platform_name or fallback,
        index_digest=index_digest,
        config_digest=config_digest,
        created=config.created or "",
        size=sum(layer.size for layer in layers),
        user=runtime.user,
        labels=tuple(sorted((runtime.labels or {}).items())),
        layers=layers,
        bases=config.bases(),
    )


def _check(manifest: Manifest, where: str) -> None:
    if len(manifest.layers) > MAX_LAYERS:
        raise LimitExceeded(f"{where} has more than {MAX_LAYERS:,} layers.", _REBUILD)
    if any(not 0 <= layer.size <= MAX_LAYER for layer in manifest.layers):
        raise LimitExceeded(f"{where} has a layer of no size, or of more than {MAX_LAYER:,} bytes.", _REBUILD)
    if manifest.config.media_type not in _CONFIGS:
        raise SourceError(
            f"{where} is not a container image but holds {manifest.config.media_type}.",
            "Name the image itself; charts, signatures and other artifacts hold no packages.",
        )
