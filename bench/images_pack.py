"""Files in, layers and OCI layouts out: tar, gzip at the level that docker uses, digests. Knows no image by name."""

import gzip
import hashlib
import io
import json
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

_CREATED = "2026-11-01T00:00:00Z"
_MTIME = 1793491200
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_REF_NAME = "org.opencontainers.image.ref.name"


class Blob(NamedTuple):
    """A layer as stored. size: of the blob; plain: of the tarball; both in bytes."""

    path: Path
    digest: str
    diff_id: str
    size: int
    plain: int
    created_by: str


class Packer:
    """A writable file that compresses what it is given and takes both digests on the way."""

    def __init__(self, into: BinaryIO) -> None:
        self._into = into
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, 31)
        self._plain, self._stored = hashlib.sha256(), hashlib.sha256()
        self._sizes = [0, 0]

    def write(self, data: bytes) -> int:
        """Take a piece of the tarball; return its length."""
        self._plain.update(data)
        self._sizes[0] += len(data)
        self._store(self._deflate.compress(data))
        return len(data)

    def finish(self, path: Path, created_by: str) -> Blob:
        """Write the rest; return what was made, as the file of that path."""
        self._store(self._deflate.flush())
        plain, stored = (f"sha256:{each.hexdigest()}" for each in (self._plain, self._stored))
        return Blob(path, stored, plain, self._sizes[1], self._sizes[0], created_by)

    def _store(self, data: bytes) -> None:
        self._stored.update(data)
        self._sizes[1] += len(data)
        self._into.write(data)


def from_tree(tree: Path, path: Path, created_by: str) -> Blob:
    """Pack a folder as the root of a layer: sorted, owned by root, all of one time."""
    with path.open("wb") as file:
        packer = Packer(file)
        with tarfile.open(fileobj=cast(BinaryIO, packer), mode="w|") as layer:
            for each in sorted(_below(tree)):
                member = layer.gettarinfo(tree / each, each)
                member.uid = member.gid = 0
                member.uname = member.gname = ""
                member.mtime = _MTIME
                if member.isreg():
                    with (tree / each).open("rb") as content:
                        layer.addfile(member, content)
                else:
                    layer.addfile(member)
        return packer.finish(path, created_by)


def from_tarball(tarball: Path, path: Path, created_by: str) -> Blob:
    """Store a tarball (plain, gzip or xz) as a layer, byte for byte."""
    with path.open("wb") as file, _plain(tarball) as source:
        packer = Packer(file)
        while piece := source.read(1 << 20):
            packer.write(piece)
        return packer.finish(path, created_by)


def without(tarball: Path, folder: str, path: Path, created_by: str) -> Blob:
    """Pack what a tarball has outside a folder."""
    with path.open("wb") as file:
        packer = Packer(file)
        with tarfile.open(fileobj=cast(BinaryIO, packer), mode="w|") as layer, tarfile.open(tarball, "r|") as source:
            for member in source:
                if not f"{member.name.removeprefix('./')}/".startswith(f"{folder}/"):
                    layer.addfile(member, source.extractfile(member) if member.isreg() else None)
        return packer.finish(path, created_by)


def from_difference(below: Path, above: Path, path: Path, created_by: str) -> Blob:
    """Pack what a tarball has beyond, or unlike, another one; what it lacks becomes whiteouts."""
    before, after = _facts(below), _facts(above)
    with path.open("wb") as file:
        packer = Packer(file)
        with tarfile.open(fileobj=cast(BinaryIO, packer), mode="w|") as layer, tarfile.open(above, "r|") as source:
            for name in _topmost(set(before) - set(after)):
                layer.addfile(tarfile.TarInfo(os.path.join(os.path.dirname(name), f".wh.{os.path.basename(name)}")))  # noqa: PTH118, PTH119, PTH120
            for member in source:
                if before.get(member.name) != after[member.name]:
                    layer.addfile(member, source.extractfile(member) if member.isreg() else None)
        return packer.finish(path, created_by)


def write_layout(into: Path, name: str, layers: Sequence[Blob], architecture: str = "amd64") -> None:
    """Write an OCI layout of one image named `latest`; its layers are hard links to the blobs."""
    blobs = into / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for layer in layers:
        place = blobs / layer.digest.partition(":")[2]
        if not place.exists():
            place.hardlink_to(layer.path)
    config = _blob(blobs, _CONFIG, _config(layers, architecture))
    pointers = [{"mediaType": _LAYER, "digest": layer.digest, "size": layer.size} for layer in layers]
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": pointers}
    pointer = _blob(blobs, _MANIFEST, manifest)
    entry = {**pointer, "annotations": {_REF_NAME: "latest", "org.opencontainers.image.title": name}}
    (into / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}', encoding="utf-8")
    (into / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}), encoding="utf-8")


def _config(layers: Sequence[Blob], architecture: str) -> Mapping[str, object]:
    return {
        "created": _CREATED,
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": _CREATED, "created_by": layer.created_by} for layer in layers],
    }


def _blob(folder: Path, kind: str, document: object) -> dict[str, object]:
    data = json.dumps(document).encode()
    digest = hashlib.sha256(data).hexdigest()
    (folder / digest).write_bytes(data)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}


def _plain(tarball: Path) -> BinaryIO:
    if tarball.suffix == ".gz":
        return cast(BinaryIO, gzip.open(tarball))
    return cast(BinaryIO, lzma.open(tarball)) if tarball.suffix == ".xz" else tarball.open("rb")


def _below(tree: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            yield str((Path(folder) / name).relative_to(tree))


def _facts(tarball: Path) -> dict[str, tuple[object, ...]]:
    """Return what each member of a tarball is, but for its times."""
    found: dict[str, tuple[object, ...]] = {}
    with tarfile.open(tarball, "r|") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            digest = hashlib.file_digest(cast(io.BytesIO, content), "sha256").digest() if content else b""
            found[member.name] = (member.type, member.mode, member.uid, member.gid, member.linkname, digest)
    return found


def _topmost(names: Iterable[str]) -> list[str]:
    """Return the names whose folder is not among them."""
    given = set(names)
    return sorted(name for name in given if os.path.dirname(name) not in given)  # noqa: PTH120
