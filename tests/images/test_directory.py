"""Directories and single files of this machine, read as if they were the root of an image."""

import os
import tarfile
from pathlib import Path

import pytest

from envscout.errors import NotFound
from envscout.images import contents as bounds
from envscout.images import directory
from envscout.images.contents import Contents
from tests.images.images import codes, read


def files(contents: Contents) -> dict[str, bytes]:
    return {file.path: file.data for file in contents.files}


def test_files_and_links_inside(tmp_path: Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "usr/lib/os-release").write_bytes(b"ID=x\n")
    (tmp_path / "etc/os-release").symlink_to("../usr/lib/os-release")
    (tmp_path / "etc/absolute").symlink_to("/usr/lib/os-release")
    (tmp_path / "lib").symlink_to("usr/lib")
    image, contents = read(f"fs://{tmp_path}")
    assert files(contents) == dict.fromkeys(["etc/absolute", "etc/os-release", "usr/lib/os-release"], b"ID=x\n")
    assert (image.digest, image.layers, contents.problems) == ("", (), ())
    assert contents.files[0].layer == ""


def test_links_never_leave_the_directory(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "up").symlink_to("../secret")
    (root / "absolute").symlink_to(tmp_path / "secret")
    (root / "outside").symlink_to(tmp_path)
    (root / "through").symlink_to("outside/secret")
    assert files(read(f"fs://{root}")[1]) == {}


def test_loops_fifos_and_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    _, contents = read(f"fs://{tmp_path}")
    assert files(contents) == {}
    assert sorted(codes(contents)) == ["link-loop", "unreadable"]


def test_one_file(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_bytes(b"{}")
    assert files(read(f"fs://{tmp_path}/package-lock.json")[1]) == {"package-lock.json": b"{}"}


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file or directory"):
        read(f"fs://{tmp_path}/missing")


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff")).write_bytes(b"1")
    assert files(read(f"fs://{tmp_path}")[1]) == {"a\\xff": b"1"}


def test_bounds_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"x" * 10)
    monkeypatch.setattr(bounds, "MAX_FILE", 9)
    assert codes(read(f"fs://{tmp_path}")[1]) == ["file-too-large"] * 3
    monkeypatch.setattr(directory, "MAX_ENTRIES", 2)
    assert "too-many-entries" in codes(read(f"fs://{tmp_path}")[1])


def test_deep_trees_do_not_recurse(tmp_path: Path) -> None:
    path = tmp_path
    for _ in range(900):
        path = path / "d"
        path.mkdir()
    (path / "f").write_bytes(b"1")
    [(name, data)] = files(read(f"fs://{tmp_path}")[1]).items()
    assert (name, data) == ("d/" * 900 + "f", b"1")


def test_a_real_root_filesystem(tmp_path: Path, data: Path) -> None:
    with tarfile.open(data / "rootfs" / "alpine-minirootfs-3.10.3-x86_64.tar.gz") as archive:
        archive.extractall(tmp_path, filter="tar")
    found = files(read(f"fs://{tmp_path}")[1])
    assert found["etc/os-release"].startswith(b'NAME="Alpine Linux"')
    assert b"P:musl\n" in found["lib/apk/db/installed"]
