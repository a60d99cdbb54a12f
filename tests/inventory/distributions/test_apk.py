"""apk's database, on real root filesystems and against damage."""

from pathlib import Path

import pytest

from envscout.inventory import build
from envscout.inventory.distributions import apk
from envscout.model import Package
from tests.inventory.files import ALPINE, bytes_of_archive, file, of_archive

INSTALLED = "lib/apk/db/installed"
BLOCK = """C:Q1L0y6GqMxVrziDtr1IsvU50wGaw4=
P:ssl_client
V:1.29.3-r10
A:x86_64
S:1
T:External ssl_client for busybox wget
L:GPL-2.0
o:busybox
F:usr/bin
R:ssl_client
a:0:0:755
Z:Q1fSz2WCOiT31Vsdd7IWg+J242uME=

"""


def test_a_block_becomes_a_package() -> None:
    found = build([file(INSTALLED, BLOCK), file("etc/os-release", ALPINE)])
    assert found.packages == (
        Package(
            type="apk",
            name="ssl_client",
            version="1.29.3-r10",
            purl="pkg:apk/alpine/ssl_client@1.29.3-r10?arch=x86_64&distro=alpine-3.20.3&upstream=busybox",
            source_name="busybox",
            source_version="1.29.3-r10",
            architecture="x86_64",
            licenses=("GPL-2.0",),
            locations=("/lib/apk/db/installed",),
            layer="0",
        ),
    )
    assert found.problems == ()


def test_the_newer_place_is_read_as_well() -> None:
    assert len(build([file("usr/lib/apk/db/installed", BLOCK)]).packages) == 1


def test_file_lists_cannot_pass_for_fields() -> None:
    reading = apk.read(INSTALLED, BLOCK.replace("R:ssl_client", "R:x\nP:evil\nV:9").encode())
    assert [(each.name, each.version) for each in reading.records] == [("ssl_client", "1.29.3-r10")]


@pytest.mark.parametrize(
    ("data", "names", "problems"),
    [
        (BLOCK + "P:b\nV:1", ["ssl_client", "b"], ["damaged-database"]),
        (BLOCK + "C:x\nV:1\n\n", ["ssl_client"], ["damaged-database"]),
        ("P:b\n\n", ["b"], ["unusable-version"]),
        ("P:b\nV:" + "9" * 10_000_000 + "\n\n", ["b"], ["unusable-version"]),
        ("\0" * 100 + "\n", [], ["damaged-database"]),
        ("P:a\0b\nV:1\n", [], ["damaged-database"]),
        ("", [], []),
    ],
)
def test_damage_is_told_and_the_rest_is_read(data: str, names: list[str], problems: list[str]) -> None:
    reading = apk.read(INSTALLED, data.encode())
    assert [each.name for each in reading.records] == names
    assert [problem.code for problem in reading.problems] == problems


@pytest.mark.parametrize(
    ("archive", "version"),
    [
        ("alpine-minirootfs-3.9.0-x86_64.tar.xz", "3.9.0"),
        ("alpine-minirootfs-3.9.6-x86_64.tar.gz", "3.9.6"),
        ("alpine-minirootfs-3.10.3-x86_64.tar.gz", "3.10.3"),
        ("alpine-minirootfs-20210212-x86_64.tar.gz", "3.14.0_alpha20210212"),
    ],
)
def test_real_root_filesystems(data: Path, archive: str, version: str) -> None:
    found = build(of_archive(data / "rootfs" / archive))
    database = bytes_of_archive(data / "rootfs" / archive)[INSTALLED].decode()
    blocks = [dict(line.split(":", 1) for line in block.splitlines()) for block in database.strip().split("\n\n")]
    assert {(p.name, p.version, p.architecture, p.source_name) for p in found.packages} == {
        (block["P"], block["V"], block["A"], block["o"]) for block in blocks
    }
    assert len(found.packages) == len(blocks) == 14
    assert found.distribution
    assert (found.distribution.id, found.distribution.version) == ("alpine", version)
    assert found.problems == ()
