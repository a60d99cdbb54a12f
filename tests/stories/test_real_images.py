"""Real root filesystems against real advisories: what an independent matcher found, and what nobody can judge."""

import gzip
import lzma
from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan, LayerBlob, digest_of, layer, write_layout
from tests.stories.story import Desk, names

EXPECTED = {"3.9.0": 14, "3.9.6": 7, "3.10.3": 12, "20210212": 113}


@pytest.mark.parametrize("version", EXPECTED)
def test_real_images_of_alpine(watching_alpine: Desk, roots: Path, version: str) -> None:
    (root,) = roots.glob(f"alpine-minirootfs-{version}-*")
    found = watching_alpine.cves(f"fs://{root}")
    assert found["summary"]["total"] == len(names(found)) == EXPECTED[version]
    assert found["coverage"]["state"] == ("complete" if version == "20210212" else "unknown")


@pytest.mark.parametrize("kind", ["almalinux-9-*", "busybox-*"])
def test_real_images_that_cannot_be_judged(watching_alpine: Desk, roots: Path, kind: str) -> None:
    (root,) = roots.glob(kind)
    found = watching_alpine.cves(f"fs://{root}")
    assert (found["summary"]["total"], found["coverage"]["state"]) == (0, "unknown")
    assert "unknown" in watching_alpine.ok("cves", f"fs://{root}").out


@pytest.mark.parametrize("version", EXPECTED)
def test_real_images_of_alpine_in_layers(watching_alpine: Desk, data: Path, tmp_path: Path, version: str) -> None:
    alpine_layout(data, version, tmp_path / "image")
    found = watching_alpine.cves(f"oci-dir://{tmp_path / 'image'}")
    assert found["summary"]["total"] == EXPECTED[version]


def alpine_layout(data: Path, version: str, into: Path) -> None:
    """Write a real root filesystem as an image of one layer."""
    (archive,) = (data / "rootfs").glob(f"alpine-minirootfs-{version}-*")
    plain = (lzma if archive.suffix == ".xz" else gzip).decompress(archive.read_bytes())
    base = layer({}, "ADD rootfs /")
    blob = LayerBlob(gzip.compress(plain, 1, mtime=0), digest_of(plain), base.media_type, base.created_by)
    write_layout(into, {version: ImagePlan((blob,))})
