"""rpm's database in all its formats, against what rpm itself says of it."""

import sqlite3
import struct
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from envscout.inventory import build, kind
from envscout.inventory.distributions import rpm
from envscout.inventory.record import Reading
from envscout.model import Inventory
from tests.inventory.distributions import rpms
from tests.inventory.distributions.databases import FIXTURES, PLACES, database, header, ndb, sqlite_database
from tests.inventory.files import file, of_archive

ALMALINUX = 'ID="almalinux"\nVERSION_ID="8.6"\n'
DATABASE = "var/lib/rpm/rpmdb.sqlite"


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database into which rpm has installed packages that rpmbuild has built."""
    folder = tmp_path_factory.mktemp("live")
    packages = [str(path) for path in rpms.packages(tmp_path_factory.mktemp("packages"))]
    rpms.rpm(folder, "--initdb")
    rpms.rpm(folder, "--force-debian", "--justdb", "--nodeps", "--noscripts", "-i", *packages)
    return folder


@pytest.fixture(scope="session")
def almalinux(data: Path) -> tuple[bytes, list[bytes]]:
    """Return the database of AlmaLinux micro, and its headers as SQLite itself reads them."""
    with tarfile.open(data / "rootfs/almalinux-9-20221201-micro-aarch64.tar.xz") as tar:
        stream = next(tar.extractfile(member) for member in tar if member.name.endswith(DATABASE))
        assert stream
        content = stream.read()
    connection = sqlite3.connect(":memory:")
    # A database in WAL mode cannot be opened in memory before it says that it is none: bytes 18 and 19.
    connection.deserialize(content[:18] + b"\1\1" + content[20:])
    blobs = [blob for (blob,) in connection.execute("SELECT blob FROM Packages ORDER BY hnum")]
    connection.close()
    return content, blobs


def read(folder: Path) -> Reading:
    place = next(place for place in PLACES.values() if (folder / Path(place).name).exists())
    return rpm.read(place, (folder / Path(place).name).read_bytes())


def listed(reading: Reading) -> list[tuple[str, ...]]:
    """Return records in the shape of rpms.installed, less the source, which has its own test."""
    found = []
    for record in reading.records:
        epoch, _, number = record.version.rpartition(":")
        module = dict(record.qualifiers).get("rpmmod", "")
        found.append((record.name, epoch or "0", number, record.architecture, record.licenses[0], module))
    return sorted(found)


def said(folder: Path) -> list[tuple[str, ...]]:
    return [(*row[:4], *row[5:]) for row in rpms.installed(folder)]


def sources(inventory: Inventory) -> dict[str, tuple[str, str]]:
    return {package.name: (package.source_name, package.source_version) for package in inventory.packages}


def test_what_rpm_installed_is_what_is_read(live: Path) -> None:
    reading = read(live)
    assert reading.problems == ()
    assert listed(reading) == said(live)
    assert len(reading.records) == 4


@pytest.mark.parametrize("kind", ["bdb-little-endian", "bdb-big-endian"])
def test_rpm_reads_the_same_in_berkeley_databases(kind: str) -> None:
    reading = read(FIXTURES / kind)
    assert reading.problems == ()
    assert listed(reading) == said(FIXTURES / kind)


@pytest.mark.parametrize(("kind", "place"), PLACES.items())
def test_every_format_gives_the_same(kind: str, place: str) -> None:
    found = build([file(place, database(kind)), file("etc/os-release", ALMALINUX)])
    assert found.problems == ()
    assert [package.purl for package in found.packages] == [
        "pkg:rpm/almalinux/lamp@1.4-3.module_el8.6.0%2B10%2Babcdef12"
        "?arch=noarch&distro=almalinux-8.6&epoch=2&rpmmod=lamp:1:8060020220101:abcdef12",
        "pkg:rpm/almalinux/lamp-libs@1.4-3.module_el8.6.0%2B10%2Babcdef12"
        "?arch=noarch&distro=almalinux-8.6&epoch=2&rpmmod=lamp:1:8060020220101:abcdef12&upstream=lamp",
        "pkg:rpm/almalinux/perl-Lamp@0.9-3.module_el8.6.0%2B10%2Babcdef12"
        "?arch=noarch&distro=almalinux-8.6&rpmmod=lamp:1:8060020220101:abcdef12"
        "&upstream=lamp%402:1.4-3.module_el8.6.0%2B10%2Babcdef12",
        "pkg:rpm/almalinux/python3-shade@2.1.0-1?arch=noarch&distro=almalinux-8.6",
    ]
    assert sources(found) == {
        "lamp": ("lamp", "2:1.4-3.module_el8.6.0+10+abcdef12"),
        "lamp-libs": ("lamp", "2:1.4-3.module_el8.6.0+10+abcdef12"),
        "perl-Lamp": ("lamp", "2:1.4-3.module_el8.6.0+10+abcdef12"),
        "python3-shade": ("python3-shade", "2.1.0-1"),
    }
    assert found.packages[0].version == "2:1.4-3.module_el8.6.0+10+abcdef12"
    assert found.packages[3].licenses == ("MIT and CC0-1.0",)


def test_the_list_of_almalinux_micro_is_what_rpm_says(data: Path) -> None:
    found = build(of_archive(data / "rootfs/almalinux-9-20221201-micro-aarch64.tar.xz"))
    expected = (data / "rootfs/almalinux-9-20221201-micro-aarch64.packages.tsv").read_text().splitlines()
    rows = []
    for package in found.packages:
        source = f"{package.source_name}-{package.source_version}.src.rpm"
        if package.name == "gpg-pubkey":
            source = "(none)"
        rows.append("\t".join((package.name, f"0:{package.version}", package.architecture or "(none)", source)))
    assert rows == [line.rpartition("\t")[0] for line in expected]
    assert found.problems == ()
    assert found.distribution
    assert found.distribution.id == "almalinux"
    assert found.packages[4].purl == "pkg:rpm/almalinux/bash@5.1.8-5.el9?arch=aarch64&distro=almalinux-9.1"


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_the_headers_of_almalinux_in_berkeley_databases(
    almalinux: tuple[bytes, list[bytes]], tmp_path: Path, byte_order: str, page_size: int
) -> None:
    load = rpms.needed("db5.3_load", "db5.3-util")
    content, blobs = almalinux
    lines = ["VERSION=3", "format=bytevalue", "type=hash", f"db_pagesize={page_size}"]
    lines += [f"db_lorder={'1234' if byte_order == '<' else '4321'}", "HEADER=END"]
    for number, blob in enumerate([bytes(4), *blobs]):
        lines += [f" {struct.pack(f'{byte_order}I', number).hex()}", f" {blob.hex()}"]
    subprocess.run([load, str(tmp_path / "Packages")], input="\n".join([*lines, "DATA=END", ""]).encode(), check=True)
    from_hash = rpm.read("var/lib/rpm/Packages", (tmp_path / "Packages").read_bytes())
    from_table = rpm.read(DATABASE, content)
    assert from_hash.problems == ()
    assert len(from_hash.records) == 23
    assert set(from_hash.records) == set(from_table.records)
    assert set(from_hash.claims) == set(from_table.claims)


def test_packages_of_languages_belong_to_the_package_that_installed_them() -> None:
    folder = "usr/lib/python3.9/site-packages"
    found = build(
        [
            file("usr/lib/sysimage/rpm/Packages.db", database("ndb")),
            file("etc/os-release", ALMALINUX),
            file(f"{folder}/shade-2.1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shade\nVersion: 2.1.0\n"),
            file(f"{folder}/moved-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: moved\nVersion: 3.0\n"),
            file(f"{folder}/other-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"),
        ]
    )
    assert {package.name: package.owner for package in found.packages if package.type == "pypi"} == {
        "shade": "pkg:rpm/almalinux/python3-shade@2.1.0-1?arch=noarch&distro=almalinux-8.6",
        "moved": "",
        "other": "",
    }


def test_files_are_claimed_with_their_digests() -> None:
    claims = {claim.path: claim for claim in rpm.read("Packages.db", database("ndb")).claims}
    # A link has no digest, the package has: it is no evidence.
    assert sorted(claims) == [
        "usr/bin/lamp",
        "usr/lib/lamp/liblamp.so.1",
        "usr/lib/python3.9/site-packages/moved-1.0.dist-info/METADATA",
        "usr/lib/python3.9/site-packages/shade-2.1.0.dist-info/METADATA",
    ]
    assert claims["usr/bin/lamp"].package == "lamp"
    assert claims["usr/bin/lamp"].algorithm == "sha256"
    assert claims["usr/bin/lamp"].digest == sha256(b"lamp\n").hexdigest()


def word(tag: int, value: str) -> tuple[int, int, bytes, int]:
    return tag, 6, value.encode() + b"\0", 1


NAMED = (word(1000, "a"), word(1001, "1"), word(1002, "2"))


@pytest.mark.parametrize(
    ("entries", "version", "source"),
    [
        (NAMED, "1-2", ("a", "1-2")),
        ((*NAMED, (1003, 4, bytes(4), 1)), "1-2", ("a", "1-2")),
        ((*NAMED, (1003, 4, b"\0\0\0\7", 1)), "7:1-2", ("a", "7:1-2")),
        ((*NAMED, (1003, 4, b"\0\0\0\7", 1), word(1044, "b-3-4.src.rpm")), "7:1-2", ("b", "7:3-4")),
        ((*NAMED, word(1044, "b-c-3.0-4.nosrc.rpm")), "1-2", ("b-c", "3.0-4")),
        ((*NAMED, word(1044, "(none)")), "1-2", ("a", "1-2")),
        (NAMED[:2], "", ("a", "")),
        # What rpm wrote behind a package's own entries replaces them.
        ((*NAMED, word(1001, "9")), "9-2", ("a", "9-2")),
    ],
)
def test_versions_and_sources(entries: tuple[tuple[int, int, bytes, int], ...], version: str, source: object) -> None:
    (found,) = rpm.read("Packages.db", ndb(header(*entries))).records
    assert (found.version, (found.source_name, found.source_version)) == (version, source)


def test_packages_from_before_whole_paths_were_split() -> None:
    old = (1027, 8, b"/usr/bin/a\0/usr/share/doc/a\0", 2)
    digests = (1035, 8, b"00ff\0" + b"00aa\0", 2)
    (claim,) = rpm.read("Packages.db", ndb(header(*NAMED, old, digests))).claims
    assert (claim.path, claim.algorithm, claim.digest) == ("usr/bin/a", "md5", "00ff")


def test_a_digest_that_we_do_not_compute_is_no_digest() -> None:
    names = ((1117, 8, b"a\0", 1), (1118, 8, b"/usr/bin/\0", 1), (1116, 4, bytes(4), 1))
    entries = (*NAMED, *names, (1035, 8, b"00ff\0", 1), (5011, 4, b"\0\0\0\x0a", 1))
    (claim,) = rpm.read("Packages.db", ndb(header(*entries))).claims
    assert (claim.path, claim.algorithm, claim.digest) == ("usr/bin/a", "", "")


def test_an_empty_database_holds_nothing() -> None:
    assert rpm.read(DATABASE, sqlite_database([])) == Reading()
    assert rpm.read("Packages.db", ndb()) == Reading()
    found = build([file(DATABASE, sqlite_database([]))])
    assert [problem.code for problem in found.problems] == ["no-package-database", "unknown-distribution"]


def test_what_rpm_unpacks_into_a_root_is_owned(tmp_path: Path) -> None:
    packages = [str(path) for path in rpms.packages(tmp_path)]
    root = tmp_path / "root"
    root.mkdir()
    line = ["rpm", "--root", str(root), "--dbpath", "/var/lib/rpm", "--force-debian", "--nodeps", "--noscripts", "-i"]
    done = subprocess.run([*line, *packages], capture_output=True, text=True)
    if "Operation not permitted" in done.stderr:
        pytest.skip("only root may unpack packages into a root of their own")
    assert done.returncode == 0, done.stderr
    (root / "usr/lib/python3.9/site-packages/moved-1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: moved\nVersion: 3.0\n"
    )
    paths = [path for path in root.rglob("*") if path.is_file()]
    found = build(
        [
            file(str(path.relative_to(root)), path.read_bytes())
            for path in paths
            if kind(str(path.relative_to(root)), projects=False)
        ]
    )
    owners = {package.name: package.owner for package in found.packages if package.type == "pypi"}
    assert owners == {"shade": "pkg:rpm/python3-shade@2.1.0-1?arch=noarch", "moved": ""}
    assert len(found.packages) == 6
