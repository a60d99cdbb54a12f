"""Images as other programs make them, and real root filesystems."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from envscout.demo.layout import LAYER_TYPES, ImagePlan, LayerBlob, digest_of
from envscout.images.compression import plain
from tests.images.images import read, write
from tests.servers.program import need, run

ROOTFS = [
    "alpine-minirootfs-20210212-x86_64.tar.gz",
    "alpine-minirootfs-3.9.6-x86_64.tar.gz",
    "busybox-musl-amd64.tar.gz",
]


def test_umoci(tmp_path: Path) -> None:
    need("umoci")
    layout = tmp_path / "layout"
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    run("umoci", "init", "--layout", layout)
    run("umoci", "new", "--image", f"{layout}:v1")
    run("umoci", "insert", "--rootless", "--image", f"{layout}:v1", tmp_path / "a", "/etc/a")
    run("umoci", "insert", "--rootless", "--image", f"{layout}:v1", tmp_path / "b", "/etc/a")
    run("umoci", "insert", "--rootless", "--image", f"{layout}:v1", "--whiteout", "/etc/gone")
    image, contents = read(f"oci-dir://{layout}:v1")
    assert [[content.data for content in file.contents] for file in contents.files] == [[b"1", b"2"]]
    assert (len(image.layers), contents.problems) == (3, ())


def test_buildah(tmp_path: Path) -> None:
    need("buildah")
    if os.geteuid() != 0:
        pytest.skip("buildah needs root here")
    env = {**os.environ, "STORAGE_DRIVER": "vfs", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    store = ["--root", str(tmp_path / "root"), "--runroot", str(tmp_path / "run")]
    context = tmp_path / "context"
    context.mkdir()
    (context / "a").write_text("1")
    (context / "Containerfile").write_text("FROM scratch\nCOPY a /first\nCOPY a /second\nLABEL x=y\nUSER app\n")
    run("buildah", *store, "bud", "--isolation", "chroot", "--layers", "--quiet", "--tag", "app:v1", context, env=env)
    for target in (f"oci:{tmp_path}/oci:v1", f"docker-archive:{tmp_path}/app.tar:app:v1"):
        run("buildah", *store, "push", "--quiet", "localhost/app:v1", target, env=env)
    for text in (f"oci-dir://{tmp_path}/oci:v1", f"archive://{tmp_path}/app.tar"):
        image, contents = read(text)
        assert [file.path for file in contents.files] == ["first", "second"]
        assert (image.user, ("x", "y") in image.labels, contents.problems) == ("app", True, ())
        assert all("COPY" in layer.created_by for layer in image.layers)


@pytest.mark.parametrize("name", ROOTFS)
def test_real_root_filesystems(tmp_path: Path, data: Path, name: str) -> None:
    stored = (data / "rootfs" / name).read_bytes()
    whole = b"".join(plain([stored]))
    write(tmp_path, v1=ImagePlan((LayerBlob(stored, digest_of(whole), LAYER_TYPES["gzip"]),)))
    _, contents = read(f"oci-dir://{tmp_path}:v1")
    assert contents.problems == ()
    found = {file.path: file.data for file in contents.files}
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        for member in archive:
            if member.isreg():
                assert found[os.path.normpath(member.name)] == archive.extractfile(member).read()  # type: ignore[union-attr]
