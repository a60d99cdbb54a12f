"""Python packages in archives, and archives in archives."""

import sys
import zipfile
from pathlib import Path

import pytest

from envscout.inventory import build
from envscout.inventory.languages import wheel
from tests.inventory.archives import overlapping, zipped
from tests.inventory.files import file

META = b"Metadata-Version: 2.1\nName: %s\nVersion: 1\n"
A = {"a/__init__.py": b"", "a-1.dist-info/METADATA": META % b"a", "a-1.dist-info/RECORD": b""}


def places(path: str, data: bytes) -> list[tuple[str, str]]:
    """Return names with places inside the archive."""
    return [(each.name, each.inside) for each in wheel.read(path, data).records]


def test_copies_of_other_packages_in_a_wheel_are_listed() -> None:
    vendored = {"setuptools/_vendor/wheel-0.43.0.dist-info/METADATA": META % b"wheel"}
    listed = {"pip/_vendor/bom.cdx.json": b'{"components":[{"purl":"pkg:pypi/idna@3.20"}]}'}
    assert places("x.whl", zipped(A | vendored | listed)) == [
        ("a", "a-1.dist-info/METADATA"),
        ("wheel", "setuptools/_vendor/wheel-0.43.0.dist-info/METADATA"),
        ("idna", "pip/_vendor/bom.cdx.json"),
    ]


def test_a_wheel_in_a_wheel_is_listed_with_its_whole_place() -> None:
    outer = zipped({"v/embed/a-1-py3-none-any.whl": zipped(A), "v-1.dist-info/METADATA": META % b"v"})
    found = build([file("w/v.whl", outer)])
    assert {each.name: each.locations for each in found.packages} == {
        "a": ("/w/v.whl!/v/embed/a-1-py3-none-any.whl!/a-1.dist-info/METADATA",),
        "v": ("/w/v.whl!/v-1.dist-info/METADATA",),
    }


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_are_followed_four_deep_and_no_further(method: int) -> None:
    data = zipped(A)
    for _ in range(3):
        data = zipped({"x.whl": data}, method)
    assert places("x.whl", data)
    reading = wheel.read("x.whl", zipped({"x.whl": data}, method))
    assert not reading.records
    assert "too deep" in reading.problems[0].message


def test_the_same_bytes_a_thousand_times_a_thousand_times_come_to_an_end() -> None:
    data = zipped(A)
    for _ in range(3):
        data = overlapping(1000, b"a.whl", data)
    reading = wheel.read("x.whl", data)
    assert 0 < len(reading.records) < 50_000
    assert "more bytes" in reading.problems[-1].message


def test_an_egg_is_an_archive_or_a_text_that_links() -> None:
    assert places("x.egg", zipped({"EGG-INFO/PKG-INFO": META % b"a"})) == [("a", "EGG-INFO/PKG-INFO")]
    assert wheel.read("x.egg", b"../src\n") == wheel.read("x.egg", b"")
    assert not wheel.read("x.egg", b"../src\n").problems


@pytest.mark.parametrize("data", [b"", b"PK", zipped(A)[:-30], zipped(A)[:50]])
def test_a_damaged_wheel_is_a_problem(data: bytes) -> None:
    reading = wheel.read("x.whl", data)
    assert not reading.records
    assert [problem.code for problem in reading.problems] == ["damaged-database"]


def test_one_damaged_member_leaves_what_came_before() -> None:
    bomb = {"b-1.dist-info/METADATA": bytes(17 << 20)}
    reading = wheel.read("x.whl", zipped(A | bomb))
    assert [each.name for each in reading.records] == ["a"]
    assert reading.problems


def test_the_wheels_that_python_brings_are_listed() -> None:
    folder = Path(sys.base_prefix) / f"lib/python3.{sys.version_info.minor}/ensurepip/_bundled"
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        pytest.skip("this Python brings no wheels")
    found = build([file(str(path)[1:], path.read_bytes()) for path in wheels])
    names = {(each.name, each.version) for each in found.packages if each.locations[0].count("/_vendor/") == 0}
    assert names == {tuple(path.name.split("-")[:2]) for path in wheels}
