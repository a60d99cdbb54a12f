"""The image with everything awkward in it: our view is that of real engines, and its inventory is right."""

import io
import os
import shutil
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from envscout.images import Interest, open_image
from envscout.inventory import build, kind, prober, reduce
from envscout.model import Image, Inventory
from envscout.names.reference import parse
from tests.images import awkward
from tests.images.images import read, shown
from tests.images.trees import unpacked
from tests.servers.engine import Engine, docker_archive
from tests.servers.program import need, run

# What an engine adds to every container.
ADDED = {".dockerenv", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf", "dev/console"}


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("tar")
    folder = tmp_path_factory.mktemp("awkward")
    awkward.write(folder / "layout", folder / "holes")
    return folder / "layout"


def indexed(text: str) -> tuple[Image, Inventory]:
    with open_image(parse(text), platform="linux/amd64") as opened:
        found = opened.read(Interest(partial(kind, projects=False), partial(reduce, projects=False), prober()))
        return opened.image, build(found.files, found.problems)


def test_the_inventory_is_right(layout: Path) -> None:
    image, inventory = indexed(f"oci-dir://{layout}:v1")
    numbers = {layer.diff_id: number for number, layer in enumerate(image.layers)}
    assert {(each.name, each.version, numbers[each.layer]) for each in inventory.packages} == awkward.PACKAGES
    assert inventory.distribution is not None
    assert (inventory.distribution.id, inventory.distribution.version) == ("debian", "12")
    assert inventory.problems == ()


def test_an_index_leads_to_the_same(layout: Path) -> None:
    image, contents = read(f"oci-dir://{layout}:v1", "linux/amd64")
    assert (image.platform, len(image.layers)) == ("linux/amd64", 4)
    assert read(f"oci-dir://{layout}:flat")[1] == contents
    assert image.index_digest
    assert read(f"oci-dir://{layout}:v1", "linux/arm64")[0].platform == "linux/arm64"


def test_every_content_of_the_database_is_told(layout: Path) -> None:
    found = shown(*read(f"oci-dir://{layout}:flat"))
    assert [number for number, _ in found[awkward.STATUS]] == [0, 1, 3]
    assert [number for number, _ in found["var/lib/dpkg/status-kept"]] == [0]


def test_as_umoci_unpacks(layout: Path, tmp_path: Path) -> None:
    need("umoci")
    if os.geteuid() != 0:
        pytest.skip("umoci unpack needs root here")
    run("umoci", "unpack", "--image", f"{layout}:gzip", tmp_path / "bundle")
    _, contents = read(f"oci-dir://{layout}:flat")
    assert contents.problems == ()
    assert {file.path: file.data for file in contents.files} == dict(unpacked(tmp_path / "bundle" / "rootfs"))


def test_as_an_engine_runs_it(layout: Path, tmp_path: Path, docker_engine: Engine) -> None:
    docker_archive(layout, tmp_path / "it.tar", "awkward:v1", "gzip")
    docker_engine.load(tmp_path / "it.tar")
    container = docker_engine.docker("create", "awkward:v1", "/none").strip()
    docker_engine.docker("export", "--output", tmp_path / "rootfs.tar", container)
    docker_engine.docker("rm", container)
    expected = dict(_exported(tmp_path / "rootfs.tar"))
    for text in (f"oci-dir://{layout}:flat", f"archive://{tmp_path}/it.tar"):
        _, contents = read(text)
        assert contents.problems == ()
        assert {file.path: file.data for file in contents.files} == expected


def _exported(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Return every file of a container's root filesystem; the one link that there is leads to a file."""
    with tarfile.open(archive) as source:
        for member in source:
            if member.name not in ADDED and not member.isdir():
                stream = source.extractfile(member)
                assert isinstance(stream, io.BufferedIOBase)
                yield member.name, stream.read()


def test_layers_that_umoci_makes_of_changes(layout: Path, tmp_path: Path) -> None:
    need("umoci")
    if os.geteuid() != 0:
        pytest.skip("umoci unpack needs root here")
    own = shutil.copytree(layout, tmp_path / "layout")
    run("umoci", "unpack", "--image", f"{own}:gzip", tmp_path / "bundle")
    root = tmp_path / "bundle" / "rootfs"
    _change(root)
    run("umoci", "repack", "--image", f"{own}:v2", tmp_path / "bundle")
    _, contents = read(f"oci-dir://{own}:v2")
    assert contents.problems == ()
    assert {file.path: file.data for file in contents.files} == dict(unpacked(root))
    assert _names(f"oci-dir://{own}:v2") == CHANGED


def test_layers_that_buildah_makes_of_changes(layout: Path, tmp_path: Path) -> None:
    need("buildah")
    if os.geteuid() != 0:
        pytest.skip("buildah needs root here")
    env = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    storage = ("--root", tmp_path / "root", "--runroot", tmp_path / "run", "--storage-driver", "vfs")
    buildah = partial(run, "buildah", *storage, env=env)
    container = buildah("from", f"oci:{layout}:dense").strip()
    try:
        root = Path(buildah("mount", container).strip())
        _change(root)
        expected = dict(unpacked(root))
        buildah("commit", "--quiet", container, f"oci:{tmp_path}/oci:v2")
    finally:
        buildah("umount", container)
    _, contents = read(f"oci-dir://{tmp_path}/oci:v2")
    assert contents.problems == ()
    assert {file.path: file.data for file in contents.files} == expected
    assert _names(f"oci-dir://{tmp_path}/oci:v2") == CHANGED - {("holey", "1.0"), ("holey-too", "1.0")}


def _change(root: Path) -> None:
    """Change a root filesystem as somebody at work in a container would."""
    status = root / awkward.STATUS
    # In place: the other name of the hard link, if it still is one, sees it as well.
    with status.open("r+b") as file:
        text = file.read().replace(b"Version: 8.5.0-2", b"Version: 8.6.0-1")
        file.seek(0)
        file.write(text)
    shutil.rmtree(root / "opt/opaque")
    (root / "opt/opaque").write_bytes(b"a file")
    (root / "opt/again/node_modules/again/package.json").unlink()
    folder = root / "opt/linked/node_modules/linked"
    (root / "opt/twice/node_modules/linked").mkdir(parents=True)
    os.link(folder / "package.json", root / "opt/twice/node_modules/linked/package.json")
    shutil.move(root / "opt/app", root / "opt/moved")


CHANGED = {(name, version) for name, version, _ in awkward.PACKAGES} - {
    ("curl", "8.5.0-2"), ("left-pad", "1.3.0"), ("again", "2.0.0"),
} | {("curl", "8.6.0-1")}  # fmt: skip


def _names(text: str) -> set[tuple[str, str]]:
    return {(each.name, each.version) for each in indexed(text)[1].packages}
