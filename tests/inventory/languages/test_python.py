"""Python metadata, against importlib.metadata and against damage."""

import sys
from importlib import metadata
from pathlib import Path

import pytest

from envscout.inventory import build
from envscout.inventory.languages import python
from tests.inventory.files import file, of_folders

PLACE = "usr/lib/python3/dist-packages/"
READ = [
    ("Django-4.2.1.dist-info/METADATA", b"Metadata-Version: 2\nName: Django\nVersion: 4.2.1\nLicense: BSD\n\nName: no",
     ("Django", "4.2.1", ("BSD",), 0)),
    ("a.egg-info/PKG-INFO", b"Name: a\r\nVersion: 1\r\nLicense: UNKNOWN\r\n\r\nVersion: 2\r\n", ("a", "1", (), 0)),
    ("a-1.egg-info", b"name: a\nversion: 1\nLicense-Expression: MIT\nLicense: x\n", ("a", "1", ("MIT",), 0)),
    ("a-1.egg-info", b"Name: a\nVersion: 1\nClassifier: License :: OSI Approved :: ISC\n", ("a", "1", ("ISC",), 0)),
    ("a-1.egg/EGG-INFO/PKG-INFO", b"Name: a\nVersion: 1\n", ("a", "1", (), 0)),
    ("a.dist-info/METADATA", b"\xef\xbb\xbfName: a\nVersion: 1\n", ("a", "1", (), 0)),
    ("foo_bar-1.2.dist-info/METADATA", b"", ("foo_bar", "1.2", (), 1)),
    ("foo_bar-1.2.dist-info/METADATA", b"Name: foo-bar\n", ("foo-bar", "1.2", (), 1)),
    ("foo-1.2-py3.11.egg-info/PKG-INFO", b"\xff\xfe\0\0", ("foo", "1.2", (), 1)),
    ("foo.egg-info/PKG-INFO", b"Name: foo\n", ("foo", "", (), 2)),
    ("a-1.dist-info/METADATA", b"Name: \xff\nVersion: 1\n", ("\\xff", "1", (), 0)),
    ("a-1.dist-info/METADATA", b"Name: a\nVersion: " + b"1" * 10_000_000, ("a", "", (), 1)),
]  # fmt: skip


@pytest.mark.parametrize(("path", "data", "expected"), READ)
def test_metadata_is_read(path: str, data: bytes, expected: tuple[str, str, tuple[str, ...], int]) -> None:
    reading = python.read(PLACE + path, data)
    found = reading.records[0]
    assert (found.name, found.version, found.licenses, len(reading.problems)) == expected


def test_what_names_nothing_is_a_problem() -> None:
    reading = python.read("a-1.egg/EGG-INFO/PKG-INFO", b"\0\0\0")
    assert not reading.records
    assert {problem.code for problem in reading.problems} == {"damaged-database"}


def test_the_same_package_in_two_places_is_one_with_two_locations() -> None:
    data = b"Name: a\nVersion: 1\n"
    found = build([file("opt/b/a-1.dist-info/METADATA", data), file("opt/a/a-1.dist-info/METADATA", data)])
    assert [each.locations for each in found.packages] == [
        ("/opt/a/a-1.dist-info/METADATA", "/opt/b/a-1.dist-info/METADATA")
    ]
    assert found.packages[0].purl == "pkg:pypi/a@1"


def test_this_environment_has_what_importlib_finds() -> None:
    places = [path for path in sys.path if path.endswith(("site-packages", "dist-packages")) and Path(path).is_dir()]
    # Which spelling of a name is shown depends on where else the package is named.
    expected = {(each.name.lower(), each.version) for each in metadata.distributions(path=places)}
    found = build(of_folders(*(place[1:] for place in places)))
    top = {
        (each.name.lower(), each.version)
        for each in found.packages
        if each.type == "pypi" and any(str(Path(at).parents[1]) in places for at in each.locations)
    }
    assert expected
    assert top == expected
