"""Our view of an image is the tree that umoci unpacks."""

import os
from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan, layer
from envscout.demo.tar import Directory, Hardlink, Symlink, Whiteout
from tests.images.images import read, write
from tests.images.trees import as_gzip, unpacked
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
    plan = ImagePlan(tuple(as_gzip(one) for one in TRICKY.layers))
    write(layout, v1=plan)
    run("umoci", "unpack", "--image", f"{layout}:v1", tmp_path / "bundle")
    root = tmp_path / "bundle" / "rootfs"
    _, contents = read(f"oci-dir://{layout}:v1")
    assert contents.problems == ()
    assert {file.path: file.data for file in contents.files} == dict(unpacked(root))


def test_compression_makes_no_difference(tmp_path: Path) -> None:
    write(tmp_path / "a", v1=TRICKY)
    write(tmp_path / "b", v1=ImagePlan(tuple(as_gzip(one) for one in TRICKY.layers)))
    assert read(f"oci-dir://{tmp_path}/a")[1] == read(f"oci-dir://{tmp_path}/b")[1]
