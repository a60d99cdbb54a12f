"""Layers, order, completeness and hostility: what holds for every cataloguer together."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscout.inventory import TOOLS, build, keeping, record
from envscout.inventory.folding import MAX_PROBLEMS
from envscout.model import File, Inventory, Problem
from tests.inventory.files import ALPINE, DEBIAN, file, of_archive, stanza, wanted

STATUS = "var/lib/dpkg/status"
OS = file("etc/os-release", DEBIAN)


def test_a_package_belongs_to_the_layer_in_which_its_record_came_and_stayed() -> None:
    first = stanza("a", "1") + stanza("b", "1") + stanza("c", "1")
    second = stanza("a", "1") + stanza("b", "2") + stanza("d", "1")
    third = stanza("a", "1") + stanza("b", "2") + stanza("c", "1") + stanza("d", "1")
    found = build([file(STATUS, first, second, third), OS])
    assert {each.name: (each.version, each.layer) for each in found.packages} == {
        "a": ("1", "0"),
        "b": ("2", "1"),
        "c": ("1", "2"),
        "d": ("1", "1"),
    }


def test_only_damage_that_a_container_sees_is_told() -> None:
    good = stanza("a", "1")
    assert build([file(STATUS, good[:-20], good), OS]).problems == ()
    assert [each.code for each in build([file(STATUS, good, good[:-2]), OS]).problems] == ["damaged-database"]


def test_an_unchanged_rewrite_keeps_the_layer() -> None:
    assert build([file(STATUS, stanza("a", "1"), stanza("a", "1")), OS]).packages[0].layer == "0"


def test_order_of_files_does_not_matter_and_tools_are_named() -> None:
    files = [file(STATUS, stanza("b", "1") + stanza("a", "2") + stanza("a", "10")), OS]
    files.append(file("app/node_modules/z/package.json", '{"name":"z","version":"1"}'))
    found = build(files)
    assert found == build(reversed(files))
    assert [(each.type, each.name, each.version) for each in found.packages] == [
        ("deb", "a", "10"), ("deb", "a", "2"), ("deb", "b", "1"), ("npm", "z", "1"),
    ]  # fmt: skip
    assert found.tools == TOOLS
    assert "dpkg@2" in TOOLS


def test_problems_of_the_reading_are_passed_on() -> None:
    met = Problem("damaged-layer", "a layer is cut short", "sha256:1")
    assert met in build([file(STATUS, stanza("a", "1")), OS], [met]).problems


LOCK = 'version = 4\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+https://example.org/index"\n'
LACKING = [
    ([], ["no-package-database", "unknown-distribution"]),
    ([OS], ["no-package-database"]),
    ([file(STATUS, stanza("a", "1"))], ["unknown-distribution"]),
    ([OS, file(STATUS, "")], ["no-package-database"]),
    ([OS, file("a.dist-info/METADATA", "Name: a\nVersion: 1\n")], ["no-package-database"]),
    ([file("Cargo.lock", LOCK)], ["source-tree"]),
    ([file("Cargo.lock", "")], ["no-package-database", "unknown-distribution"]),
    ([OS, file("Cargo.lock", LOCK)], ["no-package-database"]),
]


@pytest.mark.parametrize(("files", "codes"), LACKING)
def test_what_is_lacking_is_told(files: list[File], codes: list[str]) -> None:
    assert [problem.code for problem in build(files).problems] == codes


def test_packages_of_an_unknown_distribution_have_no_namespace() -> None:
    found = build([file(STATUS, stanza("a", "1"))])
    assert found.packages[0].purl == "pkg:deb/a@1?arch=amd64"
    assert (
        build([file(STATUS, stanza("a", "1")), file("etc/os-release", "ID=debian\nVERSION_CODENAME=sid\n")])
        .packages[0]
        .purl.endswith("distro=debian-sid")
    )


def test_a_real_image_without_database_is_unknown(data: Path) -> None:
    found = build(of_archive(data / "rootfs" / "busybox-musl-amd64.tar.gz"))
    assert found.packages == ()
    assert [problem.code for problem in found.problems] == ["no-package-database", "unknown-distribution"]


def test_many_stanzas_and_many_problems_are_bounded() -> None:
    status = "".join(stanza(f"p{number}", "1") for number in range(20_000))
    broken = [file(f"n/node_modules/p{number}/package.json", "{") for number in range(MAX_PROBLEMS + 50)]
    found = build([file(STATUS, status + "Version: 1\n\n" * 20_000), OS, *broken])
    assert len(found.packages) == 20_000
    assert len(found.problems) == MAX_PROBLEMS + 1
    assert any("more problems" in problem.message for problem in found.problems)


def test_a_file_that_is_too_large_is_not_read_but_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MAX_READ", 100)
    found = build([file(STATUS, stanza("a", "1", Description="x" * 100)), OS])
    assert found.packages == ()
    assert [problem.code for problem in found.problems] == ["damaged-database", "no-package-database"]
    large = file("var/lib/rpm/rpmdb.sqlite", b"x" * 101)
    assert "of a format that is not known" in build([large]).problems[0].message


def test_what_one_file_says_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MAX_RECORDS", 2)
    found = build([file(STATUS, "".join(stanza(name, "1") for name in "abc")), OS])
    assert [package.name for package in found.packages] == ["a", "b"]
    assert [problem.message for problem in found.problems] == ["1 more packages are not kept"]


PATHS = [
    STATUS, "var/lib/dpkg/status.d/a", "var/lib/dpkg/info/a.md5sums", "lib/apk/db/installed", "a.dist-info/METADATA",
    "a-1.egg-info", "node_modules/a/package.json", "node_modules/@s/a/package.json", "etc/os-release",
]  # fmt: skip
SEEDS = [
    stanza("a", "1", Source="b (2)").encode(), b"P:a\nV:1\no:b\nF:x\nR:y\nZ:Q1=\n\n", b"Name: a\nVersion: 1\n\n",
    ALPINE, b'{"name":"@a/b","version":"1","license":{"type":"x"}}', DEBIAN,
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a real content with a hole, a swap or noise in it."""
    seed = draw(st.sampled_from(SEEDS))
    at = draw(st.integers(0, len(seed)))
    return seed[:at] + draw(st.binary(max_size=8)) + seed[at + draw(st.integers(0, 8)) :]


@given(st.lists(st.tuples(st.sampled_from(PATHS), st.lists(st.one_of(damaged(), st.binary()), min_size=1, max_size=3))))
def test_no_bytes_raise(contents: list[tuple[str, list[bytes]]]) -> None:
    files = [file(path, *versions) for path, versions in dict(contents).items()]
    assert all(wanted(each.path) for each in files)
    found = build(files)
    assert isinstance(found, Inventory)
    for package in found.packages:
        assert package.name.isprintable()
        assert package.version.isprintable()
        assert package.purl.isascii()
