"""npm manifests, against npm and against damage."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from envscout.inventory import build
from envscout.inventory.languages import npm
from envscout.inventory.record import Reading
from tests.inventory.files import of_folders

PLACE = "app/node_modules/"
READ: list[tuple[str, bytes, tuple[str, str, tuple[str, ...]], int]] = [
    ("a/package.json", b'{"name":"a","version":"1.0.0","license":"MIT"}', ("a", "1.0.0", ("MIT",)), 0),
    ("@s/a/package.json", b'{"name":"@s/a","version":"1.0.0"}', ("@s/a", "1.0.0", ()), 0),
    ("alias/package.json", b'{"name":"real","version":"2"}', ("real", "2", ()), 0),
    ("a/package.json", b'\xef\xbb\xbf{"name":"a","version":"1"}', ("a", "1", ()), 0),
    ("a/package.json", b'{"version":"1","licenses":[{"type":"MIT"},"ISC",7]}', ("a", "1", ("MIT", "ISC")), 0),
    ("a/package.json", b'{"name":["x"],"version":"1","license":{"type":"MIT"}}', ("a", "1", ("MIT",)), 0),
    ("a/package.json", b'{"name":"a"}', ("a", "", ()), 1),
    ("a/package.json", b'{"name":"a","version":7}', ("a", "", ()), 1),
    ("a/package.json", b'{"name":"a","version":"' + b"1" * 10_000_000 + b'"}', ("a", "", ()), 1),
]  # fmt: skip
BROKEN = [
    b"", b"[]", b"null", b"// a\n{}", b'{"name":"a","version":"1",}', b'{"name":"a"', b'\xff\xfe{\0}\0', b"[" * 100_000,
    b'{"a":' * 100_000, b'{"name":"\\ud800","version":"1"}', b'{"name":"\xff","version":"1"}', b'{"name":1e999}',
    b'{"name":"a\\u0000","version":"1"}', b'{"name":"a\\nb","version":"1"}',
]  # fmt: skip


@pytest.mark.parametrize(("path", "data", "expected", "problems"), READ)
def test_a_manifest_is_read(path: str, data: bytes, expected: tuple[str, str, tuple[str, ...]], problems: int) -> None:
    reading = npm.read(PLACE + path, data)
    found = reading.records[0]
    assert (found.name, found.version, found.licenses) == expected
    assert len(reading.problems) == problems


@pytest.mark.parametrize("data", BROKEN)
def test_a_broken_manifest_is_a_problem(data: bytes) -> None:
    reading = npm.read(PLACE + "a/package.json", data)
    assert not reading.records
    assert [problem.code for problem in reading.problems] == ["damaged-database"]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a/package.json", b'{"type":"module"}'),
        ("@s/package.json", b'{"name":"s","version":"1"}'),
        (".store/package.json", b'{"name":"s","version":"1"}'),
    ],
)
def test_what_is_no_package_is_left_alone(path: str, data: bytes) -> None:
    assert npm.read(PLACE + path, data) == Reading()


def test_a_scoped_package_has_its_scope_as_namespace() -> None:
    reading = npm.read(PLACE + "@babel/core/package.json", b'{"name":"@babel/core","version":"7.0.0"}')
    assert reading.records[0].name == "@babel/core"


def _listed(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, each in tree.get("dependencies", {}).items():
        if "version" in each:
            yield each.get("name", name), each["version"]
        yield from _listed(each)


def test_this_machines_global_packages_are_those_npm_lists() -> None:
    program = shutil.which("npm")
    if not program:
        pytest.skip("npm is not installed")
    root = subprocess.run([program, "root", "-g"], capture_output=True, text=True, check=True).stdout.strip()
    said = subprocess.run([program, "ls", "-g", "--all", "--json"], capture_output=True, text=True, check=False).stdout
    expected = set(_listed(json.loads(said)))
    found = build(of_folders(root[1:]))
    assert expected
    assert {(each.name, each.version) for each in found.packages if each.type == "npm"} == expected
