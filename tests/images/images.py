"""Small images to read, and short ways to read them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from envscout.demo.layout import ImagePlan, IndexPlan, layer, write_layout
from envscout.demo.tar import Compression, Hardlink, Symlink, Whiteout
from envscout.images import Contents, Interest, OpenImage, open_image
from envscout.model import Image
from envscout.names.reference import parse


def amd(compression: Compression = "gzip") -> ImagePlan:
    """Return an image of three layers; the second one is compressed like this."""
    return ImagePlan(
        (
            layer({"etc/os-release": b"ID=x\n", "var/db": b"old", "gone": b"1", "d/a": b"1"}, "ADD rootfs /"),
            layer(
                {"var/db": b"new", "gone": Whiteout(), "d": Whiteout(opaque=True), "d/b": b"2"},
                "RUN change",
                compression,
            ),
            layer({"link": Symlink("/var/db"), "x": b"x", "hard": Hardlink("x")}, "COPY . .", "none"),
        ),
        created="2026-02-03T04:05:06Z",
        user="app",
        labels=(("a", "b"),),
        empty_history=("CMD run",),
    )


AMD = amd()
ARM = ImagePlan((layer({"arch": b"arm64"}, "COPY arch /"),), platform="linux/arm64/v8")
WINDOWS = ImagePlan((layer({"arch": b"windows"}, "COPY arch /"),), platform="windows/amd64")

# What AMD shows: path -> contents, oldest first, each with the number of its layer.
AMD_FILES = {
    "etc/os-release": [(0, b"ID=x\n")],
    "var/db": [(0, b"old"), (1, b"new")],
    "d/b": [(1, b"2")],
    "link": [(0, b"old"), (1, b"new")],
    "x": [(2, b"x")],
    "hard": [(2, b"x")],
}


def bytes_of(wanted: Callable[[str], bool]) -> Interest:
    """Return an interest in the very bytes of these paths."""
    return Interest(lambda path: "bytes" if wanted(path) else "", lambda _path, data: data)


everything = bytes_of(lambda _path: True)


def read(text: str, platform: str = "", archive_ref: str = "") -> tuple[Image, Contents]:
    """Return an image and all of its files."""
    with open_image(parse(text), platform=platform, archive_ref=archive_ref) as opened:
        contents = opened.read(everything)
        return opened.image, contents


def shown(image: Image, contents: Contents) -> dict[str, list[tuple[int, bytes]]]:
    """Return path -> [(number of the layer, bytes)], oldest first."""
    numbers = {layer.diff_id: number for number, layer in enumerate(image.layers)}
    return {file.path: [(numbers[content.layer], content.data) for content in file.contents] for file in contents.files}


def codes(found: Contents | OpenImage) -> list[str]:
    """Return the codes of the problems."""
    return [problem.code for problem in found.problems]


def write(into: Path, **images: ImagePlan | IndexPlan) -> dict[str, str]:
    """Write a layout and return the digest of each name."""
    return write_layout(into, images)


def put(layout: Path, document: Any) -> str:
    """Store a document or bytes as a blob and return its digest."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    digest = hashlib.sha256(data).hexdigest()
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    (blobs / digest).write_bytes(data)
    return f"sha256:{digest}"


def point_at(layout: Path, *entries: dict[str, Any]) -> None:
    """Make index.json list these."""
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))


def blob(layout: Path, digest: str) -> Path:
    """Return where a blob lies."""
    return layout / "blobs" / "sha256" / digest.removeprefix("sha256:")


def with_layer(layout: Path, stored: bytes, diff_id: str = "sha256:" + "0" * 64, media_type: str = "") -> str:
    """Write an image of one layer of any bytes as the layout's only one; return the layer's digest."""
    config = put(layout, {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id]}})
    digest = put(layout, stored)
    descriptor = {"mediaType": media_type, "digest": digest, "size": len(stored)}
    manifest = {"schemaVersion": 2, "config": {"mediaType": "", "digest": config, "size": 1}, "layers": [descriptor]}
    point_at(layout, {"digest": put(layout, manifest), "size": 1})
    return digest
