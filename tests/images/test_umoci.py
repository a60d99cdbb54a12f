"""Our view of an image is the tree that umoci unpacks."""

import gzip
import os
from pathlib import Path

import msgspec
import pytest

from envscout.demo.layout import LAYER_TYPES, ImagePlan, LayerBlob, layer
from envscout.demo.tar import Directory, Hardlink, Symlink, Whiteout
from envscout.images.compression import plain
from tests.images.images import read, write
from tests.servers.program import need, run

TRICKY = ImagePlan(
    (
        layer({
            "var/lib/dpkg/status": b"one", "usr/lib/os-release": b"ID=a\n",
            "etc/os-release": Symlink("../usr/lib/os-release"), "lib": Symlink("usr/lib"), "d/a": b"1",
            "d/e/b": b"2", "d/e/c": b"3", "o/x": b"4", "o/y/z": b"5", "f": b"6",
            "n" * 150 + "/" + "m" * 140: b"long", "ünï/cødé": b"7", "hard": Hardlink("f"), "w/only": b"8", "back": b"9",
        }),
        layer({
            "var/lib/dpkg/status": b"two", "d/e": Whiteout(), "o": Directory(), "o/.wh..wh..opq": b"", "o/new": b"10",
            "f": Directory(), "f/inside": b"11", "w": Whiteout(), "back": Whiteout(),
        }, compression="zstd"),
        layer({
            "var/lib/dpkg/status": b"three", "d": b"now a file", "back": b"12", "via": Symlink("/lib/os-release"),
            "up": Symlink("../../../../etc/os-release"), "f/inside": Symlink("../back"), "empty": b"",
        }, compression="none"),
    )
)  # fmt: skip


def test_as_umoci_unpacks(tmp_path: Path) -> None:
    need("umoci")
    if os.geteuid() != 0:
        pytest.skip("umoci unpack needs root here")
    layout = tmp_path / "layout"
    plan = ImagePlan(tuple(_as_gzip(one) for one in TRICKY.layers))
    write(layout, v1=plan)
    run("umoci", "unpack", "--image", f"{layout}:v1", tmp_path / "bundle")
    root = tmp_path / "bundle" / "rootfs"
    _, contents = read(f"oci-dir://{layout}:v1")
    assert contents.problems == ()
    assert {file.path: file.data for file in contents.files} == dict(_unpacked(root))


def test_compression_makes_no_difference(tmp_path: Path) -> None:
    write(tmp_path / "a", v1=TRICKY)
    write(tmp_path / "b", v1=ImagePlan(tuple(_as_gzip(one) for one in TRICKY.layers)))
    assert read(f"oci-dir://{tmp_path}/a")[1] == read(f"oci-dir://{tmp_path}/b")[1]


def _as_gzip(one: LayerBlob) -> LayerBlob:
    """Return a layer as umoci knows it: it does not read zstd."""
    stored = gzip.compress(b"".join(plain([one.blob])), mtime=0)
    return msgspec.structs.replace(one, blob=stored, media_type=LAYER_TYPES["gzip"])


def _unpacked(root: Path) -> list[tuple[str, bytes]]:
    """Return every file below a root, links followed as a process whose root it is would follow them."""
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            place = _inside(root, path)
            if place.is_file():
                found.append((str(path.relative_to(root)), place.read_bytes()))
    return found


def _inside(root: Path, path: Path) -> Path:
    """Follow links one by one below a root; the images of this test have no loops."""
    current, todo = root, list(path.relative_to(root).parts)
    while todo:
        part = todo.pop(0)
        if part in ("..", "/"):
            current = root if part == "/" or current == root else current.parent
        elif (current / part).is_symlink():
            todo = [*(current / part).readlink().parts, *todo]
        else:
            current = current / part
    return current
