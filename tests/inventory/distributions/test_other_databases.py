"""Databases of the smaller package managers, made by these programs themselves (see fixtures/SOURCES.md)."""

import gzip
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.inventory import build
from envscout.inventory.distributions import flatpak, nix, opkg, pacman, pacman_files, portage, snap
from envscout.inventory.record import Reading
from tests.inventory.distributions.databases import FIXTURES
from tests.inventory.files import file

METADATA = "Metadata-Version: 2.1\nName: shade\nVersion: 2.1.0\n"
PYTHON = "usr/lib/python3.11/site-packages/shade-2.1.0.dist-info/METADATA"
PACMAN = "var/lib/pacman/local/python-shade-1:2.1.0-3"
PORTAGE = "var/db/pkg/dev-python/shade-2.1.0/CONTENTS"
LAMP = "var/db/pkg/dev-lamp/lamp-1.4_p2-r3/CONTENTS"
NIX = "nix/var/nix/db/db.sqlite"
OPKG = "usr/lib/opkg/status"
SNAP = "snap/pi2/12/meta/snap.yaml"
APP = "var/lib/flatpak/app/org.example.Lamp/x86_64/stable/af6cc45c8ba5/deploy"
RUNTIME = "var/lib/flatpak/runtime/org.example.Platform/x86_64/1.0/b3f9f5d79c31/deploy"


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


DATABASES: list[tuple[Callable[[str, bytes], Reading], str, bytes]] = [
    (pacman.read, f"{PACMAN}/desc", fixture("pacman/desc")),
    (pacman_files.read, f"{PACMAN}/mtree", fixture("pacman/mtree")),
    (portage.read, PORTAGE, fixture("portage/shade-2.1.0/CONTENTS")),
    (nix.read, NIX, fixture("nix/db.sqlite")),
    (opkg.read, OPKG, fixture("opkg/status")),
    (snap.read, SNAP, fixture("snap/snap.yaml")),
    (flatpak.read, APP, fixture("flatpak/app")),
]


def test_pacman_and_what_its_package_brought() -> None:
    found = build(
        [
            file(f"{PACMAN}/desc", fixture("pacman/desc")),
            file(f"{PACMAN}/mtree", fixture("pacman/mtree")),
            file("etc/os-release", "ID=arch\n"),
            file(PYTHON, METADATA),
        ]
    )
    language, package = sorted(found.packages, key=lambda each: each.type, reverse=True)
    assert package.purl == "pkg:alpm/arch/python-shade@1:2.1.0-3?arch=any&distro=arch&upstream=shade"
    assert (package.source_name, package.source_version) == ("shade", "1:2.1.0-3")
    assert package.licenses == ("MIT", "Apache")
    assert (language.name, language.owner) == ("shade", package.purl)
    assert found.problems == ()


def test_what_a_pacman_package_claims() -> None:
    claims = pacman_files.read(f"{PACMAN}/mtree", fixture("pacman/mtree")).claims
    assert [claim.path for claim in claims] == ["usr/bin/lamp", "usr/bin/with space", PYTHON]
    assert {(claim.package, claim.algorithm) for claim in claims} == {("python-shade", "sha256")}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is cut short"),
        (b"no gzip", "is not gzip"),
        (fixture("pacman/mtree")[:200], "is cut short"),
        (gzip.compress(bytes(pacman_files.MAX_LIST + 1)), "longer than 32 MiB"),
    ],
)
def test_a_list_of_files_that_cannot_be_unpacked(data: bytes, said: str) -> None:
    (problem,) = pacman_files.read(f"{PACMAN}/mtree", data).problems
    assert said in problem.message


def test_portage_and_what_its_package_brought() -> None:
    found = build(
        [
            file(PORTAGE, fixture("portage/shade-2.1.0/CONTENTS")),
            file(LAMP, fixture("portage/lamp-1.4_p2-r3/CONTENTS")),
            file("etc/os-release", "ID=gentoo\nVERSION_ID=2.15\n"),
            file(PYTHON, METADATA),
        ]
    )
    assert [(package.name, package.version) for package in found.packages] == [
        ("dev-lamp/lamp", "1.4_p2-r3"),
        ("dev-python/shade", "2.1.0"),
        ("shade", "2.1.0"),
    ]
    assert found.packages[2].owner == found.packages[1].purl
    assert found.problems == ()


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        ("app-arch/bzip2-1.0.8-r4", "app-arch/bzip2", "1.0.8-r4"),
        ("dev-libs/libsigc++-2.12.1", "dev-libs/libsigc++", "2.12.1"),
        ("media-fonts/font-adobe-100dpi-1.0.4", "media-fonts/font-adobe-100dpi", "1.0.4"),
        ("dev-lang/python-3.12.0_rc3_p1", "dev-lang/python", "3.12.0_rc3_p1"),
        ("sys-libs/timezone-data-2024a", "sys-libs/timezone-data", "2024a"),
    ],
)
def test_names_of_portage(folder: str, name: str, version: str) -> None:
    (record,) = portage.read(f"var/db/pkg/{folder}/CONTENTS", b"").records
    assert (record.name, record.version) == (name, version)


@pytest.mark.parametrize("folder", ["-MERGING-lamp-1.4", "lamp", "lamp-one", "lamp-1.4 ", "-" * 255, "1-" * 2000])
def test_folders_that_name_no_package_of_portage(folder: str) -> None:
    reading = portage.read(f"var/db/pkg/dev-lamp/{folder}/CONTENTS", b"")
    assert reading.records == ()
    assert [problem.code for problem in reading.problems] == ["damaged-database"]


def test_nix_lists_outputs_and_neither_sources_nor_derivations() -> None:
    found = build([file(NIX, fixture("nix/db.sqlite"))])
    assert [package.purl for package in found.packages] == [
        "pkg:nix/lamp@1.4.2?output=bin&outputhash=f788bcxbvjiihwwfxk1c3dmzlhk641cw",
        "pkg:nix/lamp@1.4.2?outputhash=7ib7jfd2mihbkyywsvgh8cyn0ynmlmsb",
        "pkg:nix/perl5.36.0-Lamp@2.1?outputhash=y2ac1xlw5nhirjz04v613fppk9xsxfgs",
        "pkg:nix/shade@0.9?outputhash=pyy7jlrz1d1sib9x4bk2ngmzqxi7fb51",
    ]


def test_a_store_whose_derivations_are_not_known() -> None:
    path = "/nix/store/f788bcxbvjiihwwfxk1c3dmzlhk641cw-lamp-1.4.2-bin"
    data = fixture("nix/db.sqlite").replace(b"s507cpl7yg0lkn8frb5qmi5mi1amw87r-lamp", b"/" * 37)
    assert path.encode() in data
    records = {(record.name, record.version, record.qualifiers[0]) for record in nix.read(NIX, data).records}
    assert ("lamp", "1.4.2", ("output", "bin")) in records


def test_opkg() -> None:
    found = build([file(OPKG, fixture("opkg/status"))])
    assert [(package.name, package.version, package.purl) for package in found.packages] == [
        ("libc", "1.2.4-4", "pkg:opkg/libc@1.2.4-4?arch=x86_64"),
        ("libopenssl3", "3.0.12-1", "pkg:opkg/libopenssl3@3.0.12-1?arch=x86_64"),
        ("opkg", "2022-02-24-d038e5b6-2", "pkg:opkg/opkg@2022-02-24-d038e5b6-2?arch=x86_64"),
    ]


@pytest.mark.parametrize(
    ("status", "names", "problems"),
    [
        ("deinstall user not-installed", [], 0),
        ("install user unpacked", ["a"], 0),
        ("install user half-installed", [], 1),
        ("", [], 1),
    ],
)
def test_states_of_opkg(status: str, names: list[str], problems: int) -> None:
    reading = opkg.read(OPKG, f"Package: a\nVersion: 1\nStatus: {status}\n".encode())
    assert [record.name for record in reading.records] == names
    assert len(reading.problems) == problems


def test_snaps() -> None:
    found = build([file(SNAP, fixture("snap/snap.yaml"))])
    assert [package.purl for package in found.packages] == ["pkg:snap/pi2@16.04-0.10"]


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ("version: '1.10'\n", "1.10"),
        ('version: "1.10" # why\r\n', "1.10"),
        ("version: 2.63 # why\n", "2.63"),
        ("  version: 2\n", ""),
        ("version:\n", ""),
        ("", ""),
    ],
)
def test_versions_of_snaps(words: str, version: str) -> None:
    (record,) = snap.read(SNAP, f"name: core22\n{words}description: |\n  version: 9\n".encode()).records
    assert (record.name, record.version) == ("core22", version)


def test_flatpak_applications_and_runtimes() -> None:
    found = build([file(APP, fixture("flatpak/app")), file(RUNTIME, fixture("flatpak/runtime"))])
    assert [package.purl for package in found.packages] == [
        "pkg:flatpak/org.example.Lamp@1.4.2?arch=x86_64&branch=stable",
        "pkg:flatpak/org.example.Platform@1.0?arch=x86_64&branch=1.0",
    ]
    assert found.packages[0].licenses == ("MIT",)


@pytest.mark.parametrize(("read", "path", "data"), DATABASES, ids=[path for _, path, _ in DATABASES])
def test_cut_anywhere_nothing_is_raised(read: Callable[[str, bytes], Reading], path: str, data: bytes) -> None:
    whole = len(read(path, data).records)
    for part in range(64):
        assert len(read(path, data[: len(data) * part // 64]).records) <= whole


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(DATABASES), st.integers(0, 50_000), st.binary(max_size=60))
def test_anything_can_be_read(
    database: tuple[Callable[[str, bytes], Reading], str, bytes], at: int, noise: bytes
) -> None:
    read, path, data = database
    at %= len(data)
    assert len(read(path, data[:at] + noise + data[at + len(noise) :]).records) <= 20
    assert len(read(path, noise).records) <= 1


def test_all_fixtures_are_named() -> None:
    sources = (FIXTURES / "SOURCES.md").read_text()
    folders = {path.name for path in FIXTURES.iterdir() if path.is_dir()}
    assert all(f"`{folder}/" in sources for folder in folders)
