"""Images as OCI layout directories. Nothing here knows which files make a good sample.

Rules: https://github.com/opencontainers/image-spec/blob/main/image-layout.md, manifest.md, image-index.md, config.md.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from envscout.demo.tar import Compression, Entry, compress, pack

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPES: dict[Compression, str] = {
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    "none": "application/vnd.oci.image.layer.v1.tar",
}
REF_NAME = "org.opencontainers.image.ref.name"


class LayerBlob(msgspec.Struct, frozen=True):
    """A layer as stored. diff_id: digest of the plain tarball. created_by: its line in the image's history."""

    blob: bytes
    diff_id: str
    media_type: str
    created_by: str = ""


class ImagePlan(msgspec.Struct, frozen=True):
    """One image of one platform. platform: `os/architecture[/variant]`; created: RFC 3339.

    empty_history: steps that made no layer (`ENV`, `CMD`), shown after the layers. environment: `NAME=VALUE`.
    """

    layers: tuple[LayerBlob, ...]
    platform: str = "linux/amd64"
    created: str = "2026-01-01T00:00:00Z"
    user: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    empty_history: tuple[str, ...] = ()
    environment: tuple[str, ...] = ("PATH=/usr/local/bin:/usr/bin:/bin",)


class IndexPlan(msgspec.Struct, frozen=True):
    """An index of images, or of further indexes."""

    members: "tuple[ImagePlan | IndexPlan, ...]"
    annotations: tuple[tuple[str, str], ...] = ()


class Descriptor(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What points at a blob, in the order of fields that the specification shows."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = {}
    platform: dict[str, str] = {}


def layer(
    entries: Mapping[str, Entry], created_by: str = "", compression: Compression = "gzip", mtime: int = 0
) -> LayerBlob:
    """Return the layer that holds entries; see `tar.pack` for their order and times."""
    plain = pack(entries, mtime)
    return LayerBlob(compress(plain, compression), digest_of(plain), LAYER_TYPES[compression], created_by)


def digest_of(data: bytes) -> str:
    """Return `sha256:` and the hexadecimal digest of data."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def write_layout(into: Path, images: Mapping[str, ImagePlan | IndexPlan]) -> dict[str, str]:
    """Write a layout directory that holds images under their names (tags) and return name -> digest.

    into is made if it is missing; what lies in it already stays, but its index.json is replaced.
    """
    (into / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    entries = []
    for name, plan in images.items():
        pointer = _write(into, plan)
        entries.append(msgspec.structs.replace(pointer, annotations={**pointer.annotations, REF_NAME: name}))
    (into / "oci-layout").write_bytes(b'{"imageLayoutVersion":"1.0.0"}')
    (into / "index.json").write_bytes(_json(_index(entries)))
    return {name: entry.digest for name, entry in zip(images, entries, strict=True)}


def write_blob(into: Path, data: bytes, media_type: str) -> Descriptor:
    """Store data under its digest and return what points at it."""
    digest = digest_of(data)
    (into / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_bytes(data)
    return Descriptor(media_type, digest, len(data))


def _write(into: Path, plan: ImagePlan | IndexPlan) -> Descriptor:
    if isinstance(plan, IndexPlan):
        members = [_write(into, member) for member in plan.members]
        return write_blob(into, _json(_index(members, dict(plan.annotations))), INDEX_TYPE)
    layers = [write_blob(into, one.blob, one.media_type) for one in plan.layers]
    config = write_blob(into, _json(_config(plan)), CONFIG_TYPE)
    manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers}
    if plan.annotations:
        manifest["annotations"] = dict(plan.annotations)
    pointer = write_blob(into, _json(manifest), MANIFEST_TYPE)
    return msgspec.structs.replace(pointer, platform=_platform(plan.platform))


def _index(manifests: list[Descriptor], annotations: dict[str, str] | None = None) -> dict[str, Any]:
    index: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests}
    if annotations:
        index["annotations"] = annotations
    return index


def _config(plan: ImagePlan) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"created": plan.created, "created_by": one.created_by} for one in plan.layers]
    steps += [{"created": plan.created, "created_by": step, "empty_layer": True} for step in plan.empty_history]
    run: dict[str, Any] = {"Env": list(plan.environment), "Labels": dict(plan.labels)}
    if plan.user:
        run["User"] = plan.user
    return {
        "created": plan.created,
        **_platform(plan.platform),
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in plan.layers]},
        "history": steps,
    }


def _platform(text: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))


def _json(document: object) -> bytes:
    return msgspec.json.encode(document)
