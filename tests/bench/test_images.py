"""The images of the comparison: layers as docker would store them, layouts that can be read, one command."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def _build(to: Path, *names: str, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "ENVSCOUT_TEST_DATA"}
    if data is not None:
        env["ENVSCOUT_TEST_DATA"] = str(data)
    command = [sys.executable, str(BENCH / "images.py"), "--to", str(to), *names]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def _pack(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.syspath_prepend(str(BENCH))
    import images_pack

    return images_pack


def _tarball(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_a_layer_is_a_gzip_tarball_with_the_digests_of_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pack = _pack(monkeypatch)
    (tmp_path / "tree/etc").mkdir(parents=True)
    (tmp_path / "tree/etc/issue").write_bytes(b"hello\n")
    (tmp_path / "tree/link").symlink_to("etc/issue")
    blob = pack.from_tree(tmp_path / "tree", tmp_path / "layer", "COPY")
    stored = (tmp_path / "layer").read_bytes()
    plain = gzip.decompress(stored)
    assert blob.digest == f"sha256:{hashlib.sha256(stored).hexdigest()}"
    assert blob.diff_id == f"sha256:{hashlib.sha256(plain).hexdigest()}"
    assert (blob.size, blob.plain) == (len(stored), len(plain))
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        assert [(each.name, each.uid, each.linkname) for each in archive] == [
            ("etc", 0, ""),
            ("etc/issue", 0, ""),
            ("link", 0, "etc/issue"),
        ]


def test_a_difference_holds_what_is_new_changed_or_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pack = _pack(monkeypatch)
    below = _tarball(tmp_path / "below.tar", {"a/same": b"1", "a/changed": b"1", "gone/x": b"1", "gone": b""})
    above = _tarball(tmp_path / "above.tar", {"a/same": b"1", "a/changed": b"2", "new": b"3"})
    pack.from_difference(below, above, tmp_path / "layer", "RUN")
    with tarfile.open(tmp_path / "layer", "r:gz") as archive:
        assert archive.getnames() == [".wh.gone", "a/changed", "new"]


def test_a_layer_can_leave_a_folder_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pack = _pack(monkeypatch)
    whole = _tarball(tmp_path / "whole.tar", {"./var/lib/dpkg/status": b"1", "./var/lib/dpkg2": b"1", "./bin/x": b"1"})
    pack.without(whole, "var/lib/dpkg", tmp_path / "layer", "COPY")
    with tarfile.open(tmp_path / "layer", "r:gz") as archive:
        assert archive.getnames() == ["./var/lib/dpkg2", "./bin/x"]


def test_an_image_is_built_once_from_real_data(data: Path, tmp_path: Path) -> None:
    first, second = _build(tmp_path, "alpine", data=data), _build(tmp_path, "alpine")
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert "1 layers" in first.stdout
    index = json.loads((tmp_path / "alpine/index.json").read_bytes())
    manifest = tmp_path / "alpine/blobs" / index["manifests"][0]["digest"].replace(":", "/")
    [layer] = json.loads(manifest.read_bytes())["layers"]
    stored = (tmp_path / "alpine/blobs" / layer["digest"].replace(":", "/")).read_bytes()
    assert (layer["size"], layer["digest"]) == (len(stored), f"sha256:{hashlib.sha256(stored).hexdigest()}")


def test_what_cannot_be_built_is_named_with_the_reason(tmp_path: Path) -> None:
    done = _build(tmp_path, "alpine")
    assert done.returncode == 1
    assert "alpine   not built: ENVSCOUT_TEST_DATA" in done.stdout
    assert "no such image: alpin" in _build(tmp_path, "alpin").stderr
