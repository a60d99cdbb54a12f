"""Archives of `docker save`, plain and compressed, with one image or several, whole or not."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan
from envscout.demo.tar import compress, pack
from envscout.errors import DigestMismatch, NotFound, SourceError, UsageError
from envscout.images import open_image, resolve
from envscout.names.reference import parse
from tests.images.images import AMD, AMD_FILES, ARM, codes, everything, read, shown, write
from tests.servers.engine import docker_archive


def plain(plan: ImagePlan) -> list[bytes]:
    """Return the plain layers of a plan."""
    from envscout.images.compression import plain as inflated

    return [b"".join(inflated([layer.blob])) for layer in plan.layers]


def config(plan: ImagePlan) -> bytes:
    os, architecture = plan.platform.split("/")[:2]
    diff_ids = [layer.diff_id for layer in plan.layers]
    return json.dumps({"os": os, "architecture": architecture, "rootfs": {"diff_ids": diff_ids}}).encode()


def save(into: Path, images: dict[str, ImagePlan], *, last: bool = False, link_same: bool = False) -> dict[str, str]:
    """Write an archive in the classic layout and return the id of each image.

    last: manifest.json comes after the layers. link_same: a layer that was there before is a symbolic link.
    """
    members: list[tuple[str, bytes, str]] = []
    listed, ids, seen = [], {}, dict[str, str]()
    for tag, plan in images.items():
        data = config(plan)
        ids[tag] = hashlib.sha256(data).hexdigest()
        members.append((f"{ids[tag]}.json", data, ""))
        names = []
        for number, stored in enumerate(plain(plan)):
            name = f"{tag.replace(':', '_')}{number}/layer.tar"
            diff_id = plan.layers[number].diff_id
            members.append((name, stored, f"../{seen[diff_id]}" if link_same and diff_id in seen else ""))
            seen.setdefault(diff_id, name)
            names.append(name)
        listed.append({"Config": f"{ids[tag]}.json", "RepoTags": [tag], "Layers": names[::1]})
    manifest = ("manifest.json", json.dumps(listed).encode(), "")
    with tarfile.open(into, "w") as archive:
        for name, data, link in [*members, manifest] if last else [manifest, *members[::-1]]:
            info = tarfile.TarInfo(name)
            info.size = 0 if link else len(data)
            info.type, info.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, "")
            archive.addfile(info, io.BytesIO(data))
    return ids


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("how", ["none", "gzip", "zstd"])
def test_an_image_and_its_files(tmp_path: Path, last: bool, how: str) -> None:
    path = tmp_path / "image.tar"
    ids = save(path, {"app:v1": AMD}, last=last)
    path.write_bytes(compress(path.read_bytes(), how))  # type: ignore[arg-type]
    image, contents = read(f"archive://{path}")
    assert shown(image, contents) == AMD_FILES
    assert (image.digest, image.config_digest) == (f"sha256:{ids['app:v1']}", f"sha256:{ids['app:v1']}")
    assert image.platform == "linux/amd64"
    assert contents.problems == ()


def test_one_of_several_images(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    ids = save(path, {"app:v1": AMD, "my/app:v2": ARM})
    with pytest.raises(UsageError, match="several images") as caught:
        read(f"archive://{path}")
    assert "app:v1, my/app:v2" in caught.value.next_step
    for ref in ("my/app:v2", "docker.io/my/app:v2", ids["my/app:v2"][:12], f"sha256:{ids['my/app:v2']}"):
        assert read(f"archive://{path}", archive_ref=ref)[0].digest == f"sha256:{ids['my/app:v2']}"
    for ref in ("my/app", "app:v3", "..", ids["my/app:v2"][:11]):
        with pytest.raises(NotFound, match="no image"):
            read(f"archive://{path}", archive_ref=ref)
    with pytest.raises(NotFound, match="linux/s390x"):
        read(f"archive://{path}", "linux/s390x", "app:v1")


def test_layers_that_are_links_to_earlier_ones(tmp_path: Path) -> None:
    plan = ImagePlan((AMD.layers[0], AMD.layers[1], AMD.layers[0]))
    save(tmp_path / "image.tar", {"app:v1": plan}, link_same=True, last=True)
    _, contents = read(f"archive://{tmp_path}/image.tar")
    assert contents.problems == ()
    assert {file.path for file in contents.files} >= {"gone", "d/a"}


def test_what_skopeo_writes(tmp_path: Path) -> None:
    write(tmp_path / "layout", v1=AMD)
    docker_archive(tmp_path / "layout", tmp_path / "image.tar", "my/app:v1", "v1")
    image, contents = read(f"archive://{tmp_path}/image.tar", archive_ref="my/app:v1")
    assert shown(image, contents) == AMD_FILES
    assert [layer.created_by for layer in image.layers] == ["ADD rootfs /", "RUN change", "COPY . ."]


@pytest.mark.parametrize("how", ["none", "gzip"])
def test_an_oci_layout_in_a_tar_file(tmp_path: Path, how: str) -> None:
    digests = write(tmp_path / "layout", v1=AMD, v2=ARM)
    with tarfile.open(tmp_path / "oci.tar", "w") as archive:
        archive.add(tmp_path / "layout", ".")
    path = tmp_path / "oci.tar"
    path.write_bytes(compress(path.read_bytes(), how))  # type: ignore[arg-type]
    image, contents = read(f"archive://{path}", archive_ref="v1")
    assert (image.digest, shown(image, contents)) == (digests["v1"], AMD_FILES)
    with pytest.raises(UsageError, match="several"):
        read(f"archive://{path}")


def test_resolving_reads_no_layer(tmp_path: Path) -> None:
    ids = save(tmp_path / "image.tar", {"app:v1": AMD})
    assert resolve(parse(f"archive://{tmp_path}/image.tar")).digest == f"sha256:{ids['app:v1']}"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("how", ["none", "gzip"])
def test_an_archive_that_ends_early(tmp_path: Path, share: float, how: str) -> None:
    path = tmp_path / "image.tar"
    save(path, {"app:v1": ImagePlan((AMD.layers[0],) * 5)})
    data = compress(path.read_bytes().rstrip(b"\0"), how)  # type: ignore[arg-type]
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(SourceError):
        read(f"archive://{path}")


def test_a_layer_that_is_another_s(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    save(path, {"app:v1": AMD})
    data = path.read_bytes()
    path.write_bytes(data.replace(b"ID=x\n", b"ID=y\n"))
    with pytest.raises(DigestMismatch):
        read(f"archive://{path}")


def test_a_configuration_that_is_another_s(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    save(path, {"app:v1": AMD})
    path.write_bytes(path.read_bytes().replace(b'"os": "linux"', b'"os": "linuX"'))
    with pytest.raises(DigestMismatch):
        read(f"archive://{path}")


def tar(**members: object) -> bytes:
    return pack(
        {
            name.replace("__", "."): data if isinstance(data, bytes) else json.dumps(data).encode()
            for name, data in members.items()
        }
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no tar",
        tar(x=b""),
        tar(manifest__json=b"no json"),
        tar(manifest__json=[]),
        tar(manifest__json=[{"Config": "missing", "Layers": []}]),
        tar(manifest__json=[{"Config": "../../etc/passwd", "Layers": []}]),
        tar(manifest__json=[{"Config": "c", "Layers": ["../x"]}], c={}),
        tar(manifest__json=[{"Config": "c", "Layers": ["x"]}], c={}),
        tar(manifest__json={"Config": "c"}),
    ],
)
def test_what_is_no_image_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(data)
    with pytest.raises((SourceError, NotFound)) as caught:
        read(f"archive://{tmp_path}/x.tar")
    assert caught.value.next_step


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        read(f"archive://{tmp_path}/missing.tar")
    with pytest.raises(SourceError):
        read(f"archive://{tmp_path}")


def test_a_missing_layer_is_said(tmp_path: Path) -> None:
    data = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}
    (tmp_path / "x.tar").write_bytes(tar(manifest__json=[{"Config": "c", "Layers": ["x"]}], c=data))
    assert codes(read(f"archive://{tmp_path}/x.tar")[1]) == ["damaged-layer"]


def test_compressed_layers_inside(tmp_path: Path) -> None:
    stored = pack({"a": b"1"})
    data = {"rootfs": {"diff_ids": [f"sha256:{hashlib.sha256(stored).hexdigest()}"]}}
    (tmp_path / "x.tar").write_bytes(
        tar(manifest__json=[{"Config": "c", "Layers": ["x"]}], c=data, x=gzip.compress(stored))
    )
    with open_image(parse(f"archive://{tmp_path}/x.tar")) as opened:
        assert [file.path for file in opened.read(everything).files] == ["a"]
